//! Each end of the way and each named miss.
#![allow(clippy::unwrap_used)]

mod registry;
mod shapes;

use paperfall_adapter::testing::{self, ScriptedHost, response};
use paperfall_adapter::{Findings, HttpErrorKind, Identifier, Miss, MissOutcome, Response};

use super::DoiRedirect;

const DOI: &str = "https://doi.org/10.1234/abc";
const API: &str = "https://doi.org/api/handles/10.1234/abc?type=URL";
const END: &str = "https://pub.example/article/1";

fn attempt(host: &ScriptedHost) -> Result<Findings, Miss> {
    testing::attempt::<DoiRedirect>(host, &testing::work(&[("doi", "10.1234/abc")]), &[])
}

fn ends_at(end: Response) -> ScriptedHost {
    ScriptedHost::new().answer(DOI, end)
}

fn page(url: &str, body: &str) -> Response {
    response(url, 200, "text/html", body)
}

#[test]
fn a_doi_that_leads_to_a_pdf_is_proposed_by_the_url_that_answered() {
    let end = response(
        "https://pub.example/download?id=1",
        200,
        "text/plain",
        "%PDF-1.5",
    );
    let found = attempt(&ends_at(end)).unwrap();
    let candidate = found.candidates.first().unwrap();
    assert_eq!(candidate.url, "https://pub.example/download?id=1");
    assert_eq!(candidate.reason, "doi_pdf");
}

#[test]
fn a_landing_page_is_handed_on_with_the_identifiers_in_its_address() {
    let found = attempt(&ends_at(page(END, "<h1>An article</h1>"))).unwrap();
    assert_eq!(found.reason, "no_pdf_url");
    assert_eq!(found.landing_urls, [END]);
    let found = attempt(&ends_at(page("https://arxiv.org/abs/2101.00001", "<p>x"))).unwrap();
    assert_eq!(found.identifiers, [Identifier::new("arxiv", "2101.00001")]);
}

#[test]
fn linkinghubs_hidden_target_is_the_next_hop() {
    let hub = "https://linkinghub.elsevier.com/retrieve/pii/S1";
    let refresh = r#"<meta HTTP-EQUIV="REFRESH" content="2; url='/retrieve/articleSelectSinglePerm?Redirect=https%3A%2F%2Fpub.example%2Farticle%2F1&amp;key=x'"/>"#;
    let hidden = r#"<meta http-equiv=refresh content="2; url='/retrieve/go'"><input type=hidden name="redirectURL" value="https%3A%2F%2Fpub.example%2Farticle%2F1">"#;
    for body in [refresh, hidden] {
        let host = ends_at(page(hub, body)).html(END, "<h1>An article</h1>");
        assert_eq!(attempt(&host).unwrap().landing_urls, [END]);
        assert_eq!(host.requests(), [DOI, END]);
    }
}

#[test]
fn a_circle_of_refreshes_ends_after_two() {
    let to = |url: &str| format!("<meta http-equiv=refresh content='0; url={url}'>");
    let other = "https://pub.example/other";
    let host = ends_at(page(END, &to(other)))
        .html(other, &to(END))
        .html(END, &to(other));
    assert_eq!(attempt(&host).unwrap().landing_urls, [END]);
    assert_eq!(host.requests(), [DOI, other, END]);
}

#[test]
fn a_challenge_is_blocked_its_refresh_is_not_followed_and_the_page_is_handed_on() {
    let challenge =
        r#"<title>Just a moment...</title><meta http-equiv="refresh" content="1; url=/again">"#;
    for end in [
        response(END, 200, "text/html", challenge),
        response(END, 403, "text/html", "Forbidden"),
    ] {
        let host = ends_at(end);
        let found = attempt(&host).unwrap();
        assert_eq!(found.reason, "blocked");
        assert_eq!(found.landing_urls, [END]);
        assert_eq!(host.requests(), [DOI]);
    }
}

#[test]
fn a_publishers_404_is_not_found_and_does_not_accuse_the_doi() {
    let host = ends_at(response(END, 404, "text/html", "gone"));
    let found = attempt(&host).unwrap();
    assert_eq!(found.reason, "not_found");
    assert_eq!(found.landing_urls, [END], "an archive may have it");
    assert_eq!(host.requests(), [DOI]);
}

#[test]
fn a_deleted_doi_is_not_found_and_a_chooser_offers_its_places() {
    let grave = page(
        "https://www.crossref.org/_deleted-doi/",
        "<a href=/>Crossref</a>",
    );
    let found = attempt(&ends_at(grave)).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.landing_urls.len()),
        ("not_found", 0)
    );
    let chooser = page(
        "https://chooser.crossref.org/?doi=10.1234/abc",
        "<a href=/help>Help</a><a href=https://pub.example>Logo</a>\
         <a href=https://pub.example/article/1>A</a><a href=https://other.example/x/2>B</a>",
    );
    let found = attempt(&ends_at(chooser)).unwrap();
    assert_eq!(found.landing_urls, [END, "https://other.example/x/2"]);
}

#[test]
fn springers_complaint_about_cookies_is_cut_off_the_landing_page() {
    let end = page(
        "https://pub.example/article/1?error=cookies_not_supported&code=x",
        "<p>An article",
    );
    assert_eq!(attempt(&ends_at(end)).unwrap().landing_urls, [END]);
}

/// The landing page handed on and the reason said with it.
fn handed_on(host: &ScriptedHost) -> (String, Vec<String>) {
    let found = attempt(host).unwrap();
    assert!(found.candidates.is_empty());
    (found.reason, found.landing_urls)
}

#[test]
fn a_page_that_fails_is_handed_on_under_the_reason_of_its_failure() {
    for (status, reason) in [
        (503, "http_5xx"),
        (400, "http_4xx"),
        (410, "not_found"),
        (402, "paywalled"),
    ] {
        let host = ends_at(response(END, status, "text/html", ""));
        assert_eq!(
            handed_on(&host),
            (reason.to_owned(), vec![END.to_owned()]),
            "{status}"
        );
    }
}

#[test]
fn a_publisher_that_asks_for_patience_is_not_asked_again_by_handing_its_page_on() {
    let miss = attempt(&ends_at(response(END, 429, "text/html", ""))).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "rate_limited")
    );
}

#[test]
fn refusals_of_our_own_end_the_way() {
    for (kind, outcome, reason) in [
        (
            HttpErrorKind::PrivateAddress,
            MissOutcome::Nonretryable,
            "private_address",
        ),
        (HttpErrorKind::Offline, MissOutcome::Skipped, "offline"),
        (
            HttpErrorKind::RateLimited,
            MissOutcome::Skipped,
            "rate_wait",
        ),
    ] {
        let host = ScriptedHost::new().fail(DOI, kind);
        let miss = attempt(&host).unwrap_err();
        assert_eq!((miss.outcome(), miss.reason()), (outcome, reason));
        assert_eq!(host.requests(), [DOI]);
    }
    let miss = testing::attempt::<DoiRedirect>(&ScriptedHost::new(), &testing::work(&[]), &[])
        .unwrap_err();
    assert_eq!(miss.reason(), "no_doi");
}
