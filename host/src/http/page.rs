//! What an HTML page says when it stands where a PDF should: a challenge, a
//! login, a purchase, or that there is nothing or nobody there.
//!
//! Only the beginning of a page is known here, and publishers' ordinary pages
//! have a "log in" in their header. So a page is called paywalled by its title
//! or by phrases that only such pages use, and challenges by the marks of the
//! firewalls that send them.
//!
//! What the guest kit tells adapters of pages holds here as well: its lists are
//! these. The words below come on top. They would be too many for landing
//! pages; where a PDF was asked for, no page is right, and only its name is at
//! stake.

// The guest kit asks more of them than the host does.
#[allow(dead_code)]
#[path = "../../../adapters/sdk/src/charset.rs"]
mod charset;
#[allow(dead_code, unused_imports)]
#[path = "../../../adapters/sdk/src/judgement/mod.rs"]
mod judgement;

use crate::outcome::Reason;

pub(super) use judgement::{begins_a_page, begins_an_archive, says_challenge};

/// More marks of challenge and refusal pages, in lower case.
const BLOCKED: &[&str] = &[
    "just a moment",
    "_cf_chl",
    "cf-chl",
    "cdn-cgi/challenge",
    "challenge-platform",
    "challenge-error-t",
    "checking your browser",
    "checking if the site connection is secure",
    "attention required! | cloudflare",
    "enable javascript and cookies to continue",
    "please enable js and disable any ad blocker",
    "verify you are human",
    "verifying you are human",
    "verify that you are not a robot",
    "confirm you are a human",
    "are you a robot",
    "you are not a robot",
    "making sure you're not a bot",
    "making sure you&#39;re not a bot",
    "unusual traffic",
    "pardon our interruption",
    "request unsuccessful. incapsula",
    "_incapsula_resource",
    "request forbidden by administrative rules",
    "the requested url was rejected",
    "captcha-delivery.com",
    "geo.captcha",
    "awswaf",
    "aws-waf-token",
    "px-captcha",
    "perimeterx",
    "ddos-guard",
    "anubis_challenge",
    "/.within.website/x/cmd/anubis",
    "proof-of-work",
    "proof of work",
    "cloudpmc-viewer-pow",
    "pow_challenge",
    "<title>captcha",
    "<title>validate user",
    "<title>security check",
    "<title>access denied",
    "<title>access to this page has been denied",
    "<title>bot verification",
    "<title>radware",
];

/// Words in a title that stand for a login or a purchase.
const PAYWALL_TITLES: &[&str] = &[
    "log in",
    "login",
    "log on",
    "logon",
    "sign in",
    "sign-in",
    "signin",
    "single sign-on",
    "authentication",
    "authenticate",
    "institutional access",
    "purchase",
    "subscribe",
    "subscription required",
    "buy article",
    "access options",
    "where are you from",
];

/// Phrases that only pages with a price or a door use.
const PAYWALL_PHRASES: &[&str] = &[
    "type=\"password\"",
    "type='password'",
    "type=password",
    "purchase this article",
    "purchase access",
    "buy this article",
    "buy article pdf",
    "buy now",
    "rent this article",
    "get access to this article",
    "access through your institution",
    "access via your institution",
    "log in via an institution",
    "sign in through your institution",
    "institutional login",
    "this article requires a subscription",
    "this is a preview of subscription content",
    "you do not have access",
    "you don't have access",
    "shibboleth",
    "samlrequest",
];

/// What the beginning of an HTML page says of itself: `Blocked`, `NotFound`,
/// `Http5xx` (an outage that came with another status) or `Paywalled`.
pub(super) fn judge(content_type: Option<&str>, head: &[u8]) -> Option<Reason> {
    let text = charset::decode(head, content_type.unwrap_or_default());
    let plain = text.to_ascii_lowercase();
    if !is_html(content_type, &plain) {
        return None;
    }
    if judgement::is_challenge(&text) || BLOCKED.iter().any(|mark| plain.contains(mark)) {
        return Some(Reason::Blocked);
    }
    match judgement::substitute(&text) {
        Some(judgement::Substitute::NotFound) => return Some(Reason::NotFound),
        Some(judgement::Substitute::Outage) => return Some(Reason::Http5xx),
        None => {}
    }
    let title = title(&plain).unwrap_or_default();
    let paywalled = judgement::is_paywall(&text)
        || PAYWALL_TITLES.iter().any(|word| title.contains(word))
        || PAYWALL_PHRASES.iter().any(|phrase| plain.contains(phrase));
    paywalled.then_some(Reason::Paywalled)
}

fn is_html(content_type: Option<&str>, text: &str) -> bool {
    let said = content_type.is_some_and(|said| said.to_ascii_lowercase().contains("html"));
    said || ["<!doctype html", "<html", "<head", "<title", "<body"]
        .iter()
        .any(|tag| text.contains(tag))
}

/// What stands in `<title>`, in a text in lower case.
fn title(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<title")?;
    let (_, rest) = rest.split_once('>')?;
    Some(rest.split_once('<').map_or(rest, |(title, _)| title))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(body: &str) -> Option<Reason> {
        judge(None, format!("<!DOCTYPE html><html>{body}").as_bytes())
    }

    #[test]
    fn challenges_are_blocked() {
        for page in [
            "<head><title>Just a moment...</title>",
            "<script>window._cf_chl_opt={}</script>",
            "<title>Making sure you&#39;re not a bot!</title>",
            "<body><h1>403 Forbidden</h1>Request forbidden by administrative rules.",
            "<script src=\"/cloudpmc-viewer-pow.js\">",
            "<TITLE>Access Denied</TITLE>",
            "<script src=\"https://ct.captcha-delivery.com/c.js\">",
            "<title>Client Challenge</title>",
            "<title>Preparing to download ...</title>",
            "<title>Human Verification</title>",
            "<script src=\"/149e9513/ips.js?KP_UIDz=x\"></script>",
            "<meta http-equiv=refresh content=\"0;/.well-known/sgcaptcha/?r=x\">",
            "<script src=//validate.perfdrive.com/x.js>",
            "<script>window.gokuProps = {}</script>",
            "<script>\"/x?bm-verify=AAQ\"</script>",
            "<h1>No</h1>https://errors.edgesuite.net/18.2f",
        ] {
            assert_eq!(html(page), Some(Reason::Blocked), "{page}");
        }
    }

    #[test]
    fn doors_and_prices_are_paywalled() {
        for page in [
            "<title>Login - Some Publisher</title>",
            "<title lang=en>Sign in to your account</title>",
            "<title>An article</title><body>Access through your institution",
            "<form><input type=\"password\" name=\"p\">",
            "<form><input type=password name=p>",
            "<title>Anmelden | Verlag</title>",
            "<title>An article</title><button>Purchase this article</button>",
        ] {
            assert_eq!(html(page), Some(Reason::Paywalled), "{page}");
        }
    }

    #[test]
    fn a_page_in_utf_16_is_read() {
        let page: Vec<u8> = "<!DOCTYPE html><title>Just a moment...</title>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(judge(Some("text/html"), &page), Some(Reason::Blocked));
        let marked = [&b"\xFF\xFE"[..], &page].concat();
        assert_eq!(judge(None, &marked), Some(Reason::Blocked));
    }

    #[test]
    fn an_outage_or_a_missing_page_behind_another_status_is_what_it_says() {
        assert_eq!(
            html("<title>502 Proxy Error</title><h1>Proxy Error</h1>"),
            Some(Reason::Http5xx)
        );
        assert_eq!(
            html("<title>Page not found | Publisher</title>"),
            Some(Reason::NotFound)
        );
    }

    #[test]
    fn an_ordinary_article_page_is_neither() {
        for page in [
            "<title>On the login problem's sibling</title>"
                .replace("login", "logic")
                .as_str(),
            "<title>An article</title><nav><a href=/login>Log in</a><a>Subscribe</a></nav>",
        ] {
            assert_eq!(html(page), None, "{page}");
        }
        assert_eq!(
            judge(
                Some("application/json"),
                b"{\"e\":\"captcha-delivery.com\"}"
            ),
            None
        );
        assert_eq!(judge(None, b""), None);
    }
}
