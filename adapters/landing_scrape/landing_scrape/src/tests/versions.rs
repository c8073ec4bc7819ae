//! Older versions, which are never taken where a newer one is known.

use super::*;

fn urls_at(pages: &[(&str, &str)]) -> Vec<String> {
    let mut host = ScriptedHost::new();
    for (url, html) in pages {
        host = host.html(url, html);
    }
    let urls: Vec<&str> = pages.iter().map(|(url, _)| *url).collect();
    attempt(&host, &at(&urls))
        .map(|found| found.candidates.into_iter().map(|c| c.url).collect())
        .unwrap_or_default()
}

#[test]
fn a_version_older_than_the_page_is_not_taken() {
    for (page, html) in [
        (
            "https://pub.example/content/10.1234/77v2",
            "<a href=/content/10.1234/77v1.full.pdf>Download PDF</a>",
        ),
        (
            "https://pub.example/content/10.1234/77v2",
            "<meta name=citation_pdf_url content=/content/10.1234/77v1.full.pdf>",
        ),
        (
            "https://arx.example/abs/2101.00001v3",
            "<a href=/pdf/2101.00001v1>View PDF</a>",
        ),
    ] {
        assert_eq!(urls_at(&[(page, html)]), Vec::<String>::new(), "{html}");
    }
}

#[test]
fn a_button_of_an_older_version_is_no_second_choice_behind_the_metadata() {
    let page = "https://pub.example/articles/9-12/v3";
    let html = "<meta name=citation_pdf_url content=/articles/9-12/v3/pdf>\
        <a href=/articles/9-12/v1/pdf>Download PDF</a>";
    assert_eq!(
        urls_at(&[(page, html)]),
        ["https://pub.example/articles/9-12/v3/pdf"]
    );
}

#[test]
fn what_one_page_names_is_older_than_what_another_does() {
    let (old, new) = (
        "https://pub.example/articles/9-12/v1",
        "https://pub.example/articles/9-12/v2",
    );
    let html = |n: u8| format!("<meta name=citation_pdf_url content=/articles/9-12/v{n}/pdf>");
    assert_eq!(
        urls_at(&[(old, &html(1)), (new, &html(2))]),
        ["https://pub.example/articles/9-12/v2/pdf"]
    );
}

#[test]
fn the_pages_own_version_a_newer_one_and_one_without_number_are_taken() {
    for (href, html) in [
        ("/content/10.1234/77v2.full.pdf", "PDF"),
        ("/content/10.1234/77v3.full.pdf", "PDF"),
        ("/content/10.1234/77.full.pdf", "PDF"),
    ] {
        let html = format!("<a href={href}>{html}</a>");
        let page = "https://pub.example/content/10.1234/77v2";
        assert_eq!(urls_at(&[(page, &html)]).len(), 1, "{href}");
    }
    // Another site counts its versions for itself.
    let (one, other) = ("https://a.example/7/v2", "https://b.example/7/v1");
    let html = "<meta name=citation_pdf_url content=/7/v1/pdf>";
    assert_eq!(
        urls_at(&[(one, ""), (other, html)]),
        ["https://b.example/7/v1/pdf"]
    );
}
