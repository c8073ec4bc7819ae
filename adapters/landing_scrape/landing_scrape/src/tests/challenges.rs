//! Pages that stand in the way of the landing page.

use super::*;
use paperfall_adapter::Header;

fn missed(status: u16, html: &str) -> (MissOutcome, String) {
    let host = ScriptedHost::new().answer(PAGE, response(PAGE, status, "text/html", html));
    let miss = attempt(&host, &at(&[PAGE])).unwrap_err();
    assert_eq!(host.requests(), [PAGE], "nothing else is asked");
    (miss.outcome(), miss.reason().to_owned())
}

#[test]
fn a_challenge_with_a_refresh_to_itself_is_blocked_with_any_status() {
    let html = "<!DOCTYPE html><html lang=en-US><head><title>Just a moment...</title><meta http-equiv=refresh content=35>\
        <script>(function(){window._cf_chl_opt={cvId:'2',cZone:'pub.example'}})()</script></head></html>";
    for status in [200, 403, 429, 503] {
        assert_eq!(
            missed(status, html),
            (MissOutcome::NoPdf, "blocked".to_owned()),
            "{status}"
        );
    }
}

#[test]
fn a_firewalls_refusal_is_blocked() {
    let html = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>";
    assert_eq!(
        missed(403, html),
        (MissOutcome::NoPdf, "blocked".to_owned())
    );
    assert_eq!(
        missed(200, html),
        (MissOutcome::NoPdf, "blocked".to_owned())
    );
    assert_eq!(
        missed(451, "not in your country"),
        (MissOutcome::NoPdf, "blocked".to_owned())
    );
}

#[test]
fn a_challenge_told_by_its_header_alone_is_blocked() {
    for (status, name, value) in [
        (202, "x-amzn-waf-action", "challenge"),
        (405, "x-amzn-waf-action", "captcha"),
        (403, "cf-mitigated", "challenge"),
    ] {
        let mut answer = response(PAGE, status, "text/html", "");
        answer.headers.push(Header {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        let miss = attempt(&ScriptedHost::new().answer(PAGE, answer), &at(&[PAGE])).unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::NoPdf, "blocked"),
            "{name}"
        );
    }
}

#[test]
fn doors_are_paywalled() {
    for html in [
        "<title>Sign in - Publisher</title><form><input type=password></form>",
        "<title>Institutional login</title>",
        "<p>An abstract</p><button>Purchase article</button>",
        "<script type=application/ld+json>{\"isAccessibleForFree\":false}</script>",
    ] {
        assert_eq!(
            missed(200, html),
            (MissOutcome::NoPdf, "paywalled".to_owned()),
            "{html}"
        );
    }
    for status in [401, 402] {
        assert_eq!(
            missed(status, ""),
            (MissOutcome::NoPdf, "paywalled".to_owned())
        );
    }
}

#[test]
fn a_redirect_to_a_login_is_paywalled_by_its_address() {
    let mut answer = response(PAGE, 200, "text/html", "<title>Welcome</title>");
    answer.url = "https://idp.pub.example/authorize?return=x".to_owned();
    let miss = attempt(&ScriptedHost::new().answer(PAGE, answer), &at(&[PAGE])).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::NoPdf, "paywalled")
    );
}

#[test]
fn a_cookie_wall_names_no_pdf() {
    let html = "<title>We value your privacy</title><button>Accept all</button><a href=/privacy.pdf>Privacy policy (PDF)</a>";
    assert_eq!(
        missed(200, html),
        (MissOutcome::NoPdf, "no_pdf_url".to_owned())
    );
}
