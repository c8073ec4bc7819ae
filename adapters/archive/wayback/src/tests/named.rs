//! What a captured landing page names, judged as a live one is.

use super::*;

use paperfall_adapter::Work;

const GOOD: &str = "https://pub.example/x.pdf";
const STAMP: &str = "20200101000000";

/// The candidates' URLs for a captured page, every PDF of which was captured.
fn found(html: &str, work: &Work) -> Vec<String> {
    let page = replay(STAMP, PAGE);
    let mut host = ScriptedHost::new()
        .json(&cdx(PAGE), &rows(PAGE, &[(STAMP, "text/html", "200")]))
        .answer(&page, capture(&page, 200, "text/html", html));
    for pdf in [
        GOOD,
        "https://pub.example/suppl_file/s.pdf",
        "https://pub.example/y.pdf",
        "https://pub.example/z.pdf",
    ] {
        let url = replay(STAMP, pdf);
        host = host
            .json(&cdx(pdf), &rows(pdf, &[(STAMP, "application/pdf", "200")]))
            .answer(&url, capture(&url, 200, "application/pdf", "%PDF-1.4"));
    }
    testing::attempt::<Wayback>(&host, work, &[])
        .map(|found| found.candidates.into_iter().map(|c| c.url).collect())
        .unwrap_or_default()
}

fn metas(urls: &[&str]) -> String {
    urls.iter()
        .map(|url| format!("<meta name=citation_pdf_url content={url}>"))
        .collect()
}

#[test]
fn a_captured_pages_supplement_is_passed_over() {
    let work = testing::work_at(&[], &[PAGE]);
    let html = metas(&["/suppl_file/s.pdf", "/x.pdf"]);
    assert_eq!(found(&html, &work), [replay(STAMP, GOOD)]);
    let only = metas(&["/suppl_file/s.pdf"]);
    assert_eq!(found(&only, &work), Vec::<String>::new());
}

#[test]
fn of_a_captured_page_of_several_works_or_of_another_none_is_taken() {
    let work = Work {
        title: Some("On the nesting habits of lesser penguins".to_owned()),
        landing_urls: vec![PAGE.to_owned()],
        ..testing::work(&[("doi", "10.1234/ours")])
    };
    let dois = |dois: &[&str]| -> String {
        dois.iter()
            .map(|doi| format!("<meta name=citation_doi content={doi}>"))
            .collect()
    };
    let three = metas(&["/x.pdf", "/y.pdf", "/z.pdf"]);
    let titles = "<meta name=citation_title content='Paper one'><meta name=citation_title content='Paper two'>";
    for html in [
        dois(&["10.1234/ours", "10.1234/b"]) + &three,
        titles.to_owned() + &three,
        dois(&["10.1234/b"])
            + "<meta name=citation_title content='Soil moisture in alpine meadows'>"
            + &metas(&["/x.pdf"]),
        metas(&["/x.pdf", "/y.pdf", "/z.pdf", "/4.pdf", "/5.pdf"]),
    ] {
        assert_eq!(found(&html, &work), Vec::<String>::new(), "{html}");
    }
    let ours = dois(&["10.1234/ours"]) + &metas(&["/x.pdf"]);
    assert_eq!(found(&ours, &work), [replay(STAMP, GOOD)]);
}
