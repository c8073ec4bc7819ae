//! The limits of hosts, and which of them a request falls under: the one for
//! the closest place.

use std::num::NonZeroU32;
use std::time::Duration;

use url::Url;

use super::place::{HostPlace, PlainPath};
use super::rate::Rate;

/// The limits of one place. A wildcard's limits hold for each host by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    /// Where it applies.
    pub place: HostPlace,
    /// Requests a second, evenly spaced.
    pub per_second: Option<NonZeroU32>,
    /// Requests a minute, evenly spaced.
    pub per_minute: Option<NonZeroU32>,
    /// Requests in any 24 hours; a tenth of them may come at once.
    pub per_day: Option<NonZeroU32>,
    /// Requests at once.
    pub max_concurrent: Option<NonZeroU32>,
    /// Whether the host has a circuit breaker; nothing said: a less close
    /// rule decides, or else it has one.
    pub breaker: Option<bool>,
}

impl HostRule {
    /// A rule without limits.
    #[must_use]
    pub fn new(place: HostPlace) -> Self {
        Self {
            place,
            per_second: None,
            per_minute: None,
            per_day: None,
            max_concurrent: None,
            breaker: None,
        }
    }

    fn limits_anything(&self) -> bool {
        self.max_concurrent.is_some() || !self.rates().is_empty()
    }

    fn rates(&self) -> Vec<Rate> {
        const MINUTE: Duration = Duration::from_secs(60);
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let second = |count: NonZeroU32| Rate::even(count.get(), Duration::from_secs(1));
        let minute = |count: NonZeroU32| Rate::even(count.get(), MINUTE);
        let day = |count: NonZeroU32| Rate::quota(count.get(), DAY);
        [
            self.per_second.map(second),
            self.per_minute.map(minute),
            self.per_day.map(day),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// All rules, the closest first.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<HostRule>);

/// What holds for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limits {
    /// The host, with a port that is not its scheme's own.
    pub(super) host: String,
    /// Requests that are counted together.
    pub(super) bucket: String,
    pub(super) rates: Vec<Rate>,
    pub(super) slots: Option<u32>,
    pub(super) breaker: bool,
}

impl Rules {
    pub(super) fn new(mut rules: Vec<HostRule>) -> Self {
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.place.closeness()));
        Self(rules)
    }

    /// What holds for a request to `url`.
    pub(super) fn limits(&self, url: &Url) -> Limits {
        let name = url.host_str().unwrap_or_default();
        let host = match url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        let path = PlainPath::of(url);
        let mut limits = Limits {
            bucket: host.clone(),
            host,
            rates: Vec::new(),
            slots: None,
            breaker: true,
        };
        let covering = || self.0.iter().filter(|rule| rule.place.covers(name, &path));
        if let Some(rule) = covering().find(|rule| rule.limits_anything()) {
            limits.bucket = rule.place.bucket(&limits.host);
            limits.rates = rule.rates();
            limits.slots = rule.max_concurrent.map(NonZeroU32::get);
        }
        limits.breaker = covering().find_map(|rule| rule.breaker).unwrap_or(true);
        limits
    }

    /// Whether the host as a whole has a breaker.
    pub(super) fn has_breaker(&self, host: &str) -> bool {
        self.0
            .iter()
            .filter(|rule| rule.place.is_whole_host() && rule.place.covers_host(host))
            .find_map(|rule| rule.breaker)
            .unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rule(place: &str, per_minute: u32) -> HostRule {
        HostRule {
            per_minute: NonZeroU32::new(per_minute),
            ..HostRule::new(HostPlace::parse(place).unwrap())
        }
    }

    fn limits(rules: &Rules, url: &str) -> Limits {
        rules.limits(&Url::parse(url).unwrap())
    }

    #[test]
    fn the_closest_rule_alone_decides() {
        let rules = Rules::new(vec![
            rule("*", 1),
            rule("a.org", 2),
            rule("a.org/cdx", 3),
            rule("a.org/cdx/search", 4),
        ]);
        for (url, bucket, per_minute) in [
            ("https://a.org/cdx/search/cdx?url=x", "a.org/cdx/search", 4),
            ("https://a.org/cdx/other", "a.org/cdx", 3),
            ("http://a.org/web/1", "a.org", 2),
            ("https://b.org/cdx", "b.org", 1),
        ] {
            let limits = limits(&rules, url);
            assert_eq!(limits.bucket, bucket);
            assert_eq!(limits.rates, rule("x.org", per_minute).rates(), "{url}");
        }
    }

    #[test]
    fn every_host_under_a_wildcard_is_counted_by_itself_and_every_port_too() {
        let rules = Rules::new(vec![rule("*.org", 1)]);
        let bucket = |url| limits(&rules, url).bucket;
        assert_eq!(bucket("https://a.org/x"), "a.org");
        assert_eq!(bucket("https://b.org/x"), "b.org");
        assert_eq!(bucket("http://a.org:8080/x"), "a.org:8080");
        assert_eq!(limits(&rules, "https://a.net/").rates, []);
    }

    #[test]
    fn a_breaker_is_there_unless_the_closest_word_on_it_says_no() {
        let breaker = |place: &str, breaker| HostRule {
            breaker,
            ..rule(place, 1)
        };
        let rules = Rules::new(vec![
            breaker("*", Some(false)),
            breaker("a.org", Some(true)),
            breaker("a.org/x", None),
            breaker("b.org/x", None),
        ]);
        assert!(limits(&rules, "https://a.org/x").breaker);
        assert!(!limits(&rules, "https://b.org/x").breaker);
        assert!(rules.has_breaker("a.org") && !rules.has_breaker("c.org"));
        assert!(Rules::default().has_breaker("a.org"));
    }
}
