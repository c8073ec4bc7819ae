//! What an operator says about hosts, and what they say themselves.

#[path = "../../../../../host/src/http/politeness/place.rs"]
mod place;
#[path = "../../../../../host/src/http/politeness/rate.rs"]
mod rate;
#[path = "../../../../../host/src/http/politeness/robots_file.rs"]
mod robots_file;
#[path = "../../../../../host/src/http/politeness/rules.rs"]
mod rules;

use std::time::Duration;

use url::Url;

pub(crate) use place::HostPlace;
pub(crate) use robots_file::CRAWL_DELAY_MAX;
pub(crate) use rules::HostRule;

/// What a robots.txt says of some pages.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) allowed: Vec<bool>,
    /// Between two pages.
    pub(crate) delay: Option<Duration>,
    pub(crate) nonsense: bool,
}

/// Reads a robots.txt.
pub(crate) fn robots(text: &[u8], pages: &[Url]) -> Said {
    let file = robots_file::RobotsFile::read(text);
    let micros = file.pace().map(|rate| rate.numbers().0);
    Said {
        allowed: pages.iter().map(|page| file.allows(page)).collect(),
        delay: micros.map(Duration::from_micros),
        nonsense: robots_file::is_nonsense(text),
    }
}
