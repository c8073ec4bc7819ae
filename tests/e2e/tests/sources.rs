//! Each of the seven sources obtains a paper through the real pipeline, and
//! the result says truthfully where it came from.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::Rig;
use paperfall_miniweb::{
    Answer, Capture, DoiTarget, EuropePmcRecord, LandingPage, Location, Paper, Pdf, PdfLink,
    PmcDeposit, PmcVersion, Service, UnpaywallRecord, World, hidden_redirect,
};
use serde_json::Value;

const DOI: &str = "10.5555/small.2021.7";
const WORK: &str = "doi:10.5555/small.2021.7";
const PMCID: &str = "PMC9100007";
const PMC_WORK: &str = "pmcid:PMC9100007";
const PAGE: &str = "https://press.example/article/7";
const FILE: &str = "https://press.example/article/7.pdf";

fn pdf() -> Pdf {
    Pdf::new("On small webs", 7, 30_000)
}

fn bytes() -> Vec<u8> {
    pdf().bytes().to_vec()
}

fn paper() -> Paper {
    Paper::new("On small webs")
}

fn deposit(version: PmcVersion) -> Paper {
    paper().pmcid(PMCID).pmc(PmcDeposit::new([version]))
}

async fn fetched(world: World, id: &str) -> Rig {
    let rig = Rig::new(world).await;
    let ran = rig.paperfall(["fetch", id]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.files(".parts"), [""; 0]);
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpaywalls_pdf_is_stored_with_its_version_and_licence() {
    let record = UnpaywallRecord::open([Location::pdf(FILE, PAGE)]);
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .unpaywall(record)
            .page(FILE, Answer::pdf(pdf())),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "unpaywall", "oa_pdf", &bytes());
    let result = rig.result(WORK);
    assert_eq!(result["tier"], "direct_oa");
    assert_eq!(result["url"], FILE);
    assert_eq!(result["version"], "publishedVersion");
    assert_eq!(result["license"], "cc-by");
    assert_eq!(result["artifact_id"], format!("{WORK}:pdf"));
    assert_eq!(result["identifiers"]["doi"], DOI);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_location_of_unpaywall_is_taken_when_the_best_is_dead() {
    let good = "https://repository.example/copy.pdf";
    let record = UnpaywallRecord::open([
        Location::pdf(FILE, PAGE),
        Location::pdf(good, "https://repository.example/copy").in_repository(None),
    ]);
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .unpaywall(record)
            .page(FILE, Answer::status(404))
            .page(good, Answer::pdf(pdf())),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "unpaywall", "oa_pdf", &bytes());
    assert_eq!(rig.result(WORK)["url"], good);
    assert_eq!(rig.result(WORK)["version"], "acceptedVersion");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arxiv_id_with_its_version_is_that_version() {
    let world = World::new().paper(paper().arxiv("2101.00001v3").arxiv_pdf(Answer::pdf(pdf())));
    let rig = fetched(world, "arXiv:2101.00001v2").await;
    let work = "arxiv:2101.00001v2";
    rig.assert_obtained(work, "arxiv", "arxiv_pdf", &bytes());
    assert_eq!(
        rig.result(work)["url"],
        "https://arxiv.org/pdf/2101.00001v2"
    );
    assert_eq!(rig.result(work)["version"], "submittedVersion");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pubmed_central_is_obtained_from_its_bucket_and_never_from_its_pages() {
    let rig = fetched(
        World::new().paper(deposit(PmcVersion::new(1, pdf()))),
        "pmc9100007",
    )
    .await;
    rig.assert_obtained(PMC_WORK, "pmc", "pmc_pdf", &bytes());
    let result = rig.result(PMC_WORK);
    let key = "PMC9100007.1/PMC9100007.1.pdf";
    assert_eq!(
        result["url"],
        format!("https://pmc-oa-opendata.s3.amazonaws.com/{key}")
    );
    assert_eq!(result["license"], "cc-by");
    assert_eq!(result["version"], "publishedVersion");
    let pages = rig.web.requests_for("pmc.ncbi.nlm.nih.gov", "/articles/");
    assert!(pages.is_empty(), "{pages:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doi_itself_leads_to_the_pdf_over_a_hidden_hop() {
    let hub = "https://hub.example/retrieve/pii";
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .doi_leads_to(hub)
            .page(hub, hidden_redirect(FILE))
            .page(FILE, Answer::pdf(pdf()).content_type("text/plain")),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "doi_redirect", "doi_pdf", &bytes());
    assert_eq!(rig.result(WORK)["tier"], "doi_follow");
    assert_eq!(rig.result(WORK)["url"], FILE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_landing_pages_pdf_is_stored_and_never_its_supplement() {
    let supplement = "https://press.example/articles/suppl_file/s1.pdf";
    let landing = LandingPage::new("On small webs")
        .with_decoys()
        .pdf(PdfLink::Anchor("7.pdf".to_owned()));
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .doi_leads_to(PAGE)
            .page(PAGE, landing.answer())
            .page(FILE, Answer::pdf(pdf()))
            .page(supplement, Answer::pdf(Pdf::new("Supplement", 1, 9_000))),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "landing_scrape", "landing_pdf", &bytes());
    let asked = rig
        .web
        .requests_for("press.example", "/articles/suppl_file");
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn europe_pmc_renders_what_nobody_else_has() {
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .doi_target(DoiTarget::Nowhere)
            .pmcid(PMCID)
            .unpaywall(UnpaywallRecord::closed())
            .europe_pmc(EuropePmcRecord::open(Answer::pdf(pdf()))),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "europe_pmc", "europe_pmc_pdf", &bytes());
    let result = rig.result(WORK);
    assert_eq!(
        result["url"],
        format!("https://europepmc.org/articles/{PMCID}?pdf=render")
    );
    assert_eq!(result["identifiers"]["pmcid"], PMCID);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archive_has_what_the_publisher_lost() {
    let record = UnpaywallRecord::open([Location::pdf(FILE, PAGE)]);
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .unpaywall(record)
            .page(FILE, Answer::status(410))
            .captured(FILE, Capture::new("20190815080000", Answer::status(429)))
            .captured(FILE, Capture::new("20180101000000", Answer::pdf(pdf()))),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "wayback", "wayback_pdf", &bytes());
    assert_eq!(rig.result(WORK)["tier"], "archive");
    assert_eq!(
        rig.result(WORK)["url"],
        format!("https://web.archive.org/web/20180101000000id_/{FILE}")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_url_given_with_the_work_is_tried_before_any_source() {
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .unpaywall(UnpaywallRecord::closed())
            .page(FILE, Answer::pdf(pdf())),
    );
    let rig = Rig::new(world).await;
    let list = rig.file(
        "works.jsonl",
        format!(r#"{{"doi":"{DOI}","pdf_urls":["{FILE}"]}}"#),
    );
    let ran = rig.paperfall(["run".into(), list.into_os_string()]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained(WORK, "given", "given_pdf", &bytes());
    let asked = rig.web.requests_for("api.unpaywall.org", "");
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retracted_article_is_obtained_and_the_result_says_so() {
    let rig = fetched(
        World::new().paper(deposit(PmcVersion::new(1, pdf()).retracted())),
        PMCID,
    )
    .await;
    rig.assert_obtained(PMC_WORK, "pmc", "pmc_pdf", &bytes());
    let notes = rig.result(PMC_WORK)["notes"].clone();
    assert!(
        notes
            .as_array()
            .unwrap()
            .contains(&Value::from("retracted")),
        "{notes}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_pdf_is_kept_and_flagged() {
    let locked = Pdf::encrypted("On small webs", 7, 30_000);
    let world = World::new().paper(
        paper()
            .arxiv("2101.00001")
            .arxiv_pdf(Answer::pdf(locked.clone())),
    );
    let rig = fetched(world, "arXiv:2101.00001").await;
    let work = "arxiv:2101.00001";
    rig.assert_obtained(work, "arxiv", "arxiv_pdf", &locked.bytes());
    let notes = rig.result(work)["notes"].clone();
    assert_eq!(notes, Value::from(vec!["encrypted"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gzip_wrapped_pdf_is_unwrapped_before_it_is_stored() {
    let world = World::new().paper(
        paper()
            .arxiv("2101.00001")
            .arxiv_pdf(Answer::pdf(pdf()).gzip_wrapped()),
    );
    let rig = fetched(world, "arXiv:2101.00001").await;
    rig.assert_obtained("arxiv:2101.00001", "arxiv", "arxiv_pdf", &bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_with_a_declared_content_encoding_is_stored_decoded() {
    let world = World::new().paper(
        paper()
            .arxiv("2101.00001")
            .arxiv_pdf(Answer::pdf(pdf()).gzip().no_ranges()),
    );
    let rig = fetched(world, "arXiv:2101.00001").await;
    rig.assert_obtained("arxiv:2101.00001", "arxiv", "arxiv_pdf", &bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_wrapped_twice_is_not_unwrapped_twice() {
    let answer = Answer::pdf(pdf()).gzip_wrapped().gzip_wrapped();
    let rig = Rig::new(World::new().paper(paper().arxiv("2101.00001").arxiv_pdf(answer))).await;
    let ran = rig
        .paperfall(["fetch", "arXiv:2101.00001", "--only", "arxiv"])
        .await;
    rig.assert_lost(&ran, "arxiv:2101.00001", "no_pdf", "not_a_pdf");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_do_not_match_the_announced_checksum_give_way_to_the_next_source() {
    let other = Pdf::new("Somebody else's paper", 8, 20_000);
    let version =
        PmcVersion::answering(1, Answer::pdf(other)).with_md5("00112233445566778899aabbccddeeff");
    let world =
        World::new().paper(deposit(version).europe_pmc(EuropePmcRecord::open(Answer::pdf(pdf()))));
    let rig = fetched(world, PMCID).await;
    rig.assert_obtained(PMC_WORK, "europe_pmc", "europe_pmc_pdf", &bytes());
    let attempts = rig.attempts(PMC_WORK);
    assert!(
        attempts.contains(&"pmc no_pdf checksum_mismatch".to_owned()),
        "{attempts:?}"
    );
    assert_eq!(rig.files("objects").len(), 1, "the wrong bytes were kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checksum_may_be_that_of_the_pdf_inside_its_wrapping() {
    let announced = Answer::pdf(pdf()).md5();
    let wrapped = Answer::pdf(pdf()).gzip_wrapped();
    assert_ne!(wrapped.md5(), announced);
    let both = [announced, wrapped.md5()];
    for md5 in both {
        let version = PmcVersion::answering(1, wrapped.clone()).with_md5(&md5);
        let rig = fetched(World::new().paper(deposit(version)), PMCID).await;
        rig.assert_obtained(PMC_WORK, "pmc", "pmc_pdf", &bytes());
    }
    let version = PmcVersion::answering(1, wrapped).with_md5("00112233445566778899aabbccddeeff");
    let rig = Rig::new(World::new().paper(deposit(version))).await;
    let ran = rig.paperfall(["fetch", PMCID, "--only", "pmc"]).await;
    rig.assert_lost(&ran, PMC_WORK, "no_pdf", "checksum_mismatch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_loser_does_not_keep_the_winner_waiting() {
    let world = World::new().paper(
        deposit(PmcVersion::new(1, pdf()))
            .doi(DOI)
            .when_asked(Service::Unpaywall, Answer::never()),
    );
    let started = std::time::Instant::now();
    let rig = fetched(world, DOI).await;
    // Unpaywall alone would be waited for six seconds.
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    rig.assert_obtained(WORK, "pmc", "pmc_pdf", &bytes());
}
