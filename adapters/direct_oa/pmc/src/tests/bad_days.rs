//! What the converter and the bucket send when something is wrong: each has a
//! name, and none of them is "not in PMC".

use super::*;

fn named(result: Result<Findings, Miss>) -> (MissOutcome, String) {
    let miss = result.unwrap_err();
    (miss.outcome(), miss.reason().to_owned())
}

fn bad_answer() -> (MissOutcome, String) {
    (MissOutcome::Error, "bad_answer".to_owned())
}

fn listed(status: u16, body: &str) -> ScriptedHost {
    ScriptedHost::new().answer(LIST, response(LIST, status, "application/xml", body))
}

#[test]
fn half_a_listing_is_not_an_article_without_versions() {
    let whole = listing(&[1, 2]);
    let half = whole.split_once("<CommonPrefixes>").unwrap().0;
    for body in [
        half,
        "",
        "<Error><Code>InternalError</Code></Error>",
        "<html><title>Maintenance</title></html>",
        r#"{"versions":[]}"#,
    ] {
        assert_eq!(named(by_pmcid(&listed(200, body))), bad_answer(), "{body}");
    }
}

#[test]
fn the_buckets_refusals_are_named_by_their_status() {
    for (status, outcome, reason) in [
        (503, MissOutcome::Retryable, "http_5xx"),
        (429, MissOutcome::Retryable, "rate_limited"),
        (403, MissOutcome::NoPdf, "blocked"),
        (404, MissOutcome::Error, "bad_answer"),
        (400, MissOutcome::Nonretryable, "http_4xx"),
    ] {
        let error = "<Error><Code>SlowDown</Code></Error>";
        assert_eq!(
            named(by_pmcid(&listed(status, error))),
            (outcome, reason.to_owned()),
            "{status}"
        );
    }
}

#[test]
fn foreign_prefixes_and_nonsense_in_a_listing_are_passed_over() {
    let odd = listing(&[1]).replace(
        "</ListBucketResult>",
        "<CommonPrefixes><Prefix>PMC777.3/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>PMC77.x/</Prefix></CommonPrefixes>\
         <CommonPrefixes></CommonPrefixes><CommonPrefixes><Prefix>PMC77.99999999999/</Prefix></CommonPrefixes></ListBucketResult>",
    );
    let host = listed(200, &odd).json(&metadata(1), &article(1, ""));
    assert_eq!(by_pmcid(&host).unwrap().candidates.len(), 1);
    assert_eq!(host.requests().len(), 2);
}

#[test]
fn metadata_that_cannot_be_read_are_not_an_article_without_pdf() {
    for body in [
        "",
        "<html>busy</html>",
        r#"{"pmcid":"PMC77","#,
        "[]",
        "null",
    ] {
        let host = bucket(&[1]).json(&metadata(1), body);
        assert_eq!(named(by_pmcid(&host)), bad_answer(), "{body}");
    }
}

#[test]
fn a_listed_version_whose_metadata_are_gone_is_not_an_article_without_pdf() {
    let host = bucket(&[1]).status(&metadata(1), 404);
    assert_eq!(named(by_pmcid(&host)), bad_answer());
}

#[test]
fn a_file_of_another_article_or_outside_the_article_is_refused_loudly() {
    for key in [
        "PMC78.1/PMC78.1.pdf",
        "../x.pdf",
        "",
        "PMC777.1/PMC777.1.pdf",
        "PMC77.1/../PMC78.1/PMC78.1.pdf",
        "PMC77.1/./../PMC78.1/PMC78.1.pdf",
    ] {
        let json = article(1, "").replace("PMC77.1/PMC77.1.pdf", key);
        let host = bucket(&[1]).json(&metadata(1), &json);
        assert_eq!(named(by_pmcid(&host)), bad_answer(), "{key}");
    }
}

#[test]
fn an_encoded_step_upwards_in_a_key_stays_a_name() {
    let json = article(1, "").replace("PMC77.1/PMC77.1.pdf", "PMC77.1/%2e%2e/PMC78.1.pdf");
    let found = by_pmcid(&bucket(&[1]).json(&metadata(1), &json)).unwrap();
    let url = &found.candidates.first().unwrap().url;
    assert!(url.ends_with("/PMC77.1/%252e%252e/PMC78.1.pdf"), "{url}");
}

#[test]
fn wrong_types_in_metadata_are_read_for_what_they_mean() {
    let json = r#"{"pmcid":"pmc77","version":"1","pmid":"29456894","doi":null,"is_pmc_openaccess":"true","is_retracted":1,
        "is_manuscript":null,"license_code":7,"new_field":{"x":[]},"pdf_url":"s3://b/PMC77.1/PMC77.1.pdf"}"#;
    let found = by_pmcid(&bucket(&[1]).json(&metadata(1), json)).unwrap();
    let candidate = found.candidates.first().unwrap();
    assert_eq!(candidate.notes, ["retracted"]);
    assert_eq!(candidate.version.as_deref(), Some("publishedVersion"));
    assert_eq!(candidate.checksum, None);
}

#[test]
fn of_many_versions_the_newest_six_are_read() {
    let versions: Vec<u32> = (1..=40).collect();
    let host = (35..=40).fold(bucket(&versions), |host, version| {
        host.json(&metadata(version), &article(version, ""))
    });
    assert_eq!(by_pmcid(&host).unwrap().candidates.len(), 6);
    assert_eq!(host.requests().len(), 1 + 6);
}

#[test]
fn the_converters_troubles_are_not_absence_from_pmc() {
    for body in [
        "",
        "<html>busy</html>",
        r#"{"status":"ok"}"#,
        r#"{"status":"ok","records":null}"#,
        r#"{"status":"ok","records":[]}"#,
        r#"{"status":"error","message":"Invalid email"}"#,
        r#"{"status":"ok","records":[{"requested-id":"10.9/other","status":"error"}]}"#,
        r#"{"status":"ok","records":"none"}"#,
    ] {
        assert_eq!(
            named(by_doi(&ScriptedHost::new().json(IDCONV, body))),
            bad_answer(),
            "{body}"
        );
    }
    for (status, outcome, reason) in [
        (429, MissOutcome::Retryable, "rate_limited"),
        (500, MissOutcome::Retryable, "http_5xx"),
        (400, MissOutcome::Nonretryable, "http_4xx"),
        (404, MissOutcome::Error, "bad_answer"),
        (410, MissOutcome::Error, "bad_answer"),
    ] {
        let host = ScriptedHost::new().status(IDCONV, status);
        assert_eq!(named(by_doi(&host)), (outcome, reason.to_owned()));
    }
}

#[test]
fn a_doi_with_a_comma_is_not_torn_apart_by_the_converter() {
    let host = ScriptedHost::new();
    let work = testing::work(&[("doi", "10.1234/a,b")]);
    assert_eq!(
        named(attempt(&host, &work)),
        (MissOutcome::Skipped, "no_identifier".to_owned())
    );
    assert!(host.requests().is_empty());
}
