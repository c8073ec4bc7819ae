//! Every form of id is one address; what is no id asks nobody.
#![allow(clippy::unwrap_used)]

use paperfall_adapter::testing::{self, ScriptedHost};
use paperfall_adapter::{Identifier, MissOutcome};

use super::Arxiv;

fn pdf_of(identifier: (&str, &str)) -> String {
    let work = testing::work(&[identifier]);
    let found = testing::attempt::<Arxiv>(&ScriptedHost::new(), &work, &[]).unwrap();
    let candidate = found.candidates.first().unwrap();
    assert_eq!(candidate.reason, "arxiv_pdf");
    candidate.url.clone()
}

#[test]
fn every_form_of_id_is_a_pdf_address_without_a_request() {
    for (identifier, url) in [
        (("arxiv", "2101.00001"), "https://arxiv.org/pdf/2101.00001"),
        (
            ("arxiv", "1605.08386v1"),
            "https://arxiv.org/pdf/1605.08386v1",
        ),
        (
            ("arxiv", "quant-ph/0201082v1"),
            "https://arxiv.org/pdf/quant-ph/0201082v1",
        ),
        (
            ("doi", "10.48550/arxiv.2101.00001"),
            "https://arxiv.org/pdf/2101.00001",
        ),
    ] {
        assert_eq!(pdf_of(identifier), url);
    }
}

#[test]
fn the_id_inside_a_doi_is_handed_on() {
    let work = testing::work(&[("doi", "10.48550/arxiv.2101.00001")]);
    let found = testing::attempt::<Arxiv>(&ScriptedHost::new(), &work, &[]).unwrap();
    assert_eq!(found.identifiers, [Identifier::new("arxiv", "2101.00001")]);
}

#[test]
fn a_mirror_takes_arxivs_place() {
    let work = testing::work(&[("arxiv", "2101.00001")]);
    let found = testing::attempt::<Arxiv>(
        &ScriptedHost::new(),
        &work,
        &[("base-url", "https://mirror.example/")],
    )
    .unwrap();
    assert_eq!(
        found.candidates.first().unwrap().url,
        "https://mirror.example/pdf/2101.00001"
    );
}

#[test]
fn a_work_without_an_arxiv_id_is_skipped() {
    for identifier in [("doi", "10.7717/peerj.4375"), ("arxiv", "not an id")] {
        let work = testing::work(&[identifier]);
        let miss = testing::attempt::<Arxiv>(&ScriptedHost::new(), &work, &[]).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Skipped, "no_arxiv_id")
        );
    }
}

#[test]
fn a_version_is_kept_and_its_absence_means_the_newest() {
    // What the API's feed would give as the entry's link of type PDF.
    for (id, url) in [
        (
            "quant-ph/0301052v1",
            "https://arxiv.org/pdf/quant-ph/0301052v1",
        ),
        ("1606.01234v12", "https://arxiv.org/pdf/1606.01234v12"),
        ("1606.01234", "https://arxiv.org/pdf/1606.01234"),
        ("math.GT/0309136", "https://arxiv.org/pdf/math.GT/0309136"),
        ("0704.0001", "https://arxiv.org/pdf/0704.0001"),
    ] {
        assert_eq!(pdf_of(("arxiv", id)), url);
    }
}

#[test]
fn what_the_api_would_call_an_error_is_no_id_and_asks_nobody() {
    // The API answers such ids with 400 and an entry titled "Error".
    for id in [
        "abc",
        "1401.12345",
        "2101.0001",
        "1613.00001",
        "hep-xx/9901001",
        "",
        "2101.00001v0",
    ] {
        let host = ScriptedHost::new();
        let work = testing::work(&[("arxiv", id)]);
        let miss = testing::attempt::<Arxiv>(&host, &work, &[]).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Skipped, "no_arxiv_id"),
            "{id}"
        );
        assert!(host.requests().is_empty());
    }
}

#[test]
fn one_candidate_only_so_that_no_other_version_is_filed() {
    let work = testing::work(&[
        ("arxiv", "1606.01234v2"),
        ("doi", "10.48550/arxiv.1606.01234"),
    ]);
    let host = ScriptedHost::new();
    let found = testing::attempt::<Arxiv>(&host, &work, &[]).unwrap();
    assert_eq!(found.candidates.len(), 1);
    assert_eq!(
        found.candidates.first().unwrap().version.as_deref(),
        Some("submittedVersion")
    );
    assert!(host.requests().is_empty());
}
