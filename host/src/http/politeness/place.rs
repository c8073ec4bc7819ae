//! Where a rule applies: a host pattern, and perhaps a path below it.
//!
//! `web.archive.org/cdx` and `web.archive.org/web` are two places with limits
//! of their own. A wildcard stands for many hosts, and a rule for it applies
//! to each of them by itself.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::http::{HostPattern, HostPatternError};

/// The longest path a place may have.
const PATH_MAX_BYTES: usize = 256;

/// A host pattern and a path prefix: `web.archive.org/cdx`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPlace {
    pattern: HostPattern,
    /// Empty, or `/` and whole segments, without a slash at the end.
    prefix: String,
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostPlaceError {
    /// The host.
    #[error(transparent)]
    Host(#[from] HostPatternError),
    /// The path.
    #[error("the path of a host limit is plain, like web.archive.org/cdx: {0}")]
    Path(&'static str),
}

impl HostPlace {
    /// Reads `HOST` or `HOST/PATH`; the path counts in whole segments.
    ///
    /// # Errors
    /// A [`HostPlaceError`] that says what is wrong with host or path.
    pub fn parse(text: &str) -> Result<Self, HostPlaceError> {
        let (host, path) = match text.split_once('/') {
            Some((host, path)) => (host, path),
            None => (text, ""),
        };
        let pattern = HostPattern::parse(host)?;
        let fail = |why| Err(HostPlaceError::Path(why));
        if path.len() > PATH_MAX_BYTES {
            return fail("it is longer than 256 bytes");
        }
        if path.contains(['?', '#', '*', '\\', '%']) || path.chars().any(char::is_control) {
            return fail("leave out ?, #, *, \\ and %");
        }
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if segments.iter().any(|part| matches!(*part, "." | "..")) {
            return fail("leave out . and ..");
        }
        let prefix = segments.iter().flat_map(|part| ["/", part]).collect();
        Ok(Self { pattern, prefix })
    }

    /// Whether the rule for this place is about `url`.
    pub(super) fn covers(&self, host: &str, path: &PlainPath) -> bool {
        self.pattern.matches(host) && path.is_below(&self.prefix)
    }

    /// Whether the host is the place's, whatever the path.
    pub(super) fn covers_host(&self, host: &str) -> bool {
        self.pattern.matches(host)
    }

    /// Whether only this place's host matters.
    pub(super) fn is_whole_host(&self) -> bool {
        self.prefix.is_empty()
    }

    /// Greater is closer: an exact host before a wildcard, a longer wildcard
    /// before a shorter one, then the longer path.
    pub(super) fn closeness(&self) -> (usize, usize) {
        let shown = self.pattern.to_string();
        let host = if shown.starts_with('*') {
            shown.len()
        } else {
            usize::MAX
        };
        (host, self.prefix.len())
    }

    /// The name under which requests to `host` are counted together.
    pub(super) fn bucket(&self, host: &str) -> String {
        format!("{host}{}", self.prefix)
    }
}

impl fmt::Display for HostPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.pattern, self.prefix)
    }
}

/// A URL's path as servers read it: percent-encoding undone, slashes single.
/// A guest could otherwise spell its way around a limit (`/%63dx`, `//cdx`).
pub(super) struct PlainPath(String);

impl PlainPath {
    pub(super) fn of(url: &Url) -> Self {
        let decoded = percent_decode_str(url.path()).decode_utf8_lossy();
        let mut path = String::with_capacity(decoded.len());
        for part in decoded.split('/').filter(|part| !part.is_empty()) {
            path.push('/');
            path.push_str(part);
        }
        Self(path)
    }

    fn is_below(&self, prefix: &str) -> bool {
        self.0
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn covers(place: &str, url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        HostPlace::parse(place)
            .unwrap()
            .covers(url.host_str().unwrap(), &PlainPath::of(&url))
    }

    #[test]
    fn a_path_counts_in_whole_segments_however_it_is_spelled() {
        for (place, url, covered) in [
            ("a.org", "https://a.org/", true),
            ("a.org", "https://b.org/", false),
            ("a.org/cdx", "https://a.org/cdx", true),
            ("a.org/cdx/", "https://a.org/cdx/search?url=x", true),
            ("a.org/cdx", "https://a.org/cdxes", false),
            ("a.org/cdx", "https://a.org/web/cdx", false),
            ("a.org/cdx", "https://a.org//cdx/search", true),
            ("a.org/cdx", "https://a.org/%63dx/search", true),
            ("a.org/cdx", "https://a.org/x/../cdx", true),
            ("*.org/x/y", "https://b.a.org/x/y/z", true),
            ("*", "http://[2606:4700::1]/", true),
        ] {
            assert_eq!(covers(place, url), covered, "{place} on {url}");
        }
    }

    #[test]
    fn the_closest_place_is_an_exact_host_with_the_longest_path() {
        let mut places = [
            "*",
            "a.b.org/x",
            "*.org/x/y/z",
            "a.b.org",
            "*.b.org",
            "a.b.org/x/y",
        ]
        .map(|text| HostPlace::parse(text).unwrap());
        places.sort_by_key(|place| std::cmp::Reverse(place.closeness()));
        let order: Vec<String> = places.iter().map(ToString::to_string).collect();
        assert_eq!(
            order,
            [
                "a.b.org/x/y",
                "a.b.org/x",
                "a.b.org",
                "*.b.org",
                "*.org/x/y/z",
                "*"
            ]
        );
    }

    #[test]
    fn what_names_no_place_is_refused() {
        let long = format!("a.org/{}", "x".repeat(300));
        for bad in [
            "",
            "/cdx",
            "https://a.org",
            "a.org:80/x",
            "a.org/*",
            "a.org/x?y",
            "a.org/../x",
            "a.org/%63",
            &long,
        ] {
            assert!(HostPlace::parse(bad).is_err(), "{bad:?}");
        }
    }
}
