//! Extraction on small pages of each kind, and each named miss.
#![allow(clippy::unwrap_used)]

mod bad_days;
mod challenges;
mod links;
mod lists;
mod metadata;
mod places;
mod refreshes;
mod refusals;
mod shapes;
mod versions;

use paperfall_adapter::testing::{self, ScriptedHost, response};
use paperfall_adapter::{Findings, HttpErrorKind, Miss, MissOutcome, Work};

use super::LandingScrape;

const PAGE: &str = "https://pub.example/article/1";

fn attempt(host: &ScriptedHost, work: &Work) -> Result<Findings, Miss> {
    testing::attempt::<LandingScrape>(host, work, &[])
}

fn at(pages: &[&str]) -> Work {
    testing::work_at(&[], pages)
}

/// The URLs proposed for a page that answers at `url`.
fn pdfs_at(url: &str, html: &str) -> Vec<String> {
    attempt(&ScriptedHost::new().html(url, html), &at(&[url]))
        .map(|found| found.candidates.into_iter().map(|c| c.url).collect())
        .unwrap_or_default()
}

/// The URLs proposed for a page, or the reason there are none.
fn read(html: &str, work: &Work) -> Result<Vec<String>, String> {
    attempt(&ScriptedHost::new().html(PAGE, html), work)
        .map(|found| found.candidates.into_iter().map(|c| c.url).collect())
        .map_err(|miss| miss.reason().to_owned())
}

fn pdfs(html: &str) -> Vec<String> {
    read(html, &at(&[PAGE])).unwrap_or_default()
}

#[test]
fn citation_pdf_url_comes_first_and_equals_are_proposed_once() {
    let html = "<link rel='ALTERNATE nofollow' type='application/pdf' href=/article/1.pdf>\
        <META content='/file?id=10.1/x&type=printable' PROPERTY=Citation_Pdf_Url>\
        <a href='https://pub.example/article/1.pdf'>PDF</a>";
    assert_eq!(
        pdfs(html),
        [
            "https://pub.example/file?id=10.1/x&type=printable",
            "https://pub.example/article/1.pdf"
        ]
    );
}

#[test]
fn the_relatives_of_citation_pdf_url_count_too() {
    for html in [
        "<meta name=bepress_citation_pdf_url content='x y.pdf'>",
        "<meta name=wkhealth_pdf_url content='x%20y.pdf'>",
        "<meta name=eprints.document_url content='/article/x%20y.pdf'><meta name=eprints.document_url content=/x.zip>",
        "<base href=/article/><embed src='x y.pdf'>",
        "<iframe src='/viewer.html?file=%2Farticle%2Fx%2520y.pdf#page=1'></iframe>",
        "<object data='x y.pdf' type='application/pdf'></object>",
    ] {
        assert_eq!(
            pdfs(html),
            ["https://pub.example/article/x%20y.pdf"],
            "{html}"
        );
    }
}

#[test]
fn a_link_that_says_full_text_is_taken_without_pdf_in_its_address() {
    let html = "<ul><li><a href=/abs/1>Abstract</a><li><a class=obj_galley_link-pdf href=/download/12/34>PDF (1.622 MB)</a></ul>";
    assert_eq!(pdfs(html), ["https://pub.example/download/12/34"]);
}

#[test]
fn the_whole_page_is_read_not_its_beginning() {
    let html = format!(
        "<p>{}</p><a href=/article/1.pdf>Download PDF</a>",
        "x".repeat(300_000)
    );
    assert_eq!(pdfs(&html), ["https://pub.example/article/1.pdf"]);
}

#[test]
fn supplements_figures_references_and_older_versions_are_never_taken() {
    for html in [
        "<a href=/doi/suppl/10.1/x/suppl_file/x_si_001.pdf>PDF</a>",
        "<meta name=citation_pdf_url content=/downloadSupplement?file=SuppData.pdf>",
        "<a href=/files/s1.pdf>Supporting Information (PDF)</a>",
        "<a href=/files/fig1.pdf>PDF</a>",
        "<a href=/files/1.pdf>Figure 1 (PDF)</a>",
        "<a href=https://other.example/cited.pdf>PDF</a>",
        "<ol class=c-article-references><li><a href=/content/other.pdf>PDF</a></ol>",
        "<section id=related-articles><a href=/article/2.pdf>Download PDF</a></section>",
        "<a href=/article/1v1.pdf>Previous version (PDF)</a>",
        "<footer><a href=/about/us.pdf>PDF</a></footer>",
        "<a href=/authors/guidelines.pdf>PDF</a>",
        "<a href='javascript:open(1)'>PDF</a>",
        "<a href='/export?format=bibtex'>Download</a>",
        "<a href='#pdf'>PDF</a>",
    ] {
        assert_eq!(
            read(html, &at(&[PAGE])),
            Err("no_pdf_url".to_owned()),
            "{html}"
        );
    }
}

#[test]
fn an_index_pages_first_link_is_not_the_paper_unless_a_link_names_the_work() {
    let index = "<a href=/p/10.1234/a.pdf>PDF</a><a href=/p/10.1234/ab.pdf>PDF</a><a href=/p/10.1234/c.pdf>PDF</a>\
        <a href=/p/4.pdf>On the nesting habits of lesser penguins</a>";
    assert_eq!(pdfs(index), Vec::<String>::new());

    let by_doi = Work {
        landing_urls: vec![PAGE.to_owned()],
        ..testing::work(&[("doi", "10.1234/a")])
    };
    assert_eq!(
        read(index, &by_doi).unwrap(),
        ["https://pub.example/p/10.1234/a.pdf"]
    );

    let by_title = Work {
        title: Some("On the Nesting Habits of  Lesser Penguins".to_owned()),
        ..at(&[PAGE])
    };
    assert_eq!(
        read(index, &by_title).unwrap(),
        ["https://pub.example/p/4.pdf"]
    );
}

#[test]
fn files_beside_the_one_the_metadata_names_are_left_alone() {
    let html = "<meta name=citation_pdf_url content=/files/final.pdf>\
        <a type='application/pdf; length=1' href=/files/final.pdf>final.pdf</a>\
        <a type='application/pdf; length=2' href=/files/summer.pdf>summer.pdf</a>";
    assert_eq!(pdfs(html), ["https://pub.example/files/final.pdf"]);
}

#[test]
fn a_paywall_page_may_still_name_the_pdf_and_is_paywalled_when_it_does_not() {
    let buy = "<div class='c-article-buy-box'>Buy article PDF</div>";
    let named = format!("<meta name=citation_pdf_url content=/content/pdf/1.pdf>{buy}");
    assert_eq!(pdfs(&named), ["https://pub.example/content/pdf/1.pdf"]);
    assert_eq!(read(buy, &at(&[PAGE])), Err("paywalled".to_owned()));
}

#[test]
fn challenges_and_firewalls_are_blocked_and_their_refresh_is_not_followed() {
    let challenge = "<title>Just a moment...</title><meta http-equiv=refresh content='1;url=/x'>\
        <meta name=citation_pdf_url content=/x.pdf>";
    for (status, body) in [(200, challenge), (403, challenge), (403, "Forbidden")] {
        let host = ScriptedHost::new().answer(PAGE, response(PAGE, status, "text/html", body));
        let miss = attempt(&host, &at(&[PAGE])).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::NoPdf, "blocked")
        );
        assert_eq!(host.requests(), [PAGE]);
    }
}

#[test]
fn a_landing_page_that_is_the_pdf_is_proposed() {
    let found = attempt(&ScriptedHost::new().pdf(PAGE), &at(&[PAGE])).unwrap();
    let candidate = found.candidates.first().unwrap();
    assert_eq!(
        (candidate.url.as_str(), candidate.reason.as_str()),
        (PAGE, "landing_pdf")
    );
}

#[test]
fn every_page_is_read_and_the_plainest_candidate_of_all_comes_first() {
    let (other, third) = ("https://repo.example/7", "https://repo.example/8");
    let host = ScriptedHost::new()
        .html(PAGE, "<a href=/article/1.pdf>PDF</a>")
        .html(other, "<meta name=citation_pdf_url content=/7/file>")
        .status(third, 503);
    let found = attempt(&host, &at(&["https://doi.org/10.1/x", PAGE, other, third])).unwrap();
    let urls: Vec<_> = found.candidates.iter().map(|c| c.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://repo.example/7/file",
            "https://pub.example/article/1.pdf"
        ]
    );
    assert_eq!(
        host.requests(),
        [PAGE, other, third],
        "the resolver is not asked again"
    );
}

#[test]
fn when_time_is_short_the_first_find_is_returned() {
    let host = ScriptedHost::new()
        .html(PAGE, "<meta name=citation_pdf_url content=/1.pdf>")
        .with_ms_left(4_000);
    assert_eq!(
        attempt(&host, &at(&[PAGE, "https://slow.example/"]))
            .unwrap()
            .candidates
            .len(),
        1
    );
    assert_eq!(host.requests(), [PAGE]);
}

#[test]
fn of_several_failures_the_most_telling_is_reported() {
    let (b, c) = ("https://b.example/", "https://c.example/");
    let blocked = ScriptedHost::new()
        .status(PAGE, 404)
        .status(b, 403)
        .html(c, "<p>nothing");
    let pages = at(&[PAGE, b, c]);
    assert_eq!(attempt(&blocked, &pages).unwrap_err().reason(), "blocked");
    let flaky = blocked.fail(c, HttpErrorKind::Reset);
    let miss = attempt(&flaky, &pages).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "reset")
    );
    let gone = ScriptedHost::new().status(PAGE, 410);
    assert_eq!(
        attempt(&gone, &at(&[PAGE])).unwrap_err().reason(),
        "not_found"
    );
}

#[test]
fn a_work_without_landing_pages_is_skipped() {
    let miss = attempt(&ScriptedHost::new(), &at(&[])).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Skipped, "no_landing_url")
    );
}
