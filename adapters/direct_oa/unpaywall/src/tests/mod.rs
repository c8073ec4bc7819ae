//! The main path and each named miss, on answers of the service's shape.
#![allow(clippy::unwrap_used)]

mod bad_days;
mod shapes;

use paperfall_adapter::testing::{self, ScriptedHost, response};
use paperfall_adapter::{Findings, HttpErrorKind, Identifier, Miss, MissOutcome};

use super::Unpaywall;

const URL: &str = "https://api.unpaywall.org/v2/10.1234/a:1%3C2%3E?email=me%40lab.edu";

fn attempt(host: &ScriptedHost) -> Result<Findings, Miss> {
    let work = testing::work(&[("doi", "10.1234/a:1<2>")]);
    testing::attempt::<Unpaywall>(host, &work, &[("email", "me@lab.edu")])
}

fn found(json: &str) -> Findings {
    attempt(&ScriptedHost::new().json(URL, json)).unwrap()
}

fn missed(host: &ScriptedHost) -> (MissOutcome, String) {
    let miss = attempt(host).unwrap_err();
    (miss.outcome(), miss.reason().to_owned())
}

fn urls(findings: &Findings) -> Vec<&str> {
    findings.candidates.iter().map(|c| c.url.as_str()).collect()
}

#[test]
fn every_location_with_a_pdf_is_proposed_the_best_first() {
    let found = found(
        r#"{"doi":"10.1234/A:1<2>","is_oa":true,"genre":"journal-article","oa_locations":[
        {"url_for_pdf":"https://repo.example/cgi/viewcontent.cgi?article=1&context=x","url":"x","version":"acceptedVersion","host_type":"repository"},
        {"url_for_pdf":"https://repo.example/cgi/viewcontent.cgi?article=2&context=x","url":"y","license":null},
        {"url_for_pdf":"https://pub.example/a.pdf","url":"https://pub.example/a.pdf","is_best":true,"version":"publishedVersion","license":"cc-by","host_type":"publisher"}]}"#,
    );
    assert_eq!(
        urls(&found),
        [
            "https://pub.example/a.pdf",
            "https://repo.example/cgi/viewcontent.cgi?article=1&context=x",
            "https://repo.example/cgi/viewcontent.cgi?article=2&context=x"
        ]
    );
    let best = found.candidates.first().unwrap();
    assert_eq!(best.reason, "oa_pdf");
    assert_eq!(best.version.as_deref(), Some("publishedVersion"));
    assert_eq!(best.license.as_deref(), Some("cc-by"));
    assert_eq!(best.notes, ["publisher"]);
}

#[test]
fn an_open_work_without_a_pdf_url_is_handed_on_by_its_landing_page() {
    let found = found(
        r#"{"is_oa":true,"oa_locations":[
        {"url":"https://doi.org/10.1234/a","url_for_pdf":null,"url_for_landing_page":"https://doi.org/10.1234/a"},
        {"url":"https://repo.example/1","url_for_pdf":null}]}"#,
    );
    assert_eq!(urls(&found), Vec::<&str>::new());
    assert_eq!(found.reason, "no_pdf_url");
    assert_eq!(
        found.landing_urls,
        ["https://doi.org/10.1234/a", "https://repo.example/1"]
    );
}

#[test]
fn pmcids_and_arxiv_ids_are_mined_from_every_field() {
    let found = found(
        r#"{"is_oa":true,"oa_locations":[
        {"url_for_pdf":"https://europepmc.org/articles/pmc7775079?pdf=render","pmh_id":"oai:europepmc.org:6706377"},
        {"url":"https://x.example/","pmh_id":"oai:pubmedcentral.nih.gov:4234579"},
        {"url_for_pdf":"http://arxiv.org/pdf/2108.03347","pmh_id":"oai:arXiv.org:2108.03347"},
        {"url_for_pdf":"https://arxiv.org/pdf/astro-ph/0001001"}]}"#,
    );
    assert_eq!(
        found.identifiers,
        [
            Identifier::new("pmcid", "PMC7775079"),
            Identifier::new("pmcid", "PMC4234579"),
            Identifier::new("arxiv", "2108.03347"),
            Identifier::new("arxiv", "astro-ph/0001001"),
        ]
    );
    assert_eq!(
        urls(&found),
        [
            "https://europepmc.org/articles/pmc7775079?pdf=render",
            "https://arxiv.org/pdf/2108.03347",
            "https://arxiv.org/pdf/astro-ph/0001001"
        ]
    );
}

#[test]
fn a_closed_work_is_not_oa_and_its_embargoed_copy_still_names_the_pmcid() {
    let found = found(
        r#"{"is_oa":false,"best_oa_location":null,"oa_locations":[],
        "oa_locations_embargoed":[{"pmh_id":"oai:pubmedcentral.nih.gov:4234579","url":"https://www.ncbi.nlm.nih.gov/pmc/articles/PMC4234579"}]}"#,
    );
    assert_eq!(found.reason, "not_oa");
    assert!(found.candidates.is_empty() && found.landing_urls.is_empty());
    assert_eq!(found.identifiers, [Identifier::new("pmcid", "PMC4234579")]);
}

#[test]
fn a_component_does_not_get_its_parents_pdf() {
    let host = ScriptedHost::new().json(
        URL,
        r#"{"is_oa":true,"genre":"component","oa_locations":[{"url_for_pdf":"https://pub.example/parent.pdf"}]}"#,
    );
    assert_eq!(missed(&host), (MissOutcome::NoPdf, "component".to_owned()));
}

#[test]
fn a_review_or_a_cover_does_not_get_the_pdf_of_its_article_or_issue() {
    for (what, reason) in [
        (r#""genre":"peer-review""#, "peer_review"),
        (r#""genre":"Peer-Review","is_paratext":true"#, "peer_review"),
        (
            r#""genre":"journal-article","is_paratext":true"#,
            "paratext",
        ),
    ] {
        let host = ScriptedHost::new().json(
            URL,
            &format!(r#"{{"is_oa":true,{what},"oa_locations":[{{"url_for_pdf":"https://pub.example/a.pdf"}}]}}"#),
        );
        assert_eq!(
            missed(&host),
            (MissOutcome::NoPdf, reason.to_owned()),
            "{what}"
        );
    }
}

#[test]
fn a_refused_e_mail_is_a_misconfiguration_and_said_loudly() {
    let host = ScriptedHost::new().status(URL, 422);
    assert_eq!(
        missed(&host),
        (MissOutcome::Nonretryable, "misconfigured".to_owned())
    );
    assert!(host.logged().iter().any(|line| line.contains("--email")));
}

#[test]
fn unknown_busy_broken_and_odd_answers_are_told_apart() {
    let html_404 = response(URL, 404, "text/html", "<h1>Not found</h1>");
    for (host, outcome, reason) in [
        (
            ScriptedHost::new().answer(URL, html_404),
            MissOutcome::NoPdf,
            "not_found",
        ),
        (
            ScriptedHost::new().status(URL, 429),
            MissOutcome::Retryable,
            "rate_limited",
        ),
        (
            ScriptedHost::new().status(URL, 503),
            MissOutcome::Retryable,
            "http_5xx",
        ),
        (
            ScriptedHost::new().html(URL, "<p>maintenance"),
            MissOutcome::Error,
            "bad_answer",
        ),
        (
            ScriptedHost::new().json(URL, "{}"),
            MissOutcome::Error,
            "bad_answer",
        ),
        (
            ScriptedHost::new().fail(URL, HttpErrorKind::Dns),
            MissOutcome::Retryable,
            "dns",
        ),
    ] {
        assert_eq!(missed(&host), (outcome, reason.to_owned()));
    }
}

#[test]
fn without_a_doi_or_an_address_nothing_is_asked() {
    let host = ScriptedHost::new();
    let no_doi = testing::work(&[("pmid", "1")]);
    let miss =
        testing::attempt::<Unpaywall>(&host, &no_doi, &[("email", "me@lab.edu")]).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Skipped, "no_doi")
    );
    let work = testing::work(&[("doi", "10.1234/a")]);
    let miss = testing::attempt::<Unpaywall>(&host, &work, &[]).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Skipped, "no_email")
    );
    assert!(host.requests().is_empty());
}
