//! Records of the shapes Unpaywall is known to send.

use super::*;

/// A record with these fields and locations.
fn record(fields: &str, locations: &str) -> String {
    format!(r#"{{"doi":"10.1234/a:1<2>",{fields},"oa_locations":[{locations}]}}"#)
}

const OPEN: &str = r#""genre":"journal-article","is_oa":true"#;

#[test]
fn a_closed_record_of_a_doi_with_a_colon_is_not_oa_and_the_colon_stays_in_the_path() {
    let host = ScriptedHost::new().json(
        URL,
        r#"{"doi":"10.1234/a:1<2>","genre":"journal-article","is_oa":false,"oa_status":"closed","best_oa_location":null,
        "first_oa_location":null,"has_repository_copy":false,"oa_locations":[],"oa_locations_embargoed":[]}"#,
    );
    let found = attempt(&host).unwrap();
    assert_eq!(found.reason, "not_oa");
    assert!(found.candidates.is_empty() && found.landing_urls.is_empty());
    assert_eq!(host.requests(), [URL]);
}

#[test]
fn a_hybrid_article_with_only_a_landing_page_is_not_called_closed() {
    let found = found(&record(
        OPEN,
        r#"{"url":"https://doi.org/10.1234/a","url_for_pdf":null,"url_for_landing_page":"https://doi.org/10.1234/a",
        "is_best":true,"host_type":"publisher","license":"elsevier-specific: oa user license","version":"publishedVersion"}"#,
    ));
    assert_eq!(
        (found.reason.as_str(), found.candidates.len()),
        ("no_pdf_url", 0)
    );
    assert_eq!(found.landing_urls, ["https://doi.org/10.1234/a"]);
}

#[test]
fn bepress_files_differ_by_their_query_and_a_page_that_is_the_file_is_not_handed_on() {
    let view = |n: u8| format!("https://works.example/cgi/viewcontent.cgi?article={n}&context=jx");
    let found = found(&record(
        OPEN,
        &format!(
            r#"{{"url_for_pdf":"{}","url_for_landing_page":"https://doi.org/10.1234/a","is_best":true}},
            {{"url_for_pdf":"{}","url_for_landing_page":"{}"}}"#,
            view(11),
            view(12),
            view(12)
        ),
    ));
    assert_eq!(urls(&found), [view(11), view(12)]);
    assert_eq!(found.landing_urls, ["https://doi.org/10.1234/a"]);
}

#[test]
fn a_pmcid_in_small_letters_is_mined_once_from_several_locations() {
    let found = found(&record(
        OPEN,
        r#"{"url_for_pdf":"https://pub.example/file?id=1&type=printable","is_best":true,"license":"cc-by"},
        {"url_for_pdf":"https://europepmc.org/articles/pmc8123456?pdf=render","pmh_id":"oai:europepmc.org:99"},
        {"url":"https://www.ncbi.nlm.nih.gov/pmc/articles/PMC8123456","url_for_pdf":null,
        "url_for_landing_page":"https://www.ncbi.nlm.nih.gov/pmc/articles/PMC8123456"}"#,
    ));
    assert_eq!(found.identifiers, [Identifier::new("pmcid", "PMC8123456")]);
    assert_eq!(
        urls(&found),
        [
            "https://pub.example/file?id=1&type=printable",
            "https://europepmc.org/articles/pmc8123456?pdf=render"
        ]
    );
}

#[test]
fn an_http_arxiv_copy_is_proposed_in_https_as_the_arxiv_source_would() {
    let found = found(&record(
        OPEN,
        r#"{"url":"http://arxiv.org/pdf/2108.01234","url_for_pdf":"http://arxiv.org/pdf/2108.01234","pmh_id":"oai:arXiv.org:2108.01234",
        "url_for_landing_page":"http://arxiv.org/abs/2108.01234","version":"submittedVersion","host_type":"repository"},
        {"url_for_pdf":"https://arxiv.org/pdf/2108.01234.pdf"}"#,
    ));
    assert_eq!(urls(&found), ["https://arxiv.org/pdf/2108.01234"]);
    assert_eq!(found.identifiers, [Identifier::new("arxiv", "2108.01234")]);
}

#[test]
fn an_old_style_arxiv_id_is_recognised_in_a_path_and_the_url_kept() {
    let found = found(&record(
        OPEN,
        r#"{"url_for_pdf":"https://arxiv.org/pdf/astro-ph/0002002","url":"https://arxiv.org/pdf/astro-ph/0002002"}"#,
    ));
    assert_eq!(urls(&found), ["https://arxiv.org/pdf/astro-ph/0002002"]);
    assert_eq!(
        found.identifiers,
        [Identifier::new("arxiv", "astro-ph/0002002")]
    );
}

#[test]
fn a_component_in_any_case_is_refused_and_hands_its_parents_pages_on_to_nobody() {
    let host = ScriptedHost::new().json(
        URL,
        &record(
            r#""genre":"Component","is_oa":true"#,
            r#"{"url_for_pdf":"https://pub.example/parent.pdf","url_for_landing_page":"https://pub.example/parent"}"#,
        ),
    );
    assert_eq!(missed(&host), (MissOutcome::NoPdf, "component".to_owned()));
}

#[test]
fn unknown_fields_and_unknown_words_do_no_harm() {
    let found = found(
        r#"{"doi":"10.1234/a:1<2>","is_oa":true,"genre":"hologram","oa_status":"diamond","new":{"x":[1]},
        "oa_locations":[{"url_for_pdf":"https://a.example/1.pdf","version":"memoVersion","host_type":"moon","is_best":null,"x":1}]}"#,
    );
    assert_eq!(urls(&found), ["https://a.example/1.pdf"]);
}
