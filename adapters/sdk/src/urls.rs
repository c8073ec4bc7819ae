//! Building, completing and comparing URLs.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// Everything but the unreserved characters of RFC 3986 §2.3.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// As [`COMPONENT`], with `/` kept: a path of several segments.
const PATH: &AsciiSet = &COMPONENT.remove(b'/');

/// Encodes text for one place in a URL: a query value, a path segment.
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Encodes text for a path; `/` stays.
#[must_use]
pub fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Undoes percent-encoding once; bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// `base` with query parameters, their values encoded. A query that `base`
/// already has is continued.
#[must_use]
pub fn with_query(base: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = base.to_owned();
    let mut separator = if base.contains('?') { '&' } else { '?' };
    for (name, value) in parameters {
        // Writing to a String cannot fail.
        let _ = write!(url, "{separator}{}={}", encode(name), encode(value));
        separator = '&';
    }
    url
}

/// The decoded value of a query parameter; the name is compared without
/// regard to case.
#[must_use]
pub fn query_value(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1.split('#').next()?;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| decode(&value.replace('+', " ")))
}

/// The URL's host name in lower case, if it is an http or https URL.
#[must_use]
pub fn host(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let name = if host.starts_with('[') {
        host.split_inclusive(']').next()?
    } else {
        host.split(':').next()?
    };
    (!name.is_empty()).then(|| name.trim_end_matches('.').to_ascii_lowercase())
}

/// Whether a URL's host is this domain or one below it.
#[must_use]
pub fn is_under(url: &str, domain: &str) -> bool {
    host(url).is_some_and(|host| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// A reference completed against the URL it stands on: absolute, spaces
/// encoded, without fragment. None unless it leads to http or https.
#[must_use]
pub fn absolute(base: &str, reference: &str) -> Option<String> {
    join(&Url::parse(base).ok()?, reference).map(String::from)
}

pub(crate) fn join(base: &Url, reference: &str) -> Option<Url> {
    let reference = reference.trim();
    if reference.is_empty() || reference.starts_with('#') {
        return None;
    }
    let mut url = base.join(reference).ok()?;
    url.set_fragment(None);
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// A form in which two spellings of one address are equal: without scheme and
/// fragment, the host in lower case. The query stays: it may carry identity.
#[must_use]
pub fn sameness(url: &str) -> String {
    let url = url.trim();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = if path == "/" { "" } else { path };
    format!("{}{path}", authority.to_ascii_lowercase())
}

/// Path and query in lower case, without host and fragment and without the
/// slash in front: what an address says about the file behind it.
#[must_use]
pub fn below_host(url: &str) -> String {
    let address = sameness(url).to_lowercase();
    match address.find(['/', '?']) {
        Some(at) => address
            .get(at..)
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_encoded_and_an_existing_query_is_continued() {
        assert_eq!(
            with_query(
                "https://a.example/s",
                &[("q", "DOI:\"10.1/a (b)\""), ("n", "1")]
            ),
            "https://a.example/s?q=DOI%3A%2210.1%2Fa%20%28b%29%22&n=1"
        );
        assert_eq!(
            with_query("https://a.example/s?k=v", &[("n", "1")]),
            "https://a.example/s?k=v&n=1"
        );
    }

    #[test]
    fn a_query_value_is_found_in_any_case_and_decoded_once() {
        let url = "https://a.example/go?key=1&Redirect=https%3A%2F%2Fb.example%2Fx%2520y#top";
        assert_eq!(
            query_value(url, "redirect").as_deref(),
            Some("https://b.example/x%20y")
        );
        assert_eq!(query_value("https://a.example/go", "redirect"), None);
    }

    #[test]
    fn references_become_absolute_with_spaces_encoded() {
        let base = "https://a.example/articles/1?x=2";
        for (reference, url) in [
            ("/pdf/a b.pdf", Some("https://a.example/pdf/a%20b.pdf")),
            ("../c.pdf#page=2", Some("https://a.example/c.pdf")),
            ("//cdn.example/x.pdf", Some("https://cdn.example/x.pdf")),
            ("?type=pdf", Some("https://a.example/articles/1?type=pdf")),
            ("javascript:void(0)", None),
            ("mailto:x@a.example", None),
            ("data:application/pdf;base64,x", None),
            ("#top", None),
            ("  ", None),
        ] {
            assert_eq!(absolute(base, reference).as_deref(), url, "{reference}");
        }
    }

    #[test]
    fn the_host_is_read_past_user_port_and_case() {
        assert_eq!(
            host("https://user@DOI.org:443/x").as_deref(),
            Some("doi.org")
        );
        assert_eq!(host("https://[::1]:8080/x").as_deref(), Some("[::1]"));
        assert_eq!(host("ftp://a.example/"), None);
        assert!(is_under("https://export.arxiv.org/pdf/1", "arxiv.org"));
        assert!(!is_under("https://notarxiv.org/pdf/1", "arxiv.org"));
    }

    #[test]
    fn what_is_below_the_host_keeps_the_query() {
        assert_eq!(below_host("https://A.example/B/c?D=1#e"), "b/c?d=1");
        assert_eq!(below_host("https://a.example?x=1"), "?x=1");
        assert_eq!(below_host("https://a.example"), "");
    }

    #[test]
    fn sameness_ignores_scheme_and_fragment_but_not_the_query() {
        assert_eq!(
            sameness("http://A.example/x#1"),
            sameness("https://a.example/x")
        );
        assert_eq!(
            sameness("https://a.example/"),
            sameness("https://a.example")
        );
        assert_ne!(
            sameness("https://a.example/v.cgi?article=1"),
            sameness("https://a.example/v.cgi?article=2")
        );
    }
}
