//! The index and the availability API in the shapes they are known to take.

use super::*;
use paperfall_adapter::HttpErrorKind;

const STAMP: &str = "20210304050607";

fn good(host: ScriptedHost, stamp: &str) -> ScriptedHost {
    let url = replay(stamp, PDF);
    host.answer(&url, capture(&url, 200, "application/pdf", "%PDF-1.4"))
}

#[test]
fn an_empty_index_in_each_of_its_forms_is_no_snapshot() {
    for body in ["[]", " [ ]\n", &rows(PDF, &[])] {
        let host = ScriptedHost::new().json(&cdx(PDF), body);
        assert_eq!(attempt(&host).unwrap().reason, "no_snapshot", "{body}");
    }
}

#[test]
fn a_site_that_asked_to_be_left_out_is_no_snapshot_with_whatever_status() {
    let words = "org.archive.util.io.RuntimeIOException: org.archive.wayback.exception.AdministrativeAccessControlException: Blocked Site Error";
    for status in [200, 403] {
        let host =
            ScriptedHost::new().answer(&cdx(PDF), response(&cdx(PDF), status, "text/plain", words));
        assert_eq!(attempt(&host).unwrap().reason, "no_snapshot");
    }
}

#[test]
fn a_refusal_that_says_nothing_of_the_site_is_a_refusal_of_us() {
    let miss = attempt(&ScriptedHost::new().status(&cdx(PDF), 403)).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::NoPdf, "blocked")
    );
}

#[test]
fn the_index_in_plain_text_is_read_and_a_dash_is_no_status() {
    let key = "example,pub)/v.cgi?article=1";
    let text = format!(
        "{key} 20190101000000 {PDF} application/pdf 200 AAAA 900\n\
         {key} 20190201000000 {PDF} text/html 301 BBBB 300\n\
         {key} {STAMP} {PDF} warc/revisit - AAAA 500\n\
         {key} 20220101000000 {PDF} warc/revisit - CCCC 500\n\
         {key} 20230101000000 {PDF} text/html 200 DDDD 400\n"
    );
    // The revisit of known bytes stands for them, the newest first; one of
    // unknown bytes, the redirect and the page are passed over.
    let host = good(
        ScriptedHost::new().answer(&cdx(PDF), response(&cdx(PDF), 200, "text/plain", &text)),
        STAMP,
    );
    assert_eq!(urls_of(&attempt(&host).unwrap()), [replay(STAMP, PDF)]);
    assert_eq!(host.requests().len(), 2);
}

#[test]
fn columns_are_found_by_name_and_fields_may_be_numbers_or_null() {
    let body = format!(
        r#"[["statuscode","mimetype","original","timestamp"],[200,"application/pdf","{PDF}",{STAMP}],
        ["200",null,null,"20220101000000"],[null,"application/pdf","{PDF}","20230101000000"],[],["-"]]"#
    );
    let host = good(ScriptedHost::new().json(&cdx(PDF), &body), STAMP);
    assert_eq!(urls_of(&attempt(&host).unwrap()), [replay(STAMP, PDF)]);
}

#[test]
fn of_an_index_that_ignores_the_limit_the_newest_rows_are_kept() {
    let old: String = (0..20_000)
        .map(|n| {
            format!(
                r#"["k","19990101{:06}","{PDF}","application/pdf","200","D{n}","9"],"#,
                n % 1_000_000
            )
        })
        .collect();
    let body = format!(
        r#"[["urlkey","timestamp","original","mimetype","statuscode","digest","length"],{old}["k","{STAMP}","{PDF}","application/pdf","200","D","9"]]"#
    );
    let host = good(ScriptedHost::new().json(&cdx(PDF), &body), STAMP);
    assert_eq!(urls_of(&attempt(&host).unwrap()), [replay(STAMP, PDF)]);
    assert_eq!(host.requests().get(1), Some(&replay(STAMP, PDF)));
}

#[test]
fn a_hint_is_rewritten_to_the_raw_capture_of_the_url_asked_for() {
    let hint = format!(
        r#"{{"url":"x","archived_snapshots":{{"closest":{{"status":"200","available":true,"url":"http://web.archive.org/web/{STAMP}/{PDF}","timestamp":"{STAMP}"}}}}}}"#
    );
    let host = good(
        ScriptedHost::new()
            .fail(&cdx(PDF), HttpErrorKind::Connect)
            .json(&available(PDF), &hint),
        STAMP,
    );
    assert_eq!(urls_of(&attempt(&host).unwrap()), [replay(STAMP, PDF)]);
}

#[test]
fn an_empty_or_unusable_hint_does_not_excuse_the_index() {
    for hint in [
        r#"{"url":"x","archived_snapshots":{}}"#,
        r#"{"archived_snapshots":{"closest":{"status":"404","available":true,"timestamp":"20210304050607"}}}"#,
        r#"{"archived_snapshots":{"closest":{"status":"200","available":false,"timestamp":"20210304050607"}}}"#,
        r#"{"archived_snapshots":{"closest":{"status":"200","available":true,"timestamp":null}}}"#,
        r#"{"archived_snapshots":{"closest":{"status":"200","available":true,"timestamp":"../../x"}}}"#,
        "<html>",
    ] {
        let host = ScriptedHost::new()
            .status(&cdx(PDF), 502)
            .json(&available(PDF), hint);
        let miss = attempt(&host).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Retryable, "http_5xx"),
            "{hint}"
        );
    }
}
