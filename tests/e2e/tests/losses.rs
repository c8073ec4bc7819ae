//! Every honest way of not getting a paper has its name, and leaves nothing
//! behind but a line in the results.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{
    Answer, Capture, EuropePmcRecord, LandingPage, Paper, Pdf, PdfLink, RetryAfter, Service,
    UnpaywallRecord, World,
};

const DOI: &str = "10.5555/lost.2021.7";
const WORK: &str = "doi:10.5555/lost.2021.7";
const PAGE: &str = "https://press.example/article/7";
const FILE: &str = "https://press.example/article/7.pdf";
const ARXIV: &str = "arXiv:2101.00001";
const ARXIV_WORK: &str = "arxiv:2101.00001";

fn pdf() -> Pdf {
    Pdf::new("Lost", 7, 60_000)
}

fn paper() -> Paper {
    Paper::new("Lost")
}

/// A paper whose DOI leads to this page.
fn landed(page: Answer) -> Paper {
    paper().doi(DOI).doi_leads_to(PAGE).page(PAGE, page)
}

/// A paper that only arXiv has, and has like this.
fn on_arxiv(answer: Answer) -> World {
    World::new().paper(paper().arxiv("2101.00001").arxiv_pdf(answer))
}

async fn fetch(world: World, args: &[&str]) -> (Rig, Ran) {
    let rig = Rig::new(world).await;
    let mut all = vec!["fetch"];
    all.extend(args);
    let ran = rig.paperfall(all).await;
    ran.assert_orderly();
    (rig, ran)
}

/// arXiv answers like this and nobody else is asked.
async fn arxiv_lost(answer: Answer, outcome: &str, reason: &str) -> Rig {
    let (rig, ran) = fetch(on_arxiv(answer), &[ARXIV, "--only", "arxiv"]).await;
    rig.assert_lost(&ran, ARXIV_WORK, outcome, reason);
    rig
}

fn has(rig: &Rig, work: &str, attempt: &str) {
    let attempts = rig.attempts(work);
    assert!(attempts.iter().any(|a| a == attempt), "{attempts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_work_is_not_oa() {
    let page = LandingPage::new("Lost").doi(DOI).answer();
    let world = World::new().paper(
        landed(page)
            .unpaywall(UnpaywallRecord::closed())
            .europe_pmc(EuropePmcRecord::closed()),
    );
    let (rig, ran) = fetch(world, &[DOI]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "not_oa");
    has(&rig, WORK, "unpaywall no_pdf not_oa");
    assert!(
        ran.stdout.contains(
            "without a paper: not_oa 1 (The source knows the work and says it is closed.)\n"
        ),
        "{ran}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_box_is_a_paywall() {
    let page = LandingPage::new("Lost").doi(DOI).paywalled().answer();
    let (rig, ran) = fetch(World::new().paper(landed(page)), &[DOI]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "paywalled");
    has(&rig, WORK, "landing_scrape no_pdf paywalled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_page_behind_the_pdf_link_is_a_paywall() {
    let page = LandingPage::new("Lost").pdf(PdfLink::CitationMeta(FILE.to_owned()));
    let world = World::new().paper(landed(page.answer()).page(FILE, Answer::login()));
    let (rig, ran) = fetch(world, &[DOI]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "paywalled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unregistered_doi_is_told_from_one_that_leads_nowhere() {
    let (rig, ran) = fetch(World::new(), &[DOI]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "not_found");
    has(&rig, WORK, "doi_redirect nonretryable doi_unregistered");

    let (rig, ran) = fetch(World::new(), &[DOI, "--only", "doi_follow"]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "doi_unregistered");

    let nowhere = paper()
        .doi(DOI)
        .doi_target(paperfall_miniweb::DoiTarget::Nowhere);
    let (rig, ran) = fetch(World::new().paper(nowhere), &[DOI, "--only", "doi_follow"]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "no_pdf_url");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pubmed_number_nobody_knows_is_not_found() {
    let (rig, ran) = fetch(World::new(), &["pmid:39999999"]).await;
    rig.assert_lost(&ran, "pmid:39999999", "no_pdf", "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_check_is_blocked_and_its_refresh_is_not_followed() {
    let world =
        World::new().paper(landed(Answer::challenge()).unpaywall(UnpaywallRecord::closed()));
    let (rig, ran) = fetch(world, &[DOI]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "blocked");
    for request in rig.web.requests_for("press.example", "") {
        let asked = request.path_and_query.as_str();
        assert!(["/article/7", "/robots.txt"].contains(&asked), "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_firewalls_403_is_blocked() {
    let waf = Answer::html(
        "<html><body><h1>403 Forbidden</h1>Request forbidden by administrative rules.</body></html>",
    )
    .with_status(403);
    let (rig, ran) = fetch(World::new().paper(landed(waf.clone())), &[DOI]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "blocked");
    let rig = arxiv_lost(waf, "no_pdf", "blocked").await;
    assert_eq!(rig.result(ARXIV_WORK)["attempts"][0]["status"], 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_of_work_with_status_200_is_blocked_and_never_stored() {
    arxiv_lost(Answer::proof_of_work(), "no_pdf", "blocked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_honestly_ends_too_early_is_truncated() {
    let rig = arxiv_lost(
        Answer::pdf(pdf()).truncated_to(30_000),
        "no_pdf",
        "truncated",
    )
    .await;
    // The probe saw a PDF; the download did not.
    has(&rig, ARXIV_WORK, "arxiv no_pdf truncated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_closed_in_mid_file_is_truncated() {
    arxiv_lost(Answer::pdf(pdf()).cut_after(30_000), "no_pdf", "truncated").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_reset_in_mid_file_is_worth_another_day() {
    arxiv_lost(Answer::pdf(pdf()).reset_after(30_000), "retryable", "reset").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn html_under_a_pdfs_name_and_type_is_not_a_pdf() {
    arxiv_lost(Answer::html_as_pdf(), "no_pdf", "not_a_pdf").await;
    let renamed = Answer::bytes("application/pdf", b"PK\x03\x04 a zip file".repeat(500));
    arxiv_lost(renamed, "no_pdf", "not_a_pdf").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_below_a_kibibyte_is_too_small() {
    let tiny = Pdf::new("Tiny", 7, 0);
    assert!(tiny.len() < 1024);
    arxiv_lost(Answer::pdf(tiny), "no_pdf", "too_small").await;
    let empty = Answer::bytes("application/pdf", Vec::new());
    arxiv_lost(empty, "no_pdf", "too_small").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_above_the_cap_is_refused_before_it_is_sent() {
    let huge = || Answer::pdf(Pdf::new("Huge", 7, 513 * 1024 * 1024));
    // By HEAD, by the stand-in for HEAD, and by the length of the GET itself.
    for answer in [huge(), huge().no_head(), huge().no_head().no_ranges()] {
        let rig = arxiv_lost(answer, "no_pdf", "too_large").await;
        let sent: u64 = rig.web.requests().iter().map(|r| r.bytes_sent).sum();
        assert!(sent < 64 * 1024 * 1024, "{sent} bytes were sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_is_named_in_both_of_its_forms() {
    let page = || LandingPage::new("Lost").doi(DOI).answer();
    let limited = Answer::rate_limited(RetryAfter::Seconds(1));
    let world = World::new().paper(landed(page()).when_asked(Service::Unpaywall, limited));
    let (rig, ran) = fetch(world, &[DOI]).await;
    rig.assert_lost(&ran, WORK, "retryable", "rate_limited");

    let dated = Answer::rate_limited(RetryAfter::Date(2));
    let (rig, ran) = fetch(World::new().paper(landed(dated)), &[DOI]).await;
    rig.assert_lost(&ran, WORK, "retryable", "rate_limited");

    let cdx = Answer::rate_limited(RetryAfter::Seconds(60));
    let world = World::new()
        .paper(landed(page()))
        .when_archive_asked(PAGE, cdx);
    let (rig, ran) = fetch(world, &[DOI]).await;
    rig.assert_lost(&ran, WORK, "retryable", "rate_limited");
    has(&rig, WORK, "wayback retryable rate_limited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_error_is_worth_another_day() {
    let world = World::new().paper(landed(Answer::status(503)));
    let (rig, ran) = fetch(world, &[DOI]).await;
    rig.assert_lost(&ran, WORK, "retryable", "http_5xx");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_source_is_given_up_at_its_deadline() {
    let (rig, ran) = fetch(
        on_arxiv(Answer::never()),
        &[ARXIV, "--fallback-tier", "direct_oa:timeout_ms=700"],
    )
    .await;
    // arXiv's own default would be eight seconds.
    let attempts = rig.result(ARXIV_WORK)["attempts"].clone();
    let of_arxiv = |one: &&serde_json::Value| one["source"] == "arxiv";
    let attempt = attempts.as_array().unwrap().iter().find(of_arxiv).unwrap();
    let took = attempt["elapsed_ms"].as_u64().unwrap();
    assert!((700..8_000).contains(&took), "{attempt}");
    rig.assert_lost(&ran, ARXIV_WORK, "retryable", "source_deadline");
    has(&rig, ARXIV_WORK, "arxiv timeout source_deadline");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_is_given_up_at_its_total_deadline() {
    let (rig, ran) = fetch(
        on_arxiv(Answer::never()),
        &[ARXIV, "--fallback-total-timeout-ms", "700"],
    )
    .await;
    rig.assert_lost(&ran, ARXIV_WORK, "retryable", "total_deadline");
    has(&rig, ARXIV_WORK, "arxiv timeout total_deadline");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_circle_and_an_endless_chain_of_redirects_are_loops() {
    let itself = Answer::redirect("https://arxiv.org/pdf/2101.00001");
    let rig = arxiv_lost(itself, "no_pdf", "redirect_loop").await;
    assert!(rig.web.requests().len() <= 3, "{:?}", rig.web.requests());

    let mut world = on_arxiv(Answer::redirect("https://press.example/hop/0"));
    for hop in 0..30 {
        let next = format!("https://press.example/hop/{}", hop + 1);
        world = world.page(
            &format!("https://press.example/hop/{hop}"),
            Answer::redirect(&next),
        );
    }
    let (rig, ran) = fetch(world, &[ARXIV, "--only", "arxiv"]).await;
    rig.assert_lost(&ran, ARXIV_WORK, "no_pdf", "redirect_loop");
    assert_eq!(rig.web.requests().len(), 11, "ten redirects are followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_snapshot_is_the_archives_own_word() {
    let world = World::new()
        .page(PAGE, LandingPage::new("Lost").answer())
        .captured(PAGE, Capture::new("20190101000000", Answer::status(404)));
    let (rig, ran) = fetch(world, &[PAGE, "--only", "archive"]).await;
    rig.assert_lost(&ran, &format!("url:{PAGE}"), "no_pdf", "no_snapshot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpaywall_is_skipped_without_an_e_mail_never_asked_and_the_run_says_so_once() {
    let rig = Rig::new(World::new()).await;
    let other = "10.5555/lost.no.mail";
    let told = "paperfall: unpaywall was skipped: it wants a contact address (--email ";
    let without_mail = async |args: &[&str]| {
        let mut command = rig.command(args);
        command.env_remove("PAPERFALL_EMAIL");
        let ran = paperfall_e2e::finish(command.spawn().unwrap()).await;
        let lines = ran.complaints();
        assert_eq!(lines.len(), 1, "{ran}");
        assert!(lines[0].starts_with(told), "{ran}");
        ran
    };
    without_mail(&["resolve", DOI]).await;
    let ran = without_mail(&["fetch", DOI, other]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(rig.result(WORK)["reason"], "not_found");
    has(&rig, WORK, "unpaywall skipped no_email");
    assert!(rig.web.requests_for("api.unpaywall.org", "").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpaywalls_422_is_said_loudly_and_never_means_closed() {
    let refusal = || Answer::text("Email address required").with_status(422);
    let page = LandingPage::new("Lost").doi(DOI).answer();
    let other = "10.5555/lost.2021.8";
    let world = World::new()
        .paper(landed(page).when_asked(Service::Unpaywall, refusal()))
        .paper(paper().doi(other).when_asked(Service::Unpaywall, refusal()));
    let (rig, ran) = fetch(world, &[DOI, other]).await;
    assert_eq!(ran.code, 1, "{ran}");
    has(&rig, WORK, "unpaywall nonretryable misconfigured");
    assert_ne!(rig.result(WORK)["reason"], "not_oa");
    // Once for the whole run, with the remedy.
    let said: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("misconfigured"))
        .collect();
    assert_eq!(said.len(), 1, "{ran}");
    assert!(said[0].contains("unpaywall"), "{ran}");
    assert!(said[0].contains("--email"), "no remedy: {ran}");
    // Never retried.
    assert_eq!(rig.web.requests_for("api.unpaywall.org", "").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_had_nothing_to_ask_is_exhausted() {
    let (rig, ran) = fetch(World::new(), &["pmid:39100007", "--only", "unpaywall"]).await;
    rig.assert_lost(&ran, "pmid:39100007", "no_pdf", "exhausted");
    assert_eq!(rig.attempts("pmid:39100007"), ["unpaywall skipped no_doi"]);
    assert!(rig.web.requests().is_empty());
}
