//! The main path and each named miss, on answers of the services' shape.
#![allow(clippy::unwrap_used)]

mod bad_days;
mod shapes;

use paperfall_adapter::testing::{self, ScriptedHost, response};
use paperfall_adapter::{Findings, HttpErrorKind, Identifier, Miss, MissOutcome, Work};

use super::Pmc;

const LIST: &str =
    "https://pmc-oa-opendata.s3.amazonaws.com/?list-type=2&prefix=PMC77.&delimiter=%2F";
const IDCONV: &str = "https://pmc.ncbi.nlm.nih.gov/tools/idconv/api/v1/articles/?ids=10.1234%2Fabc&format=json&tool=paperfall&email=me%40lab.edu";

fn metadata(version: u32) -> String {
    format!("https://pmc-oa-opendata.s3.amazonaws.com/metadata/PMC77.{version}.json")
}

fn listing(versions: &[u32]) -> String {
    let prefixes: String = versions
        .iter()
        .map(|v| format!("<CommonPrefixes><Prefix>PMC77.{v}/</Prefix></CommonPrefixes>"))
        .collect();
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><Prefix>PMC77.</Prefix>{prefixes}</ListBucketResult>"
    )
}

fn article(version: u32, rest: &str) -> String {
    format!(
        r#"{{"pmcid":"PMC77","version":{version},"pmid":29456894,"doi":"10.1234/abc","license_code":"CC BY",
        "pdf_url":"s3://pmc-oa-opendata/PMC77.{version}/PMC77.{version}.pdf?md5=4B3FC3A0a63cf2c7c4df3cc1b3d3d25e"{rest}}}"#
    )
}

fn bucket(versions: &[u32]) -> ScriptedHost {
    ScriptedHost::new().answer(
        LIST,
        response(LIST, 200, "application/xml", &listing(versions)),
    )
}

fn attempt(host: &ScriptedHost, work: &Work) -> Result<Findings, Miss> {
    testing::attempt::<Pmc>(host, work, &[("email", "me@lab.edu")])
}

fn by_pmcid(host: &ScriptedHost) -> Result<Findings, Miss> {
    attempt(host, &testing::work(&[("pmcid", "PMC77")]))
}

fn by_doi(host: &ScriptedHost) -> Result<Findings, Miss> {
    // The host lower-cases; the converter answers in its own case.
    attempt(host, &testing::work(&[("doi", "10.1234/abc")]))
}

fn urls(findings: &Findings) -> Vec<&str> {
    findings.candidates.iter().map(|c| c.url.as_str()).collect()
}

#[test]
fn the_pdf_is_proposed_on_the_configured_host_with_its_checksum() {
    let host = bucket(&[1]).json(&metadata(1), &article(1, r#","is_pmc_openaccess":true"#));
    let found = by_pmcid(&host).unwrap();
    let candidate = found.candidates.first().unwrap();
    assert_eq!(
        candidate.url,
        "https://pmc-oa-opendata.s3.amazonaws.com/PMC77.1/PMC77.1.pdf"
    );
    assert_eq!(candidate.reason, "pmc_pdf");
    assert_eq!(
        candidate.checksum.as_deref(),
        Some("md5:4b3fc3a0a63cf2c7c4df3cc1b3d3d25e")
    );
    assert_eq!(candidate.license.as_deref(), Some("cc-by"));
    assert_eq!(candidate.version.as_deref(), Some("publishedVersion"));
    assert!(candidate.notes.is_empty());
    assert_eq!(
        found.identifiers,
        [
            Identifier::new("doi", "10.1234/abc"),
            Identifier::new("pmid", "29456894")
        ]
    );
}

#[test]
fn versions_are_ranked_by_kind_then_numerically() {
    let host = bucket(&[2, 10, 9])
        .json(
            &metadata(10),
            &article(10, r#","is_manuscript":true,"is_pmc_openaccess":false"#),
        )
        .json(
            &metadata(9),
            &article(9, r#","is_pmc_openaccess":true,"is_retracted":true"#),
        )
        .json(&metadata(2), &article(2, r#","is_pmc_openaccess":true"#));
    let found = by_pmcid(&host).unwrap();
    assert_eq!(
        urls(&found),
        [
            "https://pmc-oa-opendata.s3.amazonaws.com/PMC77.9/PMC77.9.pdf",
            "https://pmc-oa-opendata.s3.amazonaws.com/PMC77.2/PMC77.2.pdf",
            "https://pmc-oa-opendata.s3.amazonaws.com/PMC77.10/PMC77.10.pdf"
        ]
    );
    assert_eq!(found.candidates.first().unwrap().notes, ["retracted"]);
    let manuscript = found.candidates.last().unwrap();
    assert_eq!(manuscript.version.as_deref(), Some("acceptedVersion"));
    assert_eq!(manuscript.notes, ["free_to_read"]);
}

#[test]
fn a_doi_becomes_a_pmcid_by_the_converter_and_is_handed_on() {
    let host = bucket(&[1])
        .json(
            IDCONV,
            r#"{"status":"ok","records":[
            {"requested-id":"10.9/other","pmcid":"PMC1"},
            {"requested-id":"10.1234/AbC","doi":"10.1234/AbC","pmcid":"PMC77","pmid":37391585}]}"#,
        )
        .json(&metadata(1), &article(1, ""));
    let found = by_doi(&host).unwrap();
    assert_eq!(found.candidates.len(), 1);
    assert!(
        found
            .identifiers
            .contains(&Identifier::new("pmcid", "PMC77"))
    );
}

#[test]
fn a_work_the_converter_does_not_know_is_not_found() {
    let host = ScriptedHost::new().json(
        IDCONV,
        r#"{"status":"ok","records":[{"requested-id":"10.1234/abc","doi":"10.1234/abc","status":"error","errmsg":"Identifier not found in PMC"}]}"#,
    );
    let miss = by_doi(&host).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::NoPdf, "not_found")
    );
}

#[test]
fn an_article_outside_the_bucket_is_not_found_and_its_ids_are_handed_on() {
    let host = bucket(&[]).json(
        IDCONV,
        r#"{"records":[{"requested-id":"10.1234/abc","pmcid":"PMC77","pmid":"5"}]}"#,
    );
    let found = by_doi(&host).unwrap();
    assert_eq!(found.reason, "not_found");
    assert_eq!(
        found.identifiers,
        [
            Identifier::new("pmid", "5"),
            Identifier::new("pmcid", "PMC77")
        ]
    );
}

#[test]
fn metadata_without_a_pdf_is_no_pdf_url() {
    let host = bucket(&[1]).json(&metadata(1), r#"{"pmcid":"PMC77","pdf_url":null}"#);
    let found = by_pmcid(&host).unwrap();
    assert_eq!(found.reason, "no_pdf_url");
    assert!(found.candidates.is_empty());
}

#[test]
fn one_unreadable_version_does_not_lose_the_others_but_is_not_read_as_none() {
    let host = bucket(&[1, 2])
        .json(&metadata(1), &article(1, ""))
        .status(&metadata(2), 503);
    assert_eq!(by_pmcid(&host).unwrap().candidates.len(), 1);
    let host = bucket(&[2]).status(&metadata(2), 503);
    let miss = by_pmcid(&host).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "http_5xx")
    );
}

#[test]
fn metadata_of_another_article_is_refused() {
    let host = bucket(&[1]).json(
        &metadata(1),
        &article(1, "").replace("\"PMC77\"", "\"PMC78\""),
    );
    assert_eq!(by_pmcid(&host).unwrap_err().reason(), "bad_answer");
}

#[test]
fn answers_of_another_shape_and_failures_are_named() {
    let html = "<html>Service unavailable</html>";
    let miss = by_pmcid(&ScriptedHost::new().html(LIST, html)).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Error, "bad_answer")
    );
    let miss = by_pmcid(&ScriptedHost::new().fail(LIST, HttpErrorKind::Connect)).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "connect")
    );
    let miss = by_doi(&ScriptedHost::new().json(IDCONV, r#"{"status":"ok"}"#)).unwrap_err();
    assert_eq!(miss.reason(), "bad_answer");
}

#[test]
fn a_work_without_identifiers_is_skipped_without_a_request() {
    let host = ScriptedHost::new();
    let miss = attempt(&host, &testing::work(&[])).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Skipped, "no_identifier")
    );
    assert!(host.requests().is_empty());
}
