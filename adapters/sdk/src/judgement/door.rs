//! Doors: pages that sell the article or ask for a password.

use super::plain_title;

/// What stands on the page of an article one has to pay or log in for.
const MARKS: &[&str] = &[
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
    "logon",
    "sign in",
    "signin",
    "sign-in",
    "institutional login",
    "single sign-on",
    "authentication required",
    "where are you from",
    "anmelden",
    "connexion",
    "iniciar sesión",
];

/// Segments of the paths of login pages.
const LOGIN_SEGMENTS: &[&str] = &[
    "login",
    "log-in",
    "signin",
    "sign-in",
    "logon",
    "sso",
    "ssostart",
    "saml",
    "saml2",
    "shibboleth",
    "wayf",
    "authorize",
    "authenticate",
    "openid-connect",
    "institutional-login",
];

/// Whether the page sells the article or asks to log in.
pub(crate) fn is_paywall(text: &str) -> bool {
    let is_login = plain_title(text)
        .is_some_and(|title| LOGIN_TITLES.iter().any(|start| title.starts_with(start)));
    is_login || MARKS.iter().any(|mark| text.contains(mark))
}

/// Whether an address is a login page's.
pub(crate) fn is_door_address(url: &str) -> bool {
    let address = url.to_ascii_lowercase();
    let Some((_, rest)) = address.split_once("://") else {
        return false;
    };
    let path = rest.split(['?', '#']).next().unwrap_or(rest);
    let mut segments = path.split('/');
    let host = segments.next().unwrap_or_default();
    let is_provider = host.split('.').next().is_some_and(|label| {
        matches!(
            label,
            "idp" | "sso" | "login" | "auth" | "wayf" | "shibboleth"
        )
    });
    is_provider
        || segments.any(|segment| {
            let name = segment.split('.').next().unwrap_or(segment);
            LOGIN_SEGMENTS.contains(&name)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_page_and_a_purchase_box_are_paywalls_and_an_article_is_none() {
        assert!(is_paywall("<title>\nSign in | Publisher</title>"));
        assert!(is_paywall("<div class=\"c-article-buy-box\">"));
        assert!(!is_paywall(
            "<title>On the designs of buyers</title><a href=/login>Log in</a>"
        ));
    }

    #[test]
    fn login_pages_are_known_by_their_address_word_by_word() {
        for url in [
            "https://idp.springer.com/authorize?response_type=cookie",
            "https://pub.example/action/ssostart?redirectUri=x",
            "https://pub.example/Login.aspx",
            "https://login.pub.example/",
        ] {
            assert!(is_door_address(url), "{url}");
        }
        for url in [
            "https://pub.example/article/login-systems?x=/login",
            "https://logins.example/1",
            "login",
        ] {
            assert!(!is_door_address(url), "{url}");
        }
    }
}
