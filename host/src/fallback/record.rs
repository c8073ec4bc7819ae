//! One attempt as results and events show it.

use serde::{Deserialize, Serialize};

use crate::outcome::{Outcome, Reason};

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The source's tier.
    pub tier: String,
    /// The source.
    pub source: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
    /// The URL that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The HTTP status that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The host that decided it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Requests repeated by the host.
    pub retries: u32,
    /// Milliseconds from launch to end.
    pub elapsed_ms: u64,
    /// Requests sent, redirects and probes included.
    pub requests: u32,
    /// Bytes received, probes included.
    pub bytes: u64,
}

impl AttemptRecord {
    /// Whether it counts against the budget: what was not asked is free.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.outcome != Outcome::Skipped || self.requests > 0
    }
}

/// The URL with an `email` of its query blanked: results are shared, and the
/// contact address is the operator's own.
pub(crate) fn without_contact(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return url.to_owned();
    };
    if !parsed.query_pairs().any(|(key, _)| key == "email") {
        return url.to_owned();
    }
    let query: Vec<String> = parsed
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some(("email", _)) => "email=redacted".to_owned(),
            _ => pair.to_owned(),
        })
        .collect();
    parsed.set_query(Some(&query.join("&")));
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contact_address_does_not_reach_the_results() {
        assert_eq!(
            without_contact("https://api.unpaywall.org/v2/10.1/x?email=ada%40lovelace.edu&a=b"),
            "https://api.unpaywall.org/v2/10.1/x?email=redacted&a=b"
        );
        let other = "https://x.example/p?article=1&amp=%20";
        assert_eq!(without_contact(other), other);
        let bare = "https://x.example/p";
        assert_eq!(without_contact(bare), bare, "no question mark is added");
    }
}
