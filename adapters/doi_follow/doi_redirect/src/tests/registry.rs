//! What the registry behind the resolver adds: a DOI that does not exist, one
//! that leads nowhere, one whose target cannot be reached.

use super::*;

const FOUND: &str = r#"{"responseCode":1,"handle":"10.1234/ABC","values":[
    {"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":{"index":200}},"ttl":86400},
    {"index":1,"type":"URL","data":{"format":"string","value":"http://pub.example/article/1"},"ttl":86400,"timestamp":"2016-12-13T00:00:00Z"}]}"#;
const HTTP_END: &str = "http://pub.example/article/1";

#[test]
fn an_unregistered_doi_is_told_from_one_that_leads_nowhere() {
    let unknown = || ScriptedHost::new().status(DOI, 404);
    let miss = attempt(&unknown().answer(
        API,
        response(
            API,
            404,
            "application/json",
            r#"{"responseCode":100,"handle":"10.1234/abc"}"#,
        ),
    ))
    .unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Nonretryable, "doi_unregistered")
    );

    for values in [
        r#"{"responseCode":1,"values":[]}"#,
        r#"{"responseCode":200}"#,
    ] {
        let found = attempt(&unknown().json(API, values)).unwrap();
        assert_eq!(
            (found.reason.as_str(), found.landing_urls.len()),
            ("no_pdf_url", 0)
        );
    }
    let found = attempt(&unknown().json(
        API,
        r#"{"responseCode":1,"values":[{"index":100,"type":"HS_ADMIN","data":{"format":"admin","value":{"index":200}}},
        {"index":1,"type":"URL","data":{"format":"string","value":"https://pub.example/article/1"}}]}"#,
    ))
    .unwrap();
    assert_eq!(found.landing_urls, [END]);

    let miss = attempt(&unknown().html(API, "<h1>Down for maintenance</h1>")).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Error, "bad_answer")
    );
}

#[test]
fn a_target_only_the_registry_names_is_gone_to_in_https_first() {
    let unknown = || ScriptedHost::new().status(DOI, 404).json(API, FOUND);
    let host = unknown().html(END, "<h1>An article</h1>");
    assert_eq!(attempt(&host).unwrap().landing_urls, [END]);
    assert_eq!(host.requests(), [DOI, API, END]);

    let host = unknown().fail(END, HttpErrorKind::Tls).pdf(HTTP_END);
    let found = attempt(&host).unwrap();
    assert_eq!(found.candidates.first().unwrap().url, HTTP_END);

    let host = unknown()
        .fail(END, HttpErrorKind::Tls)
        .fail(HTTP_END, HttpErrorKind::Connect);
    assert_eq!(
        attempt(&host).unwrap().landing_urls,
        [HTTP_END],
        "an archive may have it"
    );
}

#[test]
fn the_resolvers_page_of_values_is_no_landing_page() {
    let values = "<title>Handle values</title><table>...</table>";
    let host = ScriptedHost::new().html(DOI, values).json(
        API,
        r#"{"responseCode":1,"handle":"10.1234/abc","values":[]}"#,
    );
    let found = attempt(&host).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.landing_urls.len()),
        ("no_pdf_url", 0)
    );
}

#[test]
fn when_the_publisher_is_gone_the_registry_says_where_the_page_was() {
    for (kind, reason) in [
        (HttpErrorKind::Dns, "dns"),
        (HttpErrorKind::Connect, "connect"),
        (HttpErrorKind::Tls, "tls"),
        (HttpErrorKind::RedirectLoop, "redirect_loop"),
        (HttpErrorKind::TooLarge, "too_large"),
        (HttpErrorKind::RobotsDisallow, "robots_disallow"),
    ] {
        let host = ScriptedHost::new().fail(DOI, kind).json(API, FOUND);
        assert_eq!(
            handed_on(&host),
            (reason.to_owned(), vec![HTTP_END.to_owned()])
        );
    }
}

#[test]
fn when_the_resolver_is_gone_too_the_first_failure_is_reported() {
    for api in [HttpErrorKind::Dns, HttpErrorKind::Timeout] {
        let host = ScriptedHost::new()
            .fail(DOI, HttpErrorKind::Dns)
            .fail(API, api);
        let miss = attempt(&host).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Retryable, "dns")
        );
    }
    let late = ScriptedHost::new()
        .fail(DOI, HttpErrorKind::Timeout)
        .with_ms_left(500);
    assert_eq!(attempt(&late).unwrap_err().reason(), "stalled");
    assert_eq!(late.requests(), [DOI]);
}

#[test]
fn the_resolvers_own_troubles_are_named() {
    for (status, outcome, reason) in [
        (429, MissOutcome::Retryable, "rate_limited"),
        (503, MissOutcome::Retryable, "http_5xx"),
        (403, MissOutcome::NoPdf, "blocked"),
    ] {
        let host = ScriptedHost::new().status(DOI, status);
        let miss = attempt(&host).unwrap_err();
        assert_eq!((miss.outcome(), miss.reason()), (outcome, reason));
        assert_eq!(host.requests(), [DOI]);
    }
}

#[test]
fn odd_answers_of_the_registry_do_not_make_the_doi_unregistered() {
    for body in [
        "",
        "[]",
        "null",
        r#"{"responseCode":2}"#,
        r#"{"responseCode":1,"values":7}"#,
        r#"{"responseCode":100"#,
    ] {
        let host = ScriptedHost::new().status(DOI, 404).json(API, body);
        assert_eq!(attempt(&host).unwrap_err().reason(), "bad_answer", "{body}");
    }
    for values in [
        r#"{"responseCode":"1","values":null}"#,
        r#"{"responseCode":1,"values":[null,{"type":"URL","data":null},{"type":"URL","data":{"value":{"x":1}}},{"type":"URL","data":{"value":"urn:x"}},{"type":"EMAIL","data":{"value":"https://x.example/"}}]}"#,
        r#"{"responseCode":1,"values":[{"type":"URL","data":{"value":"https://doi.org/10.1234/abc"}}]}"#,
    ] {
        let host = ScriptedHost::new().status(DOI, 404).json(API, values);
        let found = attempt(&host).unwrap();
        assert_eq!(
            (found.reason.as_str(), found.landing_urls.len()),
            ("no_pdf_url", 0),
            "{values}"
        );
    }
}
