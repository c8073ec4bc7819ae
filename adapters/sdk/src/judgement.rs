//! Telling pages that stand in the way from pages of articles: challenges,
//! firewalls, purchase boxes. Such a page is named, never solved.

use crate::Response;

/// Interstitials are small; a longer page is searched by its title only.
const CHALLENGE_MAX_BYTES: usize = 128 * 1024;

/// How the titles of challenge and refusal pages begin, in lower case.
const CHALLENGE_TITLES: &[&str] = &[
    "just a moment",
    "attention required! | cloudflare",
    "checking your browser",
    "verifying your browser",
    "verify you are human",
    "client challenge",
    "pardon our interruption",
    "are you a robot",
    "robot check",
    "bot verification",
    "human verification",
    "security check",
    "making sure you're not a bot",
    "preparing to download",
    "ddos-guard",
    "radware bot manager",
    "captcha",
    "request rejected",
    "access denied",
];

/// What only the scripts of challenge pages contain.
const CHALLENGE_MARKS: &[&str] = &[
    "_cf_chl_opt",
    "cloudpmc-viewer-pow",
    "POW_CHALLENGE",
    "Incapsula incident ID",
    "captcha-delivery.com",
    "validate.perfdrive.com",
    "px-captcha",
    "gokuProps",
    "awsWafCookieDomainList",
    "Request forbidden by administrative rules",
];

/// What stands on the page of an article one has to pay or log in for.
const PAYWALL_MARKS: &[&str] = &[
    "\"isAccessibleForFree\":false",
    "\"isAccessibleForFree\": false",
    "\"isAccessibleForFree\":\"False\"",
    "\"isAccessibleForFree\":\"false\"",
    "buybox",
    "buy-box",
    "purchase-options",
    "purchaseOptions",
    "access-options",
    "article-paywall",
    "paywall-",
    "Purchase PDF",
    "Purchase article",
    "Buy article",
    "Buy this article",
    "Buy PDF",
    "Rent this article",
    "Get access to the full version",
    "Log in via an institution",
    "Access through your institution",
    "Access via your institution",
    "Sign in to access",
    "Subscription required",
];

/// How the titles of login pages begin, in lower case.
const LOGIN_TITLES: &[&str] = &[
    "log in",
    "login",
    "log on",
    "sign in",
    "institutional login",
];

/// Whether the answer is a challenge or a bot filter's page.
pub(crate) fn is_challenge(response: &Response, text: &str) -> bool {
    if response
        .header("cf-mitigated")
        .is_some_and(|value| value.eq_ignore_ascii_case("challenge"))
        || response
            .header("x-amzn-waf-action")
            .is_some_and(|value| value.eq_ignore_ascii_case("challenge"))
    {
        return true;
    }
    if let Some(title) = title(text) {
        let title = title.trim().to_lowercase();
        if CHALLENGE_TITLES
            .iter()
            .any(|start| title.starts_with(start))
        {
            return true;
        }
    }
    text.len() <= CHALLENGE_MAX_BYTES && CHALLENGE_MARKS.iter().any(|mark| text.contains(mark))
}

/// Whether the page sells the article or asks to log in.
pub(crate) fn is_paywall(text: &str) -> bool {
    let is_login = title(text).is_some_and(|title| {
        let title = title.trim().to_lowercase();
        LOGIN_TITLES.iter().any(|start| title.starts_with(start))
    });
    is_login || PAYWALL_MARKS.iter().any(|mark| text.contains(mark))
}

/// Whether a Content-Type may be a page; none at all may.
pub(crate) fn may_be_a_page(content_type: &str) -> bool {
    let kind = content_type.trim().to_ascii_lowercase();
    kind.is_empty()
        || kind.starts_with("text/")
        || ["html", "xml"].iter().any(|part| kind.contains(part))
}

/// The text of the first `<title>`, without parsing the page.
fn title(text: &str) -> Option<&str> {
    let start = find_tag(text, "<title")?;
    let rest = text.get(start..)?;
    let inner = rest.get(rest.find('>')? + 1..)?;
    inner.get(..inner.find('<')?)
}

/// Where a tag begins, whatever its case; `tag` is lower-case ASCII.
fn find_tag(text: &str, tag: &str) -> Option<usize> {
    text.as_bytes()
        .windows(tag.len())
        .position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::response;

    fn challenged(body: &str) -> bool {
        is_challenge(
            &response("https://a.example/", 200, "text/html", body),
            body,
        )
    }

    #[test]
    fn challenge_pages_of_the_common_kinds_are_recognised() {
        for body in [
            "<html><head><TITLE lang=en>Just a moment...</TITLE>",
            "<title>Preparing to download ...</title>",
            "<script>window._cf_chl_opt={cvId:'2'}</script>",
            "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.",
            "<title>Pardon Our Interruption...</title>",
        ] {
            assert!(challenged(body), "{body}");
        }
    }

    #[test]
    fn a_login_page_and_a_purchase_box_are_paywalls_and_an_article_is_none() {
        assert!(is_paywall("<title>\nSign in | Publisher</title>"));
        assert!(is_paywall("<div class=\"c-article-buy-box\">"));
        assert!(!is_paywall(
            "<title>On the designs of buyers</title><a href=/login>Log in</a>"
        ));
    }

    #[test]
    fn an_article_about_challenges_is_no_challenge() {
        let article = format!(
            "<title>How Cloudflare works</title>{}_cf_chl_opt",
            "x".repeat(CHALLENGE_MAX_BYTES)
        );
        assert!(!challenged(&article));
        assert!(!challenged(
            "<title>A moment of justice</title><p>Just a moment…"
        ));
    }

    #[test]
    fn a_challenge_header_decides_without_a_body() {
        let mut answer = response("https://a.example/", 403, "text/html", "");
        answer.headers.push(crate::Header {
            name: "cf-mitigated".to_owned(),
            value: "challenge".to_owned(),
        });
        assert!(is_challenge(&answer, ""));
    }

    #[test]
    fn a_title_is_found_in_any_case_and_never_beyond_the_text() {
        assert_eq!(title("<TiTlE>x</title>"), Some("x"));
        assert_eq!(title("<title"), None);
        assert_eq!(title("é<title>é"), None);
    }
}
