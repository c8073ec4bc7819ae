//! What a request that was not recorded is told: which recorded ones come
//! nearest.

use std::collections::BTreeSet;

use url::Url;

use super::matching::{Key, Matching};

/// How many are named.
const NAMED: usize = 3;
/// How many are compared letter by letter, and how many letters of each.
const COMPARED: usize = 2000;
const LETTERS: usize = 300;

/// The end of the message: why there is none, and what is near.
pub(super) fn explain(matching: &Matching, key: &Key) -> String {
    let count = matching.count(key);
    if count > 0 {
        return format!("all {count} recorded exchanges of this kind have been used");
    }
    let near = nearest(matching, key);
    if near.is_empty() {
        return "nothing like it was recorded".to_owned();
    }
    format!("nearest: {}", near.join("; "))
}

fn nearest(matching: &Matching, key: &Key) -> Vec<String> {
    let host = host(&key.url);
    let mut seen = BTreeSet::new();
    let mut ranked: Vec<(u8, usize, String)> = Vec::new();
    let keys = matching.keys().iter();
    // Those of the same host first: a large recording has too many to compare
    // them all.
    let (same, others): (Vec<&Key>, Vec<&Key>) =
        keys.partition(|other| host.is_some() && self::host(&other.url) == host);
    for other in same.into_iter().chain(others).take(COMPARED) {
        let shown = shown(other);
        if !seen.insert(shown.clone()) {
            continue;
        }
        let class = if other.url == key.url {
            0
        } else {
            u8::from(self::host(&other.url) != host) + 1
        };
        ranked.push((class, distance(&other.url, &key.url), shown));
    }
    ranked.sort();
    ranked
        .into_iter()
        .take(NAMED)
        .map(|(_, _, shown)| shown)
        .collect()
}

/// A request in words.
pub(super) fn shown(key: &Key) -> String {
    match &key.range {
        Some(range) => format!("{} {} (Range: {range})", key.method, key.url),
        None => format!("{} {}", key.method, key.url),
    }
}

fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

fn distance(one: &str, other: &str) -> usize {
    let cut = |text: &str| text.chars().take(LETTERS).collect::<String>();
    strsim::levenshtein(&cut(one), &cut(other))
}
