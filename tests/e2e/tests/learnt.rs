//! What one source learns another one uses, and what identifies a paper (odd
//! DOIs, query strings, cookies) survives the whole way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::Rig;
use paperfall_miniweb::{
    Answer, EuropePmcRecord, LandingPage, Location, Paper, Pdf, UnpaywallRecord, World,
};
use serde_json::json;

const DOI: &str = "10.5555/learnt.2021.7";
const WORK: &str = "doi:10.5555/learnt.2021.7";
const PMCID: &str = "PMC9100007";
const PAGE: &str = "https://press.example/article/7";
const SICI: &str = "10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O";
const SICI_WORK: &str = "doi:10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o";

fn pdf() -> Pdf {
    Pdf::new("On learning", 7, 30_000)
}

fn paper() -> Paper {
    Paper::new("On learning")
}

async fn fetched(world: World, id: &str) -> Rig {
    let rig = Rig::new(world).await;
    let ran = rig.paperfall(["fetch", id]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arxiv_is_asked_again_with_the_id_that_only_unpaywall_knew() {
    let location = Location::landing("https://arxiv.org/abs/2103.00007")
        .in_repository(Some("oai:arXiv.org:2103.00007"));
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .arxiv("2103.00007")
            .arxiv_pdf(Answer::pdf(pdf()))
            .unpaywall(UnpaywallRecord::open([location])),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "arxiv", "arxiv_pdf", &pdf().bytes());
    let attempts = rig.attempts(WORK);
    let of_arxiv: Vec<&String> = attempts.iter().filter(|a| a.starts_with("arxiv")).collect();
    assert_eq!(
        of_arxiv,
        ["arxiv skipped no_arxiv_id", "arxiv success arxiv_pdf"]
    );
    assert_eq!(rig.result(WORK)["identifiers"]["arxiv"], "2103.00007");
    // It was re-armed before the next tier began.
    assert!(rig.web.requests_for("doi.org", "").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publishers_address_that_refuses_us_still_names_the_doi() {
    const OWN: &str = "https://press.example/doi/full/10.5555/learnt.2021.7";
    const COPY: &str = "https://repository.example/7.pdf";
    let record = UnpaywallRecord::open([Location::pdf(COPY, "https://repository.example/7")]);
    let world = World::new()
        .paper(paper().doi(DOI).unpaywall(record))
        .page(OWN, Answer::challenge())
        .page(COPY, Answer::pdf(pdf()));
    let rig = fetched(world, OWN).await;
    let work = format!("url:{OWN}");
    rig.assert_obtained(&work, "unpaywall", "oa_pdf", &pdf().bytes());
    assert_eq!(rig.result(&work)["identifiers"]["doi"], DOI);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pmcid_that_only_unpaywall_knew_reaches_europe_pmc() {
    // Neither converter nor search knows the DOI.
    let location = Location::landing("https://repository.example/item/7")
        .in_repository(Some("oai:pubmedcentral.nih.gov:9100007"));
    let by_doi = paper()
        .doi(DOI)
        .doi_leads_to(PAGE)
        .page(PAGE, LandingPage::new("On learning").answer())
        .unpaywall(UnpaywallRecord::open([location]));
    let by_pmcid = paper()
        .pmcid(PMCID)
        .europe_pmc(EuropePmcRecord::open(Answer::pdf(pdf())));
    let rig = fetched(World::new().paper(by_doi).paper(by_pmcid), DOI).await;
    rig.assert_obtained(WORK, "europe_pmc", "europe_pmc_pdf", &pdf().bytes());
    assert_eq!(rig.result(WORK)["identifiers"]["pmcid"], PMCID);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pmcid_learnt_from_europe_pmc_stands_in_the_result_even_of_a_lost_work() {
    let world = World::new().paper(
        paper()
            .pmid("39100007")
            .pmcid(PMCID)
            .europe_pmc(EuropePmcRecord::open(Answer::status(403))),
    );
    let rig = Rig::new(world).await;
    let ran = rig.paperfall(["fetch", "pmid:39100007"]).await;
    rig.assert_lost(&ran, "pmid:39100007", "no_pdf", "blocked");
    let identifiers = rig.result("pmid:39100007")["identifiers"].clone();
    assert_eq!(identifiers, json!({"pmcid": PMCID, "pmid": "39100007"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sici_doi_stays_whole_at_every_service() {
    let file = "https://press.example/sici.pdf";
    let world = World::new().paper(
        paper()
            .doi(SICI)
            .doi_leads_to(file)
            .page(file, Answer::pdf(pdf())),
    );
    let rig = fetched(world, SICI).await;
    rig.assert_obtained(SICI_WORK, "doi_redirect", "doi_pdf", &pdf().bytes());
    let encoded = "/10.1002/(sici)1097-4571(199806)49:8%3C693::aid-asi4%3E3.0.co;2-o";
    for (host, path) in [
        ("doi.org", encoded.to_owned()),
        ("api.unpaywall.org", format!("/v2{encoded}?email=")),
    ] {
        let asked = rig.web.requests_for(host, "");
        assert!(
            asked.iter().any(|r| r.path_and_query.starts_with(&path)),
            "{asked:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_spelling_of_a_sici_doi_names_one_work() {
    let file = "https://press.example/sici.pdf";
    let world = World::new().paper(
        paper()
            .doi(SICI)
            .doi_leads_to(file)
            .page(file, Answer::pdf(pdf())),
    );
    let rig = Rig::new(world).await;
    let url = "https://doi.org/10.1002/(SICI)1097-4571(199806)49:8%3C693::AID-ASI4%3E3.0.CO;2-O";
    let ran = rig
        .paperfall(["fetch", SICI, url, &format!("doi:{SICI}.")])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.results().len(), 1);
    rig.assert_obtained(SICI_WORK, "doi_redirect", "doi_pdf", &pdf().bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_openalex_work_keeps_its_id_and_its_own_locations_are_used() {
    let file = "https://press.example/oa.pdf";
    let record = UnpaywallRecord::open([Location::pdf(file, PAGE)]);
    let world = World::new()
        .paper(
            paper()
                .doi(DOI)
                .unpaywall(record)
                .page(file, Answer::pdf(pdf())),
        )
        .page(
            "https://repository.example/given.pdf",
            Answer::pdf(Pdf::new("Given", 8, 20_000)),
        );
    let rig = Rig::new(world).await;
    let by_doi = json!({
        "id": "https://openalex.org/W4300000007",
        "doi": format!("https://doi.org/{DOI}"),
        "ids": {"openalex": "https://openalex.org/W4300000007", "doi": format!("https://doi.org/{DOI}")},
        "title": "On learning",
        "primary_location": {"pdf_url": null, "landing_page_url": PAGE},
        "best_oa_location": null,
        "locations": [],
        "open_access": {"is_oa": true, "oa_url": null},
    });
    let by_location = json!({
        "id": "https://openalex.org/W4300000008",
        "title": "Given",
        "ids": {"openalex": "https://openalex.org/W4300000008"},
        "best_oa_location": {"pdf_url": "https://repository.example/given.pdf", "landing_page_url": null},
        "locations": [],
        "open_access": {"is_oa": true},
    });
    let list = rig.file("works.jsonl", format!("{by_doi}\n{by_location}\n"));
    let ran = rig.paperfall(["run".into(), list.into_os_string()]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained("W4300000007", "unpaywall", "oa_pdf", &pdf().bytes());
    let given = Pdf::new("Given", 8, 20_000).bytes();
    rig.assert_obtained("W4300000008", "given", "given_pdf", &given);
    let id = &rig.result("W4300000007")["identifiers"]["openalex"];
    assert_eq!(id, "W4300000007");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_won_on_the_way_reaches_probe_and_download() {
    let (article, check) = (
        "https://quill.example/full",
        "https://quill.example/cookies",
    );
    let world = World::new().paper(
        paper()
            .doi(DOI)
            .doi_leads_to(article)
            .page(
                article,
                Answer::pdf(pdf()).only_with_cookie("quill_ok", Answer::redirect(check)),
            )
            .page(
                check,
                Answer::redirect(article).header("set-cookie", "quill_ok=1; Path=/; Secure"),
            ),
    );
    let rig = fetched(world, DOI).await;
    rig.assert_obtained(WORK, "doi_redirect", "doi_pdf", &pdf().bytes());
    let checks = rig.web.requests_for("quill.example", "/cookies");
    assert_eq!(checks.len(), 1, "the jar was lost on the way: {checks:?}");
    let with_cookie = rig
        .web
        .requests_for("quill.example", "/full")
        .iter()
        .filter(|request| request.header("cookie") == Some("quill_ok=1"))
        .count();
    // Adapter, probe and download at the least.
    assert!(with_cookie >= 3, "{with_cookie}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_works_cookies_are_not_sent_for_another() {
    let url = |n: u32| format!("https://quill.example/{n}.pdf");
    let mut world = World::new();
    for n in [1, 2] {
        let answer = Answer::pdf(Pdf::new("Jar", n.into(), 20_000))
            .header("set-cookie", &format!("seen{n}=1; Path=/"));
        world = world.page(&url(n), answer);
    }
    let rig = Rig::new(world).await;
    let ran = rig
        .paperfall(["fetch", &url(1), &url(2), "--workers", "1"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let foreign: Vec<_> = rig
        .web
        .requests_for("quill.example", "/2.pdf")
        .into_iter()
        .filter_map(|request| request.header("cookie").map(str::to_owned))
        .filter(|cookie| cookie.contains("seen1"))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_papers_that_differ_only_in_the_query_are_two_files() {
    let url =
        |n: u32| format!("https://repository.example/cgi/viewcontent.cgi?article={n}&context=x");
    let mut world = World::new();
    for n in [1, 2] {
        let location = Location::pdf(&url(n), "https://repository.example/").in_repository(None);
        world = world.paper(
            Paper::new("Query")
                .doi(&format!("10.5555/query.{n}"))
                .unpaywall(UnpaywallRecord::open([location]))
                .page(&url(n), Answer::pdf(Pdf::new("Query", n.into(), 20_000))),
        );
    }
    let rig = Rig::new(world).await;
    let ran = rig
        .paperfall(["fetch", "10.5555/query.1", "10.5555/query.2"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    for n in [1, 2] {
        let work = format!("doi:10.5555/query.{n}");
        let bytes = Pdf::new("Query", n.into(), 20_000).bytes();
        rig.assert_obtained(&work, "unpaywall", "oa_pdf", &bytes);
        assert_eq!(rig.result(&work)["url"], url(n));
    }
}
