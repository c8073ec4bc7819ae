//! The archive on a bad day: nothing of it is "no snapshot".

use super::*;

const OTHER: &str = "https://pub.example/2.pdf";
const STAMP: &str = "20210304050607";

fn limited(url: &str) -> Response {
    let mut answer = response(
        url,
        429,
        "text/html",
        "<html><h1>429 Too Many Requests</h1></html>",
    );
    answer.headers.push(Header {
        name: "retry-after".to_owned(),
        value: "60".to_owned(),
    });
    answer
}

fn one_row(url: &str) -> String {
    rows(url, &[(STAMP, "application/pdf", "200")])
}

#[test]
fn a_429_in_html_is_a_rate_limit_that_tells_how_long_to_wait() {
    let host = ScriptedHost::new().answer(&cdx(PDF), limited(&cdx(PDF)));
    let miss = attempt(&host).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "rate_limited")
    );
    assert_eq!(
        host.requests(),
        [cdx(PDF)],
        "neither the hint nor a replay is asked for"
    );
    assert!(host.logged().iter().any(|line| line.contains("60")));
}

#[test]
fn a_rate_limit_after_a_find_ends_the_search_and_keeps_the_find() {
    let url = replay(STAMP, PDF);
    let host = ScriptedHost::new()
        .json(&cdx(PDF), &one_row(PDF))
        .answer(&url, capture(&url, 200, "application/pdf", "%PDF-1.4"))
        .answer(&cdx(OTHER), limited(&cdx(OTHER)));
    let work = testing::work_at(&[PDF, OTHER, "https://pub.example/3.pdf"], &[PAGE]);
    let found = testing::attempt::<Wayback>(&host, &work, &[]).unwrap();
    assert_eq!(urls_of(&found), [url.as_str()]);
    assert_eq!(host.requests().len(), 3);
}

#[test]
fn an_outage_for_one_url_does_not_hide_anothers_capture() {
    let url = replay(STAMP, OTHER);
    let host = ScriptedHost::new()
        .status(&cdx(PDF), 503)
        .status(&available(PDF), 503)
        .json(&cdx(OTHER), &one_row(OTHER))
        .answer(&url, capture(&url, 200, "application/pdf", "%PDF-1.4"));
    let work = testing::work_at(&[PDF, OTHER], &[]);
    let found = testing::attempt::<Wayback>(&host, &work, &[]).unwrap();
    assert_eq!(urls_of(&found), [url.as_str()]);
}

#[test]
fn an_outage_for_one_url_is_remembered_when_the_others_have_nothing() {
    let host = ScriptedHost::new()
        .status(&cdx(PDF), 503)
        .status(&available(PDF), 503)
        .json(&cdx(OTHER), "[]");
    let work = testing::work_at(&[PDF, OTHER], &[]);
    let miss = testing::attempt::<Wayback>(&host, &work, &[]).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Retryable, "http_5xx")
    );
}

#[test]
fn a_replay_that_fails_is_the_archives_failure_and_no_bad_capture() {
    for (status, reason) in [(502, "http_5xx"), (503, "http_5xx")] {
        let url = replay(STAMP, PDF);
        let host = ScriptedHost::new()
            .json(&cdx(PDF), &one_row(PDF))
            .answer(&url, response(&url, status, "text/html", "busy"));
        let miss = attempt(&host).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Retryable, reason)
        );
    }
}

#[test]
fn answers_that_are_no_index_are_bad_answers() {
    for body in [
        "<html><title>Internet Archive: maintenance</title></html>",
        r#"{"error":"x"}"#,
        r#"[["urlkey","timestamp"#,
        r#"[["urlkey","digest"],["x","y"]]"#,
        r#"["not","rows"]"#,
        "",
        " \n",
        "null",
        "Service temporarily offline",
        "<",
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
fn an_index_that_is_not_there_says_nothing_of_captures() {
    for status in [204, 404, 410] {
        let miss = attempt(&ScriptedHost::new().status(&cdx(PDF), status)).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason(), miss.status()),
            (MissOutcome::Error, "bad_answer", Some(status))
        );
    }
}
