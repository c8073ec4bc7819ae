//! The main path and each named miss, on answers of the archive's shape.
#![allow(clippy::unwrap_used)]

mod bad_days;
mod captures;
mod index;
mod named;

use paperfall_adapter::testing::{self, ScriptedHost, response};
use paperfall_adapter::{Findings, Header, Miss, MissOutcome, Response, urls};

use super::Wayback;

const PDF: &str = "https://pub.example/v.cgi?article=1&context=x";
const PAGE: &str = "https://pub.example/article/1";

fn cdx(url: &str) -> String {
    urls::with_query(
        "https://web.archive.org/cdx/search/cdx",
        &[
            ("url", url),
            ("output", "json"),
            ("filter", "statuscode:200"),
            ("limit", "-5"),
        ],
    )
}

fn available(url: &str) -> String {
    let url = url.replace("https://", "http://");
    urls::with_query("https://archive.org/wayback/available", &[("url", &url)])
}

fn replay(stamp: &str, url: &str) -> String {
    format!("https://web.archive.org/web/{stamp}id_/{url}")
}

/// A CDX answer; each row a timestamp, a type and a status.
fn rows(url: &str, rows: &[(&str, &str, &str)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(stamp, kind, status)| {
            format!(r#",["com,x)/1","{stamp}","{url}","{kind}","{status}","D{stamp}","1000"]"#)
        })
        .collect();
    format!(
        r#"[["urlkey","timestamp","original","mimetype","statuscode","digest","length"]{rows}]"#
    )
}

/// An answer that carries `Memento-Datetime`.
fn capture(url: &str, status: u16, kind: &str, body: &str) -> Response {
    let mut capture = response(url, status, kind, body);
    capture.headers.push(Header {
        name: "memento-datetime".to_owned(),
        value: "Tue, 05 Mar 2019 10:00:00 GMT".to_owned(),
    });
    capture
}

fn attempt(host: &ScriptedHost) -> Result<Findings, Miss> {
    testing::attempt::<Wayback>(host, &testing::work_at(&[PDF], &[]), &[])
}

fn urls_of(findings: &Findings) -> Vec<&str> {
    findings.candidates.iter().map(|c| c.url.as_str()).collect()
}

#[test]
fn the_newest_pdf_capture_is_looked_at_and_proposed_raw() {
    let newest = replay("20210304050607", PDF);
    let listing = rows(
        PDF,
        &[
            ("20190304050607", "application/pdf", "200"),
            ("20210304050607", "application/pdf", "200"),
            ("20220304050607", "text/html", "200"),
            ("20230304050607", "warc/revisit", "-"),
        ],
    );
    let host = ScriptedHost::new().json(&cdx(PDF), &listing).answer(
        &newest,
        capture(&newest, 200, "application/pdf", "%PDF-1.4"),
    );
    let found = attempt(&host).unwrap();
    assert_eq!(urls_of(&found), [newest.as_str()]);
    assert_eq!(found.candidates.first().unwrap().reason, "wayback_pdf");
}

#[test]
fn the_nearest_capture_is_proposed_by_the_url_that_answered() {
    let asked = replay("20210304050607", PDF);
    let nearest = replay("20210305000000", PDF);
    let host = ScriptedHost::new()
        .json(
            &cdx(PDF),
            &rows(
                PDF,
                &[("20210304050607", "application/octet-stream", "200")],
            ),
        )
        .answer(
            &asked,
            capture(&nearest, 200, "application/octet-stream", "%PDF-1.4"),
        );
    assert_eq!(urls_of(&attempt(&host).unwrap()), [nearest.as_str()]);
}

#[test]
fn bad_captures_give_way_to_older_ones_three_in_all() {
    let stamps = [
        "20200101000000",
        "20200102000000",
        "20200103000000",
        "20200104000000",
    ];
    let listing: Vec<_> = stamps
        .iter()
        .map(|stamp| (*stamp, "application/pdf", "200"))
        .collect();
    let bad = |host: ScriptedHost, stamp: &str, status| {
        let url = replay(stamp, PDF);
        host.answer(
            &url,
            capture(&url, status, "text/html", "<h1>Too many requests"),
        )
    };
    let mut host = ScriptedHost::new().json(&cdx(PDF), &rows(PDF, &listing));
    for (stamp, status) in stamps.iter().zip([200, 404, 429, 429]) {
        host = bad(host, stamp, status);
    }
    assert_eq!(attempt(&host).unwrap().reason, "no_snapshot");
    assert_eq!(host.requests().len(), 1 + 3);

    let good = replay("20200102000000", PDF);
    let host = host.answer(&good, capture(&good, 200, "application/pdf", "%PDF-1.4"));
    assert_eq!(urls_of(&attempt(&host).unwrap()), [good.as_str()]);
}

#[test]
fn an_answer_without_memento_datetime_is_no_capture_even_if_it_is_a_pdf() {
    let url = replay("20210304050607", PDF);
    let host = ScriptedHost::new()
        .json(
            &cdx(PDF),
            &rows(PDF, &[("20210304050607", "application/pdf", "200")]),
        )
        .pdf(&url);
    let found = attempt(&host).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.candidates.len()),
        ("no_snapshot", 0)
    );
}

#[test]
fn the_archives_own_429_is_a_rate_limit_and_ends_the_search() {
    let slow_down = |url: &str| response(url, 429, "text/html", "<h1>Too Many Requests</h1>");
    let work = testing::work_at(&[PDF, "https://pub.example/2.pdf"], &[PAGE]);
    let host = ScriptedHost::new().answer(&cdx(PDF), slow_down(&cdx(PDF)));
    let miss = testing::attempt::<Wayback>(&host, &work, &[]).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "rate_limited")
    );
    assert_eq!(host.requests().len(), 1);

    let url = replay("20210304050607", PDF);
    let host = ScriptedHost::new()
        .json(
            &cdx(PDF),
            &rows(PDF, &[("20210304050607", "application/pdf", "200")]),
        )
        .answer(&url, slow_down(&url));
    assert_eq!(attempt(&host).unwrap_err().reason(), "rate_limited");
}

#[test]
fn when_the_index_is_out_of_order_the_availability_api_gives_a_hint() {
    let url = replay("20260311082645", PDF);
    let hint = r#"{"url":"x","archived_snapshots":{"closest":{"status":"200","available":true,"url":"http://web.archive.org/web/20260311082645/x","timestamp":"20260311082645"}}}"#;
    let host = ScriptedHost::new()
        .status(&cdx(PDF), 503)
        .json(&available(PDF), hint)
        .answer(&url, capture(&url, 200, "application/pdf", "%PDF-1.4"));
    assert_eq!(urls_of(&attempt(&host).unwrap()), [url.as_str()]);

    let host = ScriptedHost::new()
        .status(&cdx(PDF), 503)
        .json(&available(PDF), r#"{"archived_snapshots":{}}"#);
    let miss = attempt(&host).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "http_5xx")
    );
}

#[test]
fn a_captured_landing_page_names_a_pdf_that_was_captured_too() {
    let page = replay("20200101000000", PAGE);
    let pdf_url = "https://pub.example/article/1.pdf";
    let pdf = replay("20200202000000", pdf_url);
    let host = ScriptedHost::new()
        .json(
            &cdx(PAGE),
            &rows(PAGE, &[("20200101000000", "text/html", "200")]),
        )
        .answer(
            &page,
            capture(
                &page,
                200,
                "text/html",
                "<meta name=citation_pdf_url content=/article/1.pdf>",
            ),
        )
        .json(
            &cdx(pdf_url),
            &rows(pdf_url, &[("20200202000000", "application/pdf", "200")]),
        )
        .answer(&pdf, capture(&pdf, 200, "application/pdf", "%PDF-1.4"));
    let work = testing::work_at(&[], &[PAGE]);
    let found = testing::attempt::<Wayback>(&host, &work, &[]).unwrap();
    assert_eq!(urls_of(&found), [pdf.as_str()]);
}

#[test]
fn answers_of_another_shape_are_named() {
    for body in [
        "<html>busy</html>",
        r#"[["urlkey","digest"],["x","y"]]"#,
        r#"{"error":1}"#,
    ] {
        let miss = attempt(&ScriptedHost::new().json(&cdx(PDF), body)).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Error, "bad_answer"),
            "{body}"
        );
    }
}

#[test]
fn the_archives_own_addresses_are_not_looked_up_in_the_archive() {
    let work = testing::work_at(
        &["https://web.archive.org/web/2020id_/https://pub.example/x.pdf"],
        &[],
    );
    let miss = testing::attempt::<Wayback>(&ScriptedHost::new(), &work, &[]).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Skipped, "no_landing_url")
    );
}
