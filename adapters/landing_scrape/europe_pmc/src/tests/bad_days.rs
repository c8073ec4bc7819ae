//! What Europe PMC sends when something is wrong: each has a name, and none of
//! them is "no PDF" or "not found".

use super::*;

fn named(body: &str) -> (MissOutcome, String) {
    let miss = by_doi(&ScriptedHost::new().json(BY_DOI, body)).unwrap_err();
    (miss.outcome(), miss.reason().to_owned())
}

#[test]
fn answers_that_are_no_search_result_are_bad_answers() {
    for body in [
        "",
        "null",
        "[]",
        "<html><title>502 Proxy Error</title></html>",
        r#"{"version":"6.9","errCode":404,"errMsg":"Invalid query"}"#,
        r#"{"hitCount":1,"request":{"resultType":"core"},"resultList":{"result":[{"doi":"10.1016/s0"#,
        r#"{"hitCount":1,"request":{"resultType":"core"},"resultList":{"result":[]}}"#,
        r#"{"request":{"resultType":"core"},"resultList":{"result":null}}"#,
        r#"{"hitCount":1,"resultList":{"result":"none"}}"#,
        r#"{"hitCount":0,"resultList":null}"#,
    ] {
        assert_eq!(
            named(body),
            (MissOutcome::Error, "bad_answer".to_owned()),
            "{body}"
        );
    }
}

#[test]
fn statuses_are_told_apart() {
    for (status, outcome, reason) in [
        (429, MissOutcome::Retryable, "rate_limited"),
        (500, MissOutcome::Retryable, "http_5xx"),
        (503, MissOutcome::Retryable, "http_5xx"),
        (400, MissOutcome::Nonretryable, "http_4xx"),
        (403, MissOutcome::NoPdf, "blocked"),
        (404, MissOutcome::Error, "bad_answer"),
    ] {
        let miss = by_doi(&ScriptedHost::new().status(BY_DOI, status)).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (outcome, reason),
            "{status}"
        );
    }
}

#[test]
fn a_record_without_an_echo_of_the_request_is_not_believed_to_be_core() {
    let bare =
        r#"{"hitCount":1,"resultList":{"result":[{"doi":"10.1016/s0140-6736(24)02600-x"}]}}"#;
    assert_eq!(named(bare), (MissOutcome::Error, "bad_answer".to_owned()));
}

#[test]
fn numbers_for_strings_nulls_and_unknown_words_are_read_for_what_they_mean() {
    let body = core(
        r#"{"source":null,"pmid":29456894,"pmcid":"pmc77","doi":"10.1016/S0140-6736(24)02600-X","license":null,"pubTypeList":null,
        "fullTextUrlList":{"fullTextUrl":[null,"junk",7,{"availabilityCode":"XX","documentStyle":"pdf","url":"https://pub.example/x.pdf"},
        {"availabilityCode":null,"documentStyle":"pdf","url":"https://pub.example/y.pdf"},
        {"availabilityCode":"f","documentStyle":"PDF","url":"https://pub.example/free.pdf"},
        {"availabilityCode":"F","documentStyle":"pdf","url":"n/a"},{"availabilityCode":"F","documentStyle":"pdf","url":null}]}}"#,
    );
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &body)).unwrap();
    let urls: Vec<_> = found.candidates.iter().map(|c| c.url.as_str()).collect();
    assert_eq!(urls, ["https://pub.example/free.pdf"]);
    assert!(
        found
            .identifiers
            .contains(&Identifier::new("pmcid", "PMC77"))
    );
}

#[test]
fn one_link_that_is_not_in_a_list_is_read() {
    let body = core(&record("")).replace("[]", FREE_PDF);
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &body)).unwrap();
    assert_eq!(found.candidates.len(), 1);
}

#[test]
fn publication_types_in_odd_shapes_do_not_cost_the_pdf() {
    for (types, notes) in [
        (r#"{"pubType":"Retracted Publication"}"#, &["retracted"][..]),
        (r#"{"pubType":[7,"retracted publication"]}"#, &["retracted"]),
        (r#"{"pubType":7}"#, &[]),
        (r#"{"pubType":[1,2]}"#, &[]),
        (r#""Journal Article""#, &[]),
        ("[]", &[]),
    ] {
        let body = core(&record(FREE_PDF)).replace(
            r#"{"pubType":["Journal Article","Retracted Publication"]}"#,
            types,
        );
        let found = by_doi(&ScriptedHost::new().json(BY_DOI, &body)).unwrap();
        assert_eq!(found.candidates.first().unwrap().notes, notes, "{types}");
    }
}

#[test]
fn thousands_of_equal_links_are_one_candidate() {
    let links = vec![FREE_PDF; 5_000].join(",");
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &core(&record(&links)))).unwrap();
    assert_eq!(found.candidates.len(), 1);
}

#[test]
fn a_record_found_by_number_has_to_bear_that_number() {
    let work = testing::work(&[("pmid", "29456894")]);
    let other = core(&record(FREE_PDF)).replace("29456894", "29456895");
    let miss = attempt(&ScriptedHost::new().json(BY_PMID, &other), &work).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::NoPdf, "not_found")
    );
}
