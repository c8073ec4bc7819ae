//! Challenges and bot filters: Cloudflare, Akamai, Imperva, DataDome,
//! PerimeterX, AWS WAF, Kasada, Radware, F5, Anubis, PMC's proof of work and
//! the rest. Marks that these also leave on ordinary pages (their sensors) do
//! not count.

use super::{describes_an_article, plain_title};

/// Interstitials are small; a longer page is searched by its title only.
const CHALLENGE_MAX_BYTES: usize = 128 * 1024;
/// Pages that are nothing but the filter's script are smaller still.
const BARE_MAX_BYTES: usize = 8 * 1024;

/// How the titles of challenge and refusal pages begin, in lower case. No
/// article is called so.
const TITLES: &[&str] = &[
    "just a moment...",
    "just a moment…",
    "un momento…",
    "un instant…",
    "einen moment",
    "attention required! | cloudflare",
    "checking your browser",
    "verifying your browser",
    "verify you are human",
    "verifying you are human",
    "client challenge",
    "pardon our interruption",
    "pardon the interruption",
    "access to this page has been denied",
    "making sure you're not a bot",
    "preparing to download",
    "ddos-guard",
    "radware bot manager",
    "radware captcha",
    "sucuri website firewall",
    "please wait... | cloudflare",
    "one moment, please",
    "un momento, por favor",
];

/// The same, where an article might begin so, too: these count whole, or
/// before the site's name.
const AMBIGUOUS_TITLES: &[&str] = &[
    "just a moment",
    "captcha",
    "captcha challenge",
    "validate user",
    "vérification de sécurité",
    "human verification",
    "bot verification",
    "are you a robot",
    "robot check",
    "security check",
    "request rejected",
    "access denied",
    "403 forbidden",
    "forbidden",
    "unauthorized",
    "blocked",
];

const AFTER_TITLES: &[&str] = &[".", "!", "?", "…", " |", " -", " –"];

/// What only challenge and refusal pages contain.
const MARKS: &[&str] = &[
    "_cf_chl_opt",
    "cloudpmc-viewer-pow",
    "POW_CHALLENGE",
    "Incapsula incident ID",
    "captcha-delivery.com/captcha",
    "ct.captcha-delivery.com",
    "Please enable JS and disable any ad blocker",
    "validate.perfdrive.com",
    "px-captcha",
    "gokuProps",
    "awsWafCookieDomainList",
    "anubis_challenge",
    "/.within.website/x/cmd/anubis",
    "sgcaptcha",
    "/crawlprevention/governor",
    "errors.edgesuite.net",
    "The requested URL was rejected. Please consult with your administrator",
    "Request forbidden by administrative rules",
    "Your access to this site has been limited by the site owner",
    "Enable JavaScript and cookies to continue",
];

/// What also stands on ordinary pages of protected sites, but not on pages
/// that consist of little else.
const BARE_MARKS: &[&str] = &[
    "_Incapsula_Resource",
    "ips.js?KP_UIDz",
    "KPSDK",
    "/cdn-cgi/challenge-platform/",
    "bm-verify",
    "sec-if-cpt-container",
    "token.awswaf.com",
    "js.datadome.co",
    "/TSPD/",
];

/// Headers by which a filter says what its answer is, with the words that
/// mean a challenge.
const HEADERS: &[(&str, &[&str])] = &[
    ("cf-mitigated", &["challenge"]),
    ("x-amzn-waf-action", &["challenge", "captcha"]),
    ("x-dd-b", &["1", "2"]),
];

/// Whether a page is a challenge's or a bot filter's.
pub(crate) fn is_challenge(text: &str) -> bool {
    let title = plain_title(text).unwrap_or_default();
    if TITLES.iter().any(|start| title.starts_with(start)) {
        return true;
    }
    if text.len() > CHALLENGE_MAX_BYTES || describes_an_article(text) {
        return false;
    }
    AMBIGUOUS_TITLES.iter().any(|whole| {
        title.strip_prefix(whole).is_some_and(|rest| {
            rest.is_empty() || AFTER_TITLES.iter().any(|end| rest.starts_with(end))
        })
    }) || MARKS.iter().any(|mark| text.contains(mark))
        || (text.len() <= BARE_MAX_BYTES && BARE_MARKS.iter().any(|mark| text.contains(mark)))
}

/// Whether a filter says by a header that its answer is a challenge; `header`
/// looks one up by its name in lower case.
pub(crate) fn says_challenge<'a>(header: impl Fn(&str) -> Option<&'a str>) -> bool {
    HEADERS.iter().any(|(name, words)| {
        header(name).is_some_and(|value| {
            words
                .iter()
                .any(|word| value.trim().eq_ignore_ascii_case(word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::is_challenge as challenged;
    use super::*;

    #[test]
    fn challenge_pages_of_every_vendor_are_recognised() {
        for (vendor, body) in [
            (
                "Cloudflare",
                "<html><head><TITLE lang=en>Just a moment...</TITLE>",
            ),
            (
                "Cloudflare, abroad",
                "<title>Un momento…</title><script>window._cf_chl_opt={cvId:'3'}</script>",
            ),
            (
                "Cloudflare, blocking",
                "<title>Attention Required! | Cloudflare</title>",
            ),
            (
                "Akamai",
                "<TITLE>Access Denied</TITLE><H1>Access Denied</H1> Reference #18.2f",
            ),
            (
                "Akamai, by its link",
                "<h1>No</h1>https://errors.edgesuite.net/18.2f",
            ),
            (
                "Akamai, interstitial",
                "<html><body><script>\"/x?bm-verify=AAQ\"</script></body></html>",
            ),
            ("Imperva", "<title>Pardon Our Interruption...</title>"),
            (
                "Imperva, blocking",
                "<body>Request unsuccessful. Incapsula incident ID: 1-2",
            ),
            (
                "Imperva, script only",
                "<html><head><script src=\"/_Incapsula_Resource?SWJIYLWA=7\"></script></head></html>",
            ),
            (
                "DataDome",
                "<p id=cmsg>Please enable JS and disable any ad blocker</p><script src=https://ct.captcha-delivery.com/c.js>",
            ),
            (
                "PerimeterX",
                "<title>Access to this page has been denied</title><div id=px-captcha>",
            ),
            (
                "AWS WAF",
                "<script>window.gokuProps = {\"key\":\"x\"}</script>",
            ),
            (
                "Kasada",
                "<html><body><script src=\"/1/ips.js?KP_UIDz=x\"></script></body></html>",
            ),
            ("Radware", "<title>Radware Bot Manager Captcha</title>"),
            (
                "F5",
                "<title>Request Rejected</title>The requested URL was rejected.",
            ),
            ("Anubis", "<title>Making sure you&#39;re not a bot!</title>"),
            (
                "Anubis, by its data",
                "<script id=\"anubis_challenge\" type=\"application/json\">{}</script>",
            ),
            (
                "PMC",
                "<title>Preparing to download ...</title><script>const POW_CHALLENGE='x'</script>",
            ),
            (
                "HAProxy",
                "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.",
            ),
            (
                "Silverchair",
                "<form action=/crawlprevention/governor?content=x>",
            ),
        ] {
            assert!(challenged(body), "{vendor}");
        }
    }

    #[test]
    fn an_article_about_challenges_is_no_challenge() {
        let long = format!(
            "<title>How Cloudflare works</title>{}_cf_chl_opt",
            "x".repeat(CHALLENGE_MAX_BYTES)
        );
        for article in [
            long.as_str(),
            "<title>A moment of justice</title><p>Just a moment…",
            "<title>Blocked randomization in small trials</title>",
            "<title>Forbidden transitions: a survey</title>",
            "<title>Human verification of machine translation</title>",
            "<title>CAPTCHA: using hard AI problems for security</title><meta name=citation_title content=x>",
            "<title>Access denied: barriers to care</title><meta name=\"citation_doi\" content=10.1/x><script>_cf_chl_opt",
        ] {
            assert!(!challenged(article), "{:.60}", article);
        }
    }

    #[test]
    fn a_protected_sites_ordinary_page_is_no_challenge() {
        let page = format!(
            "<title>Home</title><script src=/_Incapsula_Resource?x></script><script src=/cdn-cgi/challenge-platform/scripts/jsd/main.js></script>{}",
            "<p>words</p>".repeat(1000)
        );
        assert!(!challenged(&page));
    }

    #[test]
    fn a_challenge_header_decides_without_a_body() {
        for (name, value, is) in [
            ("cf-mitigated", "challenge", true),
            ("x-amzn-waf-action", " Captcha ", true),
            ("x-amzn-waf-action", "count", false),
            ("x-other", "challenge", false),
        ] {
            let header = |asked: &str| (asked == name).then_some(value);
            assert_eq!(says_challenge(header), is, "{name}: {value}");
        }
    }
}
