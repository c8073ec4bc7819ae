//! The cookie jar of one work: some publishers answer only those who bring
//! back the cookie of the page before.
//!
//! A jar lives as long as its work, is shared by adapters, probe and download,
//! and holds little: a server cannot make it grow.

use std::sync::{Mutex, PoisonError};

use cookie_store::{CookieStore, RawCookie};
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

/// Cookies a jar holds at most; later ones are dropped.
pub const COOKIES_PER_JAR: usize = 200;
/// The longest `Set-Cookie` that is read.
pub const COOKIE_MAX_BYTES: usize = 4096;
/// `Set-Cookie` lines read of one answer.
const COOKIES_PER_ANSWER: usize = 50;
/// The longest `Cookie` header sent; further cookies stay at home.
const COOKIE_HEADER_MAX_BYTES: usize = 8192;

/// Suffixes under which strangers live side by side, so that no cookie may be
/// set for all of them.
const SHARED_SUFFIXES: &str = include_str!("shared_suffixes.txt");

/// The cookies of one work; nothing until the first is set, because reading
/// the suffixes costs more than a request.
pub(super) struct Jar(Mutex<Option<CookieStore>>);

impl Jar {
    pub(super) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The `Cookie` header for a request to `url`.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let store = store.as_ref()?;
        let mut line = String::new();
        for (name, value) in store.get_request_values(url) {
            let more = name.len() + value.len() + 3;
            if line.len() + more > COOKIE_HEADER_MAX_BYTES {
                break;
            }
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(name);
            line.push('=');
            line.push_str(value);
        }
        if line.is_empty() {
            return None;
        }
        HeaderValue::from_str(&line).ok()
    }

    /// Keeps what an answer from `url` sets.
    pub(super) fn keep(&self, url: &Url, headers: &HeaderMap) {
        let mut lines = headers.get_all(SET_COOKIE).iter().peekable();
        if lines.peek().is_none() {
            return;
        }
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let store = store.get_or_insert_with(|| {
            CookieStore::new_with_public_suffix(SHARED_SUFFIXES.parse().ok())
        });
        let room = COOKIES_PER_JAR.saturating_sub(store.iter_any().count());
        for line in lines.take(COOKIES_PER_ANSWER.min(room)) {
            if line.len() > COOKIE_MAX_BYTES {
                continue;
            }
            let Ok(text) = line.to_str() else { continue };
            let Ok(cookie) = RawCookie::parse(text.to_owned()) else {
                continue;
            };
            // No site is a whole top-level domain; the list has only wider ones.
            if cookie.domain().is_some_and(is_single_label) {
                continue;
            }
            // A cookie that breaks the other rules is simply not kept.
            store.insert_raw(&cookie, url).ok();
        }
    }
}

fn is_single_label(domain: &str) -> bool {
    !domain.trim_matches('.').contains('.')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn keep(jar: &Jar, url: &str, lines: &[&str]) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, HeaderValue::from_str(line).unwrap());
        }
        jar.keep(&Url::parse(url).unwrap(), &headers);
    }

    fn sent(jar: &Jar, url: &str) -> Option<String> {
        let header = jar.header(&Url::parse(url).unwrap())?;
        Some(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_its_own_site_only() {
        let jar = Jar::new();
        keep(
            &jar,
            "https://www.acme.org/a",
            &["sid=1; Path=/; Secure", "all=2; Domain=acme.org; Path=/"],
        );
        let own = sent(&jar, "https://www.acme.org/b").unwrap();
        assert!(own.contains("sid=1") && own.contains("all=2"), "{own}");
        assert_eq!(
            sent(&jar, "https://pdf.acme.org/"),
            Some("all=2".to_owned())
        );
        assert_eq!(sent(&jar, "https://evil.org/"), None);
        assert_eq!(
            sent(&jar, "http://www.acme.org/"),
            Some("all=2".to_owned()),
            "secure ones need https"
        );
    }

    #[test]
    fn no_cookie_is_set_for_a_whole_shared_suffix() {
        let jar = Jar::new();
        keep(&jar, "https://evil.ac.uk/", &["a=1; Domain=ac.uk; Path=/"]);
        keep(
            &jar,
            "https://evil.github.io/",
            &["b=1; Domain=github.io; Path=/"],
        );
        keep(
            &jar,
            "https://evil.org/",
            &[
                "c=1; Domain=org; Path=/",
                "d=1; Domain=acme.org",
                "e=1; Domain=.org.",
            ],
        );
        for url in [
            "https://ox.ac.uk/",
            "https://x.github.io/",
            "https://acme.org/",
        ] {
            assert_eq!(sent(&jar, url), None, "{url}");
        }
    }

    #[test]
    fn a_thousand_cookies_do_not_fit() {
        let jar = Jar::new();
        for round in 0..20 {
            let lines: Vec<String> = (0..50).map(|n| format!("c{round}x{n}=v; Path=/")).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            keep(&jar, "https://acme.org/", &lines);
        }
        let store = jar.0.lock().unwrap();
        let count = store.as_ref().unwrap().iter_any().count();
        assert_eq!(count, COOKIES_PER_JAR);
    }

    #[test]
    fn the_cookie_header_stays_within_its_bound() {
        let jar = Jar::new();
        let lines: Vec<String> = (0..20)
            .map(|n| format!("c{n}={}; Path=/", "v".repeat(1000)))
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        keep(&jar, "https://acme.org/", &lines);
        assert!(sent(&jar, "https://acme.org/").unwrap().len() <= COOKIE_HEADER_MAX_BYTES);
    }
}
