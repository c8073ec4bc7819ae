//! Answers of the shapes Europe PMC is known to send.

use super::*;

#[test]
fn an_open_record_gives_its_rendered_pdf_and_its_pmcid_and_the_paid_doi_link_is_ignored() {
    let links = [PAID, FREE_HTML, FREE_PDF].join(",");
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &core(&record(&links)))).unwrap();
    let urls: Vec<_> = found.candidates.iter().map(|c| c.url.as_str()).collect();
    assert_eq!(urls, ["https://europepmc.org/articles/PMC77?pdf=render"]);
    assert!(found.landing_urls.is_empty());
    for identifier in [
        Identifier::new("pmcid", "PMC77"),
        Identifier::new("pmid", "29456894"),
        Identifier::new("doi", "10.1016/s0140-6736(24)02600-x"),
    ] {
        assert!(found.identifiers.contains(&identifier), "{identifier:?}");
    }
}

#[test]
fn a_closed_record_with_its_doi_only_is_not_oa() {
    let found = by_doi(&ScriptedHost::new().json(BY_DOI, &core(&record(PAID)))).unwrap();
    assert_eq!(
        (
            found.reason.as_str(),
            found.candidates.len(),
            found.landing_urls.len()
        ),
        ("not_oa", 0, 0)
    );
}

#[test]
fn a_lite_answer_is_an_error_even_where_its_flags_say_there_is_no_pdf() {
    let lite = |record: &str| {
        format!(
            r#"{{"hitCount":3,"request":{{"resultType":"lite","pageSize":25}},"resultList":{{"result":[
        {{"id":"1","source":"MED","pmid":"1","doi":"10.9/other","hasPDF":"Y"}},{record}]}}}}"#
        )
    };
    let ours = r#"{"id":"39","source":"MED","pmid":"39","doi":"10.1016/s0140-6736(24)02600-x","isOpenAccess":"N","hasPDF":"N","inPMC":"N"}"#;
    let miss = by_doi(&ScriptedHost::new().json(BY_DOI, &lite(ours))).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Error, "bad_answer")
    );
}

#[test]
fn no_hits_is_not_found() {
    for count in ["0", "\"0\""] {
        let none = format!(
            r#"{{"version":"6.9","hitCount":{count},"request":{{"resultType":"core"}},"resultList":{{"result":[]}}}}"#
        );
        let miss = by_doi(&ScriptedHost::new().json(BY_DOI, &none)).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::NoPdf, "not_found")
        );
    }
}

#[test]
fn a_quotation_mark_or_backslash_in_a_doi_cannot_end_the_quotation() {
    let id = crate::Id::Doi(paperfall_adapter::ids::Doi::parse("10.1234/a\"x\\y").unwrap());
    assert_eq!(id.query(), "DOI:\"10.1234/a\\\"x\\\\y\"");
}

#[test]
fn a_preprint_and_a_manuscript_are_called_what_they_are() {
    for (field, version) in [
        (r#""source":"PPR""#, "submittedVersion"),
        (
            r#""source":"MED","manuscriptId":"NIHMS1""#,
            "acceptedVersion",
        ),
        (r#""source":"MED""#, "publishedVersion"),
    ] {
        let body = core(&record(FREE_PDF)).replace(r#""source":"MED""#, field);
        let found = by_doi(&ScriptedHost::new().json(BY_DOI, &body)).unwrap();
        assert_eq!(
            found.candidates.first().unwrap().version.as_deref(),
            Some(version)
        );
    }
}
