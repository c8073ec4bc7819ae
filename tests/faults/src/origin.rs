//! What the origin was asked, by URL and step.

use std::collections::BTreeMap;

use paperfall_miniweb::LoggedRequest;

/// How often a URL was asked for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// For its first bytes.
    pub probes: usize,
    /// For its headers.
    pub heads: usize,
    /// For all of it, or for the rest.
    pub gets: usize,
    /// Of these, for the rest.
    pub rests: usize,
}

/// Counts these requests.
#[must_use]
pub fn asked(requests: &[LoggedRequest]) -> BTreeMap<String, Asked> {
    let mut by_url: BTreeMap<String, Asked> = BTreeMap::new();
    for request in requests {
        let asked = by_url.entry(request.url()).or_default();
        match (request.method.as_str(), request.header("range")) {
            ("HEAD", _) => asked.heads += 1,
            (_, Some("bytes=0-4095")) => asked.probes += 1,
            (_, Some(_)) => {
                asked.gets += 1;
                asked.rests += 1;
            }
            (_, None) => asked.gets += 1,
        }
    }
    by_url
}
