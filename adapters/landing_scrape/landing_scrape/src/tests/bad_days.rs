//! Publishers on a bad day, and pages made to do harm.

use std::time::{Duration, Instant};

use super::*;
use paperfall_adapter::Header;

/// Eight mebibytes, the most the host hands over.
const HUGE: usize = 8 << 20;
/// Far above what any takes, far below what a quadratic one would.
const PATIENCE: Duration = Duration::from_secs(10);

fn quickly(html: &str) -> Result<Vec<String>, String> {
    let started = Instant::now();
    let result = read(html, &at(&[PAGE]));
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    result
}

fn filled(unit: &str) -> String {
    unit.repeat(HUGE / unit.len())
}

#[test]
fn huge_pages_of_every_kind_are_read_in_bounded_time() {
    for unit in [
        "<a href=/x.pdf>PDF</a>",
        "<a href=/x.pdf>",
        "<div class='a b c d e f g h i j k l m n o p'>",
        "<b><p>",
        "<table><tr><td>",
        "<span id=x></b>",
        "<svg><g>",
        "<meta name=citation_pdf_url content=/x.pdf>",
        "<iframe src=/x.pdf>",
        "<h2>References</h2>",
        "<script type=application/json>{\"pdfDownload\":1}</script>",
        "&amp;",
        "<",
        "<!--",
        "<title>",
        "word ",
        "\u{FFFD}",
    ] {
        let _ = quickly(&filled(unit));
    }
}

#[test]
fn hundreds_of_thousands_of_different_links_are_compared_in_bounded_time() {
    let links: String = (0..250_000)
        .map(|n| format!("<a href=/{n}.pdf>PDF</a>"))
        .collect();
    assert_eq!(quickly(&links), Err("no_pdf_url".to_owned()));
    let metas: String = (0..150_000)
        .map(|n| format!("<meta name=citation_pdf_url content=/{n}.pdf>"))
        .collect();
    assert_eq!(quickly(&metas), Err("no_pdf_url".to_owned()));
}

#[test]
fn formatting_left_open_before_endless_paragraphs_is_no_trouble() {
    let open: String = (0..900).map(|n| format!("<b id={n}>")).collect();
    let html = format!("<p>{open}</p>{}", "<p>x</p>".repeat(300_000));
    assert_eq!(quickly(&html), Err("no_pdf_url".to_owned()));
}

#[test]
fn a_paper_named_at_the_end_of_a_long_article_is_found() {
    let html = format!(
        "{}<a href=/own.pdf>Download PDF</a>",
        "<p>text</p>".repeat(30_000)
    );
    assert_eq!(quickly(&html).unwrap(), ["https://pub.example/own.pdf"]);
}

#[test]
fn a_page_in_utf16_or_latin_1_is_read() {
    let html = "<meta name=citation_pdf_url content='/café.pdf'>";
    let utf16 = [
        vec![0xFF, 0xFE],
        html.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ]
    .concat();
    let latin: Vec<u8> = html
        .chars()
        .filter_map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    for body in [utf16, latin] {
        let mut answer = response(PAGE, 200, "text/html", "");
        answer.body = body;
        let found = attempt(&ScriptedHost::new().answer(PAGE, answer), &at(&[PAGE])).unwrap();
        assert_eq!(
            found.candidates.first().unwrap().url,
            "https://pub.example/caf%C3%A9.pdf"
        );
    }
}

#[test]
fn a_link_in_the_words_of_an_older_encoding_is_understood() {
    for (label, text) in [
        (
            "windows-1251",
            b"\xCF\xEE\xEB\xED\xFB\xE9 \xF2\xE5\xEA\xF1\xF2".as_slice(),
        ),
        ("shift_jis", b"\x91\x53\x95\xB6\x82\xF0\x95\x5C\x8E\xA6"),
        ("euc-kr", b"\xBF\xF8\xB9\xAE\xBA\xB8\xB1\xE2"),
    ] {
        let page = [
            b"<title>x</title><a href=/files/ax77.pdf>".as_slice(),
            text,
            b"</a>",
        ]
        .concat();
        let meta = format!("<meta charset={label}>");
        for (kind, body) in [
            (format!("text/html; charset={label}"), page.clone()),
            (
                "text/html".to_owned(),
                [meta.as_bytes(), page.as_slice()].concat(),
            ),
        ] {
            let mut answer = response(PAGE, 200, &kind, "");
            answer.body = body;
            let found = attempt(&ScriptedHost::new().answer(PAGE, answer), &at(&[PAGE])).unwrap();
            assert_eq!(found.candidates.len(), 1, "{kind} {label}");
        }
    }
}

#[test]
fn bytes_of_no_encoding_at_all_are_no_trouble() {
    let noise: Vec<u8> = (0..200_000u32)
        .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap_or(0))
        .collect();
    let mut answer = response(PAGE, 200, "text/html; charset=x-unknown", "");
    answer.body = noise;
    assert!(attempt(&ScriptedHost::new().answer(PAGE, answer), &at(&[PAGE])).is_err());
}

#[test]
fn an_empty_answer_is_not_a_page_without_a_pdf() {
    for body in ["", " \r\n\t"] {
        let host = ScriptedHost::new().html(PAGE, body);
        let miss = attempt(&host, &at(&[PAGE])).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Error, "bad_answer")
        );
    }
}

#[test]
fn pages_that_say_404_or_maintenance_with_status_200_are_what_they_say() {
    for (title, outcome, reason) in [
        ("404 Not Found", MissOutcome::NoPdf, "not_found"),
        (
            "Page not found | Publisher",
            MissOutcome::NoPdf,
            "not_found",
        ),
        ("Scheduled maintenance", MissOutcome::Retryable, "http_5xx"),
        (
            "503 Service Temporarily Unavailable",
            MissOutcome::Retryable,
            "http_5xx",
        ),
    ] {
        let html = format!("<title>{title}</title><a href=/annual-2020.pdf>PDF</a>");
        let miss = attempt(&ScriptedHost::new().html(PAGE, &html), &at(&[PAGE])).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (outcome, reason),
            "{title}"
        );
    }
}

#[test]
fn statuses_are_told_apart() {
    for (status, outcome, reason) in [
        (404, MissOutcome::NoPdf, "not_found"),
        (410, MissOutcome::NoPdf, "not_found"),
        (400, MissOutcome::Nonretryable, "http_4xx"),
        (500, MissOutcome::Retryable, "http_5xx"),
        (504, MissOutcome::Retryable, "http_5xx"),
    ] {
        let miss = attempt(&ScriptedHost::new().status(PAGE, status), &at(&[PAGE])).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason(), miss.status()),
            (outcome, reason, Some(status))
        );
    }
    let mut busy = response(PAGE, 429, "text/html", "<h1>Slow down");
    busy.headers.push(Header {
        name: "retry-after".to_owned(),
        value: "30".to_owned(),
    });
    let miss = attempt(&ScriptedHost::new().answer(PAGE, busy), &at(&[PAGE])).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "rate_limited")
    );
}

#[test]
fn html_sent_as_pdf_and_a_pdf_sent_as_html_are_what_their_bytes_are() {
    let liar = response(PAGE, 200, "text/html", "%PDF-1.5");
    let found = attempt(&ScriptedHost::new().answer(PAGE, liar), &at(&[PAGE])).unwrap();
    assert_eq!(found.candidates.first().unwrap().url, PAGE);
    let html = response(
        PAGE,
        200,
        "application/pdf",
        "<html><a href=/own.pdf>PDF</a></html>",
    );
    let miss = attempt(&ScriptedHost::new().answer(PAGE, html), &at(&[PAGE])).unwrap_err();
    assert_eq!(miss.reason(), "no_pdf_url");
}

#[test]
fn addresses_too_long_or_of_odd_letters_are_no_trouble() {
    let long = format!("<a href=/{}.pdf>PDF</a>", "x".repeat(10_000));
    assert_eq!(
        pdfs(&long),
        Vec::<String>::new(),
        "the contract allows four kibibytes"
    );
    for href in [
        "/ä/ö.pdf",
        "/%zz.pdf",
        "/a\u{202e}b.pdf",
        "/v.pdf?%",
        "/\u{1F600}.pdf",
        "//",
        "/..//../x.pdf",
    ] {
        let _ = pdfs(&format!("<a href='{href}'>PDF</a>"));
    }
}
