#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::json;

use super::super::lenient::HEADERS_MAX;
use super::*;
use crate::http::error::HttpErrorKind;

fn har(entries: serde_json::Value) -> Vec<u8> {
    let log =
        json!({"log": {"version": "1.2", "creator": {"name": "Firefox"}, "entries": entries}});
    log.to_string().into_bytes()
}

/// The one exchange of a foreign recording.
fn read(entry: serde_json::Value) -> Recorded {
    let mut recording = parse(&har(json!([entry]))).unwrap();
    assert!(!recording.own);
    recording.exchanges.remove(0)
}

fn words(file: &[u8]) -> String {
    parse(file).unwrap_err().to_string()
}

fn get(url: &str) -> serde_json::Value {
    json!({"method": "GET", "url": url})
}

#[test]
fn the_least_a_browser_writes_is_enough() {
    let recorded = read(json!({
        "request": get("https://a.test/x"),
        "response": {"status": 200, "content": {"text": "caf\u{e9}"}},
    }));
    assert_eq!(recorded.method, "GET");
    assert_eq!(recorded.ending, Ending::Whole);
    let answer = recorded.answer.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, "café".as_bytes()));
    assert!(answer.decoded);
}

#[test]
fn null_and_strings_stand_where_numbers_should() {
    let recorded = read(json!({
        "startedDateTime": null, "time": null, "cache": null, "timings": null,
        "serverIPAddress": "", "connection": null,
        "request": {"method": "GET", "url": "https://a.test/x", "headers": null, "bodySize": "-1"},
        "response": {"status": "404", "headers": null, "content": {"size": "3", "text": "abc"}},
    }));
    let answer = recorded.answer.unwrap();
    assert_eq!((answer.status, answer.address), (404, None));
}

#[test]
fn base64_is_undone_with_or_without_padding_and_line_breaks() {
    for text in ["JVBERi0xLjc=", "JVBERi0xLjc", "JVBE\r\nRi0xLjc="] {
        let recorded = read(json!({
            "request": get("https://a.test/x.pdf"),
            "response": {"status": 200, "content": {"text": text, "encoding": "base64", "size": 99}},
        }));
        assert_eq!(&recorded.answer.unwrap().body[..], b"%PDF-1.7", "{text}");
    }
    let bad = har(json!([{
        "request": get("https://a.test/x.pdf"),
        "response": {"status": 200, "content": {"text": "%%%", "encoding": "base64"}},
    }]));
    assert!(words(&bad).contains("entry 0"), "{}", words(&bad));
}

#[test]
fn a_decoded_body_is_not_measured_by_the_headers_of_an_encoded_one() {
    let recorded = read(json!({
        "request": get("https://a.test/x"),
        "response": {
            "status": 200,
            "headers": [
                {"name": ":status", "value": "200"},
                {"name": "Content-Encoding", "value": "gzip"},
                {"name": "content-length", "value": "7"},
                {"name": "Transfer-Encoding", "value": "chunked"},
                {"name": "set-cookie", "value": "a=1\nb=2"},
                {"name": "bad name", "value": "x"},
                {"name": "x-empty", "value": ""},
            ],
            "content": {"size": 1, "text": "0123456789"},
        },
    }));
    let headers = recorded.answer.unwrap().headers;
    assert_eq!(headers["content-length"], "10");
    assert!(!headers.contains_key("transfer-encoding"));
    assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(headers["x-empty"], "");
    assert_eq!(headers.len(), 5);
}

#[test]
fn what_never_answered_failed_as_the_browser_says() {
    for (error, kind) in [
        ("net::ERR_NAME_NOT_RESOLVED", HttpErrorKind::Dns),
        ("net::ERR_CONNECTION_REFUSED", HttpErrorKind::Connect),
        ("net::ERR_CONNECTION_RESET", HttpErrorKind::Reset),
        ("net::ERR_CERT_AUTHORITY_INVALID", HttpErrorKind::Tls),
        ("net::ERR_TIMED_OUT", HttpErrorKind::Stalled),
        ("reset", HttpErrorKind::Reset),
        ("something else", HttpErrorKind::Other),
    ] {
        let recorded = read(json!({
            "request": get("https://a.test/x"),
            "response": {"status": 0, "_error": error, "content": {"size": 0}},
        }));
        assert!(recorded.answer.is_none());
        match recorded.ending {
            Ending::Failed { kind: read, .. } => assert_eq!(read, kind, "{error}"),
            other => panic!("{error}: {other:?}"),
        }
    }
    let aborted = read(json!({
        "request": get("https://a.test/x"),
        "response": {"status": 0, "_error": "net::ERR_ABORTED"},
    }));
    assert_eq!((aborted.ending, aborted.place.end), (Ending::Cut, None));
}

#[test]
fn a_body_that_was_not_saved_is_missing_and_not_empty() {
    let entry = |method: &str, status: u16| {
        read(json!({
            "request": {"method": method, "url": "https://a.test/x"},
            "response": {"status": status, "content": {"size": 500}},
        }))
    };
    assert_eq!(entry("GET", 200).ending, Ending::BodyMissing);
    assert_eq!(entry("HEAD", 200).ending, Ending::Whole);
    assert_eq!(entry("GET", 302).ending, Ending::Whole);
    assert_eq!(entry("GET", 304).ending, Ending::Whole);
}

#[test]
fn a_redirect_is_found_where_its_header_is_missing() {
    let recorded = read(json!({
        "request": get("https://a.test/x"),
        "response": {"status": 302, "redirectURL": "https://b.test/y"},
    }));
    assert_eq!(
        recorded.answer.unwrap().headers["location"],
        "https://b.test/y"
    );
}

#[test]
fn order_and_clock_come_from_the_times_of_the_entries() {
    let entry = |at: &str, time: f64| {
        json!({
            "startedDateTime": at, "time": time,
            "request": get("https://a.test/x"), "response": {"status": 200},
        })
    };
    let recording = parse(&har(json!([
        entry("2026-01-01T00:00:01.000Z", 5000.0),
        entry("2026-01-01T01:00:02.500+01:00", 1000.5),
    ])))
    .unwrap();
    let place = |n: usize| recording.exchanges[n].place.clone();
    assert!(place(0).start < place(1).start);
    assert!(place(1).end < place(0).end);
    let first = UNIX_EPOCH + Duration::from_secs(1_767_225_601);
    assert_eq!(recording.world.now, first);
}

#[test]
fn what_is_not_http_is_passed_over() {
    let recording = parse(&har(json!([
        {"request": get("data:text/plain,x"), "response": {"status": 200}},
        {"request": get("wss://a.test/"), "response": {"status": 101}},
        {"request": get("HTTPS://a.test/"), "response": {"status": 200}},
    ])))
    .unwrap();
    assert_eq!(recording.len(), 1);
}

#[test]
fn what_is_no_har_is_told_in_one_line() {
    for (file, word) in [
        (&b""[..], "empty"),
        (b" \n", "empty"),
        (b"not json", "line 1"),
        (b"{\"log\":{\"entries\":[", "EOF"),
        (b"[]", "invalid"),
        (b"{}", "\"log\""),
        (b"{\"log\":{}}", "\"entries\""),
        (b"{\"log\":{\"entries\":7}}", "invalid type"),
        (
            b"{\"log\":{\"entries\":[{}]}}",
            "entry 0 (from 0) has no \"request\"",
        ),
        (
            b"{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\"}}]}}",
            "request.url",
        ),
        (b"\xff\xfe{\0", "line 1"),
    ] {
        let said = words(file);
        assert!(said.contains(word), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
    let mut deep = b"{\"log\":".to_vec();
    deep.extend(b"[".repeat(100_000));
    assert!(words(&deep).contains("no HAR"));
}

#[test]
fn a_byte_order_mark_is_no_obstacle() {
    let mut file = b"\xef\xbb\xbf".to_vec();
    file.extend(har(json!([])));
    assert!(parse(&file).unwrap().is_empty());
}

#[test]
fn a_flood_of_headers_is_cut_off() {
    let line = json!({"name": "x-flood", "value": "y"});
    let recorded = read(json!({
        "request": get("https://a.test/x"),
        "response": {"status": 200, "headers": vec![line; 50_000]},
    }));
    assert!(recorded.answer.unwrap().headers.len() <= HEADERS_MAX + 1);
}
