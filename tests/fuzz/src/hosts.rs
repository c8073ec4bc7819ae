//! Host patterns and places, one a line, the last line a host: each means what
//! its printed form means, and covering agrees with matching.

use url::Url;

use crate::http::{HostGrants, HostPattern, HostPlace};
use crate::promises;

/// Checks some patterns against a host.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines: Vec<&str> = text.split('\n').take(6).collect();
    let last = lines.pop().unwrap_or_default();
    let url = Url::parse(&format!("http://{last}/")).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or("a.example");
    let mut patterns = Vec::new();
    for line in lines {
        match HostPlace::parse(line) {
            Ok(place) => assert_eq!(HostPlace::parse(&place.to_string()), Ok(place)),
            Err(error) => promises::is_a_message(&error.to_string()),
        }
        match HostPattern::parse(line) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => promises::is_a_message(&error.to_string()),
        }
    }
    for one in &patterns {
        let printed = one.to_string();
        promises::is_harmless(&printed);
        assert_eq!(HostPattern::parse(&printed).as_ref(), Ok(one), "{printed}");
        assert!(one.covers(one));
        for other in &patterns {
            if one.covers(other) && other.matches(host) {
                assert!(one.matches(host), "{one} covers {other}, {host}");
            }
        }
    }
    let grants = HostGrants::new(patterns.clone());
    let granted = patterns.iter().any(|pattern| pattern.matches(host));
    assert_eq!(grants.rule_for(host).is_some(), granted);
}
