//! Which hosts a request may go to: [`HostPattern`] and [`HostGrants`].
//!
//! | pattern | grants | not |
//! |---|---|---|
//! | `api.acme.org` | that host, any port | `www.api.acme.org` |
//! | `*.arxiv.org` | `export.arxiv.org`, `a.b.arxiv.org` | `arxiv.org` itself, `evilarxiv.org` |
//! | `192.0.2.7`, `[2001:db8::7]` | exactly that literal | names that resolve to it |
//! | `*` | any public host | addresses the guard refuses |
//!
//! A grant opens a host, never an address: the address guard is asked as well.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// One granted host, or a family of them. See the module's table.
///
/// ```
/// use paperfall::http::HostPattern;
/// let arxiv = HostPattern::parse("*.arXiv.org")?;
/// assert_eq!(arxiv.to_string(), "*.arxiv.org");
/// assert!(arxiv.matches("export.arxiv.org"));
/// assert!(!arxiv.matches("arxiv.org"));
/// assert!(HostPattern::parse("https://arxiv.org").is_err());
/// # Ok::<(), paperfall::http::HostPatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPattern(Shape);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Shape {
    Any,
    /// Below this domain, at any depth.
    Below(String),
    Exact(String),
}

/// A text that is no host pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not a host pattern: {why}; write `api.acme.org`, `*.acme.org` or `*`")]
pub struct HostPatternError {
    given: String,
    why: &'static str,
}

impl HostPattern {
    /// Reads a pattern; international names come out in their ASCII form.
    ///
    /// # Errors
    /// A [`HostPatternError`] for schemes, ports, paths, stars in other places
    /// than the front, and anything that is no host name.
    pub fn parse(text: &str) -> Result<Self, HostPatternError> {
        let fail = |why| HostPatternError {
            given: shorten(text),
            why,
        };
        if text == "*" {
            return Ok(Self(Shape::Any));
        }
        let too_long = || fail("a host name has 1 to 253 characters");
        let (name, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        if name.is_empty() {
            return Err(too_long());
        }
        if name.contains("://") {
            return Err(fail("it has a scheme"));
        }
        if name.contains('*') {
            return Err(fail("a star stands alone or as `*.` in front"));
        }
        if name.contains(['/', '?', '#', '\\', '@', '%']) {
            return Err(fail("it has more than a host name in it"));
        }
        if !name.starts_with('[') && name.contains(':') {
            return Err(fail(
                "ports are not part of a grant, and an IPv6 address stands in brackets",
            ));
        }
        let host = Host::parse(name).map_err(|_| fail("no such host can exist"))?;
        match host {
            Host::Domain(domain) => {
                // One dot at the end stands for the root, a second for nothing.
                let domain = domain.strip_suffix('.').unwrap_or(&domain);
                // Only the ASCII form counts: it is what is looked up.
                if domain.len() > 253 {
                    return Err(too_long());
                }
                let well_formed = domain
                    .split('.')
                    .all(|label| (1..=63).contains(&label.len()));
                if !well_formed {
                    return Err(fail("a part between two dots has 1 to 63 characters"));
                }
                let domain = domain.to_owned();
                Ok(Self(if below {
                    Shape::Below(domain)
                } else {
                    Shape::Exact(domain)
                }))
            }
            _ if below => Err(fail("there is nothing below an address")),
            literal => Ok(Self(Shape::Exact(literal.to_string()))),
        }
    }

    /// Whether this is `*`.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.0 == Shape::Any
    }

    /// The host, where it is exactly one.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        match &self.0 {
            Shape::Exact(name) => Some(name),
            Shape::Any | Shape::Below(_) => None,
        }
    }

    /// Whether `host` (as a parsed URL spells it: lower case, ASCII) is meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        match &self.0 {
            Shape::Any => true,
            Shape::Exact(name) => name == host,
            Shape::Below(domain) => host
                .strip_suffix(domain.as_str())
                .and_then(|front| front.strip_suffix('.'))
                .is_some_and(|front| !front.is_empty()),
        }
    }

    /// Whether everything `other` grants is granted by this pattern too: what
    /// an adapter asks for is held against what the operator grants with it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Shape::Any, _) => true,
            (_, Shape::Any) | (Shape::Exact(_), Shape::Below(_)) => false,
            (_, Shape::Exact(name)) => self.matches(name),
            (Shape::Below(wide), Shape::Below(narrow)) => wide == narrow || self.matches(narrow),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Shape::Any => f.write_str("*"),
            Shape::Below(domain) => write!(f, "*.{domain}"),
            Shape::Exact(name) => f.write_str(name),
        }
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The hosts one requester may talk to. Empty by default: nothing is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostGrants(Vec<HostPattern>);

impl HostGrants {
    /// Exactly these patterns.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = HostPattern>) -> Self {
        Self(patterns.into_iter().collect())
    }

    /// Any public host: the host's own probes and downloads.
    #[must_use]
    pub fn any() -> Self {
        Self(vec![HostPattern(Shape::Any)])
    }

    /// The pattern that grants `host`, the most specific one first.
    #[must_use]
    pub fn rule_for(&self, host: &str) -> Option<&HostPattern> {
        let mut matching: Vec<_> = self.0.iter().filter(|rule| rule.matches(host)).collect();
        matching.sort_by_key(|rule| match &rule.0 {
            Shape::Exact(_) => (0, 0),
            Shape::Below(domain) => (1, usize::MAX - domain.len()),
            Shape::Any => (2, 0),
        });
        matching.first().copied()
    }

    /// The patterns, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &HostPattern> {
        self.0.iter()
    }
}

impl fmt::Display for HostGrants {
    /// The patterns separated by commas; of a long list the first eight.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, pattern) in self.0.iter().take(8).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{pattern}")?;
        }
        match self.0.len().checked_sub(8) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::parse(text).expect(text)
    }

    #[test]
    fn a_pattern_matches_what_its_table_says_and_nothing_else() {
        for (rule, host, granted) in [
            ("api.acme.org", "api.acme.org", true),
            ("api.acme.org", "api.acme.org.", true),
            ("api.acme.org", "www.api.acme.org", false),
            ("api.acme.org", "api.acme.org.evil.net", false),
            ("*.arxiv.org", "export.arxiv.org", true),
            ("*.arxiv.org", "a.b.arxiv.org", true),
            ("*.arxiv.org", "arxiv.org", false),
            ("*.arxiv.org", ".arxiv.org", false),
            ("*.arxiv.org", "evilarxiv.org", false),
            ("*", "anything.example", true),
            ("93.184.215.14", "93.184.215.14", true),
            ("93.184.215.14", "93.184.215.15", false),
            ("[2606:4700::1]", "[2606:4700::1]", true),
        ] {
            assert_eq!(pattern(rule).matches(host), granted, "{rule} on {host}");
        }
    }

    #[test]
    fn a_pattern_is_written_in_its_normal_form() {
        for (given, normal) in [
            ("API.Acme.ORG", "api.acme.org"),
            ("acme.org.", "acme.org"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("*.bücher.example", "*.xn--bcher-kva.example"),
            ("0x7f.1", "127.0.0.1"),
            ("[2606:4700:0::1]", "[2606:4700::1]"),
        ] {
            assert_eq!(pattern(given).to_string(), normal, "{given}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_a_host_is_refused() {
        for bad in [
            "",
            "*.",
            "**",
            "a.*.org",
            "*acme.org",
            "https://acme.org",
            "acme.org:443",
            "acme.org/x",
            "u@acme.org",
            "acme .org",
            "*.127.0.0.1",
            "[::1",
            "::1",
            "a%2eorg",
            "a..b",
            "acme.org..",
            "1.0..",
            "*.*.org",
            "a\nb",
            "http:",
            "?",
            &["a\u{fc}b"; 40].join("."),
        ] {
            assert!(HostPattern::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_shows_little_of_it() {
        let long = ["a"; 127].join(".") + ".a";
        for (bad, why) in [
            ("", "1 to 253 characters"),
            (long.as_str(), "1 to 253 characters"),
            ("https://acme.org", "it has a scheme"),
            ("acme.org:443", "ports are not part of a grant"),
            ("::1", "stands in brackets"),
        ] {
            let message = HostPattern::parse(bad).unwrap_err().to_string();
            assert!(message.contains(why), "{message}");
            assert!(message.len() < 250, "{message}");
        }
        let longest = ["a"; 127].join(".");
        assert_eq!(longest.len(), 253);
        assert!(HostPattern::parse(&longest).is_ok());
        // The root's dot and the bytes of wide letters are no part of it.
        assert!(HostPattern::parse(&format!("{longest}.")).is_ok());
        let wide = vec!["\u{ff41}"; 127].join(".");
        assert_eq!(pattern(&wide).to_string(), longest);
    }

    #[test]
    fn grants_are_listed_up_to_eight() {
        let grants = |count: usize| {
            let names = (0..count).map(|number| pattern(&format!("h{number}.org")));
            HostGrants::new(names).to_string()
        };
        assert_eq!(grants(0), "none");
        assert_eq!(grants(2), "h0.org, h1.org");
        assert!(grants(8).ends_with(", h7.org"));
        assert!(grants(10).ends_with(", h7.org and 2 more"));
    }

    #[test]
    fn a_wide_pattern_covers_narrower_ones_only() {
        for (wide, narrow, covers) in [
            ("*", "*", true),
            ("*", "*.org.example", true),
            ("*.a.org", "b.a.org", true),
            ("*.a.org", "*.a.org", true),
            ("*.a.org", "*.b.a.org", true),
            ("*.b.a.org", "*.a.org", false),
            ("*.a.org", "a.org", false),
            ("a.org", "*", false),
            ("a.org", "*.a.org", false),
            ("a.org", "a.org", true),
        ] {
            assert_eq!(
                pattern(wide).covers(&pattern(narrow)),
                covers,
                "{wide} over {narrow}"
            );
        }
    }

    #[test]
    fn the_most_specific_grant_is_the_one_named() {
        let grants = HostGrants::new(["*", "*.a.org", "x.a.org"].map(pattern));
        let named = |host| grants.rule_for(host).unwrap().to_string();
        assert_eq!(named("x.a.org"), "x.a.org");
        assert_eq!(named("y.a.org"), "*.a.org");
        assert_eq!(named("b.net"), "*");
        assert_eq!(HostGrants::default().rule_for("a.org"), None);
    }
}
