//! Doors: pages that sell the article or ask for a password.

use super::{asks_for_password, describes_an_article, host_and_path, plain_title, title_is};

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

/// Titles of login pages, in lower case: whole, or beside the site's name.
const LOGIN_TITLES: &[&str] = &[
    "log in",
    "login",
    "log on",
    "logon",
    "sign in",
    "signin",
    "sign-in",
    "ezproxy login",
    "user login",
    "member login",
    "login page",
    "login required",
    "institutional login",
    "single sign-on",
    "central authentication service",
    "authentication required",
    "shibboleth authentication request",
    "where are you from",
    "anmelden",
    "anmeldung",
    "connexion",
    "iniciar sesión",
    "iniciar sessão",
];

/// How more of them begin.
const LOGIN_STARTS: &[&str] = &[
    "log in to ",
    "login to ",
    "log in with ",
    "sign in to ",
    "sign in with ",
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

/// Whether the page sells the article or asks to log in. An article's own page
/// may have a box for a password, and be called as it likes.
pub(crate) fn is_paywall(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark)) || (is_login(text) && !describes_an_article(text))
}

fn is_login(text: &str) -> bool {
    let title = plain_title(text).unwrap_or_default();
    let plain = text.to_ascii_lowercase();
    title_is(&title, LOGIN_TITLES)
        || LOGIN_STARTS.iter().any(|start| title.starts_with(start))
        || asks_for_password(&plain)
        || is_handed_to_login(&plain)
}

/// A form that posts itself to the place where one logs in; `plain` is in
/// lower case.
fn is_handed_to_login(plain: &str) -> bool {
    [
        "name=\"samlrequest\"",
        "name='samlrequest'",
        "name=samlrequest",
    ]
    .iter()
    .any(|field| plain.contains(field))
}

/// Whether an address is a login page's.
pub(crate) fn is_door_address(url: &str) -> bool {
    let address = url.to_ascii_lowercase();
    let Some((host, path)) = host_and_path(&address) else {
        return false;
    };
    let is_provider = host.split('.').next().is_some_and(|label| {
        matches!(
            label,
            "idp" | "sso" | "login" | "auth" | "wayf" | "shibboleth"
        )
    });
    is_provider
        || path.split('/').any(|segment| {
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
    fn logins_are_paywalls_and_an_article_about_them_is_none() {
        for page in [
            "<title>Repository :: Log In</title>",
            "<title>EZproxy Login</title>",
            "<title>CAS – Central Authentication Service</title>",
            "<title>Sign in to your account</title>",
            "<title>Welcome</title><INPUT TYPE=\"password\">",
            "<form method=post action=https://idp.uni.example/SSO><input name=SAMLRequest>",
        ] {
            assert!(is_paywall(page), "{page}");
        }
        for page in [
            "<title>Login security in practice | J</title>",
            "<title>Sign in Chinese: x</title>",
            "<title>An article</title><meta name=citation_title content=x><input type=password>",
            "<title>Login</title><meta name=citation_title content=Login>",
        ] {
            assert!(!is_paywall(page), "{page}");
        }
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
