//! What Unpaywall sends when something is wrong: each has a name, and none of
//! them is "not open access".

use super::*;
use paperfall_adapter::Header;

fn answered(status: u16, kind: &str, body: &str) -> ScriptedHost {
    ScriptedHost::new().answer(URL, response(URL, status, kind, body))
}

#[test]
fn a_422_for_the_e_mail_quotes_the_service_and_says_what_to_do() {
    let host = answered(
        422,
        "application/json",
        r#"{"HTTP_status_code":422,"error":true,"message":"Please use your own email"}"#,
    );
    assert_eq!(
        missed(&host),
        (MissOutcome::Nonretryable, "misconfigured".to_owned())
    );
    let line = host.logged().join("");
    assert!(
        line.contains("--email") && line.contains("Please use your own email"),
        "{line}"
    );
}

#[test]
fn an_unknown_doi_is_not_found_whether_told_in_json_or_in_html() {
    for (kind, body) in [
        (
            "application/json",
            r#"{"HTTP_status_code":404,"error":true,"message":"'10.1234/a' isn't in Unpaywall."}"#,
        ),
        ("text/html", "<h1>Not Found</h1>"),
        ("text/html", ""),
    ] {
        assert_eq!(
            missed(&answered(404, kind, body)),
            (MissOutcome::NoPdf, "not_found".to_owned())
        );
    }
}

#[test]
fn an_error_object_with_status_200_is_what_it_says() {
    for (status, outcome, reason) in [
        ("404", MissOutcome::NoPdf, "not_found"),
        ("422", MissOutcome::Nonretryable, "misconfigured"),
        ("429", MissOutcome::Retryable, "rate_limited"),
        ("\"503\"", MissOutcome::Retryable, "http_5xx"),
    ] {
        let body = format!(r#"{{"HTTP_status_code":{status},"error":true,"message":null}}"#);
        assert_eq!(
            missed(&answered(200, "application/json", &body)),
            (outcome, reason.to_owned()),
            "{status}"
        );
    }
}

#[test]
fn a_429_is_a_rate_limit_in_json_and_in_html() {
    for (kind, body) in [
        ("application/json", "{}"),
        ("text/html", "<h1>Too Many Requests</h1>"),
    ] {
        let mut busy = response(URL, 429, kind, body);
        busy.headers.push(Header {
            name: "retry-after".to_owned(),
            value: "60".to_owned(),
        });
        let host = ScriptedHost::new().answer(URL, busy);
        assert_eq!(
            missed(&host),
            (MissOutcome::Retryable, "rate_limited".to_owned())
        );
        assert!(host.logged().iter().any(|line| line.contains("60")));
    }
}

#[test]
fn answers_that_are_no_record_are_bad_answers() {
    for body in [
        "",
        "null",
        "[]",
        "<title>We'll be back</title>",
        r#"{"doi":"10.1234/a:1<2>","is_oa":tr"#,
        r#"{"doi":"10.1234/a:1<2>"}"#,
        r#"{"is_oa":null,"oa_locations":null}"#,
        r#"{"is_oa":"perhaps","oa_locations":[]}"#,
        r#"{"is_oa":true,"oa_locations":"none"}"#,
        r#"{"is_oa":true,"oa_locations":[7]}"#,
    ] {
        assert_eq!(
            missed(&answered(200, "application/json", body)),
            (MissOutcome::Error, "bad_answer".to_owned()),
            "{body}"
        );
    }
}

#[test]
fn the_record_of_another_work_is_refused() {
    let other = r#"{"doi":"10.1234/a:1<3>","is_oa":true,"oa_locations":[{"url_for_pdf":"https://a.example/1.pdf"}]}"#;
    assert_eq!(
        missed(&ScriptedHost::new().json(URL, other)),
        (MissOutcome::Error, "bad_answer".to_owned())
    );
}

#[test]
fn nulls_wrong_types_and_things_that_are_no_addresses_do_not_lose_the_good_location() {
    let found = found(
        r#"{"doi":null,"is_oa":"true","genre":7,"best_oa_location":"junk","oa_locations_embargoed":null,"oa_locations":[null,"junk",7,["x"],
        {"url_for_pdf":12,"url":false,"pmh_id":{"x":1},"is_best":"yes"},{"url_for_pdf":"see above","url":"n/a"},
        {"url_for_pdf":" https://a.example/1.pdf ","license":null,"version":null,"host_type":null}]}"#,
    );
    assert_eq!(urls(&found), ["https://a.example/1.pdf"]);
    assert!(found.landing_urls.is_empty());
}

#[test]
fn the_best_location_alone_and_a_single_object_for_the_list_are_read() {
    for body in [
        r#"{"is_oa":true,"best_oa_location":{"url_for_pdf":"https://a.example/1.pdf"}}"#,
        r#"{"is_oa":true,"oa_locations":{"url_for_pdf":"https://a.example/1.pdf"}}"#,
    ] {
        assert_eq!(urls(&found(body)), ["https://a.example/1.pdf"], "{body}");
    }
}

#[test]
fn thousands_of_duplicates_are_one_candidate() {
    let location = r#"{"url_for_pdf":"https://a.example/1.pdf","url":"https://a.example/1"},"#;
    let body = format!(
        r#"{{"is_oa":true,"oa_locations":[{}{{"url_for_pdf":"https://b.example/late.pdf"}}]}}"#,
        location.repeat(20_000)
    );
    assert_eq!(urls(&found(&body)), ["https://a.example/1.pdf"]);
}
