//! The main path and each named miss, on answers of the service's shape.
#![allow(clippy::unwrap_used)]

mod bad_days;
mod shapes;

use paperfall_adapter::testing::{self, ScriptedHost};
use paperfall_adapter::{Findings, HttpErrorKind, Identifier, Miss, MissOutcome, Work};

use super::EuropePmc;

const BY_DOI: &str = "https://www.ebi.ac.uk/europepmc/webservices/rest/search?query=DOI%3A%2210.1016%2Fs0140-6736%2824%2902600-x%22&resultType=core&format=json&pageSize=1";
const BY_PMID: &str = "https://www.ebi.ac.uk/europepmc/webservices/rest/search?query=EXT_ID%3A29456894%20AND%20SRC%3AMED&resultType=core&format=json&pageSize=1";
const BY_PMCID: &str = "https://www.ebi.ac.uk/europepmc/webservices/rest/search?query=PMCID%3APMC77&resultType=core&format=json&pageSize=1";

fn attempt(host: &ScriptedHost, work: &Work) -> Result<Findings, Miss> {
    testing::attempt::<EuropePmc>(host, work, &[])
}

fn by_doi(host: &ScriptedHost) -> Result<Findings, Miss> {
    attempt(
        host,
        &testing::work(&[("doi", "10.1016/s0140-6736(24)02600-x")]),
    )
}

fn core(record: &str) -> String {
    format!(
        r#"{{"hitCount":1,"request":{{"resultType":"core"}},"resultList":{{"result":[{record}]}}}}"#
    )
}

fn record(links: &str) -> String {
    format!(
        r#"{{"source":"MED","pmid":"29456894","pmcid":"PMC77","doi":"10.1016/S0140-6736(24)02600-X","license":"cc by-nc-nd",
        "pubTypeList":{{"pubType":["Journal Article","Retracted Publication"]}},"fullTextUrlList":{{"fullTextUrl":[{links}]}}}}"#
    )
}

const PAID: &str = r#"{"availabilityCode":"S","documentStyle":"doi","site":"DOI","url":"https://doi.org/10.1016/x"}"#;
const PAID_PDF: &str =
    r#"{"availabilityCode":"S","documentStyle":"pdf","url":"https://pub.example/paid.pdf"}"#;
const FREE_HTML: &str = r#"{"availabilityCode":"OA","documentStyle":"html","site":"Europe_PMC","url":"https://europepmc.org/articles/PMC77"}"#;
const FREE_ELSEWHERE: &str =
    r#"{"availabilityCode":"F","documentStyle":"html","url":"https://pub.example/full"}"#;
const FREE_PDF: &str = r#"{"availabilityCode":"OA","documentStyle":"pdf","site":"Europe_PMC","url":"http://europepmc.org/articles/PMC77?pdf=render"}"#;

#[test]
fn only_free_pdf_links_are_proposed_with_their_query() {
    let links = [PAID, PAID_PDF, FREE_HTML, FREE_ELSEWHERE, FREE_PDF].join(",");
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &core(&record(&links)))).unwrap();
    assert_eq!(found.candidates.len(), 1);
    let candidate = found.candidates.first().unwrap();
    assert_eq!(
        candidate.url,
        "https://europepmc.org/articles/PMC77?pdf=render"
    );
    assert_eq!(candidate.reason, "europe_pmc_pdf");
    assert_eq!(candidate.license.as_deref(), Some("cc-by-nc-nd"));
    assert_eq!(candidate.notes, ["retracted"]);
    assert_eq!(found.landing_urls, ["https://pub.example/full"]);
    assert!(
        found
            .identifiers
            .contains(&Identifier::new("pmcid", "PMC77"))
    );
}

#[test]
fn an_address_is_freed_of_html_and_arxivs_is_in_https() {
    let link =
        |url: &str| format!(r#"{{"availabilityCode":"OA","documentStyle":"pdf","url":"{url}"}}"#);
    for (given, proposed) in [
        (
            "https://pub.example/x?a=1&amp;b=2.pdf",
            "https://pub.example/x?a=1&b=2.pdf",
        ),
        (
            "http://arxiv.org/pdf/2101.00001",
            "https://arxiv.org/pdf/2101.00001",
        ),
        ("http://pub.example/x.pdf", "http://pub.example/x.pdf"),
    ] {
        let host = ScriptedHost::new().json(BY_DOI, &core(&record(&link(given))));
        let found = by_doi(&host).unwrap();
        assert_eq!(found.candidates.first().unwrap().url, proposed);
    }
}

#[test]
fn a_record_with_paid_links_only_is_not_oa() {
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &core(&record(PAID)))).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.candidates.len()),
        ("not_oa", 0)
    );
}

#[test]
fn a_record_without_a_pdf_link_is_no_pdf_url() {
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &core(&record(FREE_HTML)))).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.candidates.len()),
        ("no_pdf_url", 0)
    );
}

#[test]
fn an_answer_without_the_link_list_is_only_believed_when_it_is_core() {
    let bare = r#"{"pmid":"29456894","doi":"10.1016/S0140-6736(24)02600-X"}"#;
    let lite = core(bare).replace("core", "lite");
    let miss = by_doi(&ScriptedHost::new().json(BY_DOI, &lite)).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Error, "bad_answer")
    );
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &core(bare))).unwrap();
    assert_eq!(found.reason, "no_pdf_url");
}

#[test]
fn a_record_of_another_work_is_not_ours() {
    let other = record(FREE_PDF).replace("02600", "02601");
    let miss = by_doi(&ScriptedHost::new().json(BY_DOI, &core(&other))).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::NoPdf, "not_found")
    );
}

#[test]
fn each_identifier_is_asked_until_one_is_known() {
    let work = testing::work(&[
        ("doi", "10.1016/x"),
        ("pmid", "29456894"),
        ("pmcid", "PMC77"),
    ]);
    let nothing = r#"{"hitCount":0,"request":{"resultType":"core"},"resultList":{"result":[]}}"#;
    let host = ScriptedHost::new()
        .json(BY_PMCID, nothing)
        .json(BY_PMID, &core(&record(FREE_PDF)));
    assert_eq!(attempt(&host, &work).unwrap().candidates.len(), 1);
    assert_eq!(host.requests(), [BY_PMCID, BY_PMID]);
}

#[test]
fn failures_are_named() {
    for (host, outcome, reason) in [
        (
            ScriptedHost::new().status(BY_DOI, 502),
            MissOutcome::Retryable,
            "http_5xx",
        ),
        (
            ScriptedHost::new().html(BY_DOI, "<h1>Proxy Error"),
            MissOutcome::Error,
            "bad_answer",
        ),
        (
            ScriptedHost::new().json(BY_DOI, "{}"),
            MissOutcome::Error,
            "bad_answer",
        ),
        (
            ScriptedHost::new().fail(BY_DOI, HttpErrorKind::Timeout),
            MissOutcome::Retryable,
            "stalled",
        ),
    ] {
        let miss = by_doi(&host).unwrap_err();
        assert_eq!((miss.outcome(), miss.reason()), (outcome, reason));
    }
    let miss = attempt(&ScriptedHost::new(), &testing::work(&[])).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Skipped, "no_identifier")
    );
}
