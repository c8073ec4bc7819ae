//! What may be kept, used and confirmed: RFC 9111, judged by
//! `http-cache-semantics` as for a cache of a single user.
//!
//! Three things are done here instead of there. The request headers it
//! compares for `Vary` are digests, because entries must not hold credentials.
//! `Age` is cut to a sane size first: it adds without looking. And a 304 to our
//! own validators updates the entry whether or not the server repeats them,
//! which many do not.

use std::time::{Duration, SystemTime};

use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};
use reqwest::header::{
    AGE, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, EXPIRES,
    HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, PRAGMA,
    PROXY_AUTHENTICATE, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT, VARY,
};
use sha2::{Digest, Sha256};

use super::entry::Entry;
use super::hex;

/// Ages beyond this are all the same.
const AGE_MAX_SECS: u64 = 1_000_000_000;
/// Header lines of an answer that is kept.
const HEADERS_MAX: usize = 256;

/// The cache of one person; nothing is guessed from `Last-Modified`.
const OPTIONS: CacheOptions = CacheOptions {
    shared: false,
    cache_heuristic: 0.0,
    immutable_min_time_to_live: Duration::from_secs(24 * 60 * 60),
    ignore_cargo_cult: false,
};

/// What belongs to a connection, not to an answer.
const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The headers of a request, each value told as a digest, once it is needed:
/// most answers cannot be kept, and most questions find nothing.
pub(super) struct Asked {
    headers: HeaderMap,
    user_agent: String,
}

impl Asked {
    pub(super) fn new(headers: &HeaderMap, user_agent: &str) -> Self {
        Self {
            headers: headers.clone(),
            user_agent: user_agent.to_owned(),
        }
    }

    fn digests(&self, name: &HeaderName) -> Vec<HeaderValue> {
        if name == USER_AGENT {
            return vec![digest(self.user_agent.as_bytes())];
        }
        let values = self.headers.get_all(name).iter();
        values.map(|value| digest(value.as_bytes())).collect()
    }

    fn request(&self) -> http::Request<()> {
        let mut all = HeaderMap::new();
        for name in self.headers.keys().chain([&USER_AGENT]) {
            all.remove(name);
            for value in self.digests(name) {
                all.append(name.clone(), value);
            }
        }
        request(all)
    }
}

fn digest(value: &[u8]) -> HeaderValue {
    let digest = Sha256::digest(value);
    let short = hex(digest.get(..16).unwrap_or(&digest));
    HeaderValue::try_from(short).unwrap_or(HeaderValue::from_static("-"))
}

/// A request for the one thing an entry's name stands for.
fn request(headers: HeaderMap) -> http::Request<()> {
    let mut request = http::Request::new(());
    *request.headers_mut() = headers;
    request
}

fn policy(entry: &Entry) -> Option<CachePolicy> {
    let mut response = http::Response::new(());
    *response.status_mut() = http::StatusCode::from_u16(entry.status).ok()?;
    *response.headers_mut() = entry.headers.clone();
    let request = request(entry.varied.clone());
    let time = entry.time;
    Some(CachePolicy::new_options(&request, &response, time, OPTIONS))
}

/// How an entry may be used for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Fresh,
    Stale,
    /// It answers another request.
    Other,
}

/// How `entry` may be used for `asked` at `now`.
pub(super) fn judge(entry: &Entry, asked: &Asked, now: SystemTime) -> Use {
    // An entry from the future was written by another clock.
    if entry.time > now + Duration::from_secs(60) {
        return Use::Other;
    }
    let Some(policy) = policy(entry) else {
        return Use::Other;
    };
    match policy.before_request(&asked.request(), now) {
        BeforeRequest::Fresh(_) => Use::Fresh,
        BeforeRequest::Stale { matches: true, .. } => Use::Stale,
        BeforeRequest::Stale { .. } => Use::Other,
    }
}

/// The entry an answer would make, without its body; none if it may not be
/// kept, or keeping it would be of no use.
pub(super) fn storable(
    asked: &Asked,
    status: u16,
    headers: &HeaderMap,
    bears_secret: bool,
    now: SystemTime,
) -> Option<Entry> {
    if headers.contains_key(SET_COOKIE) || headers.len() > HEADERS_MAX {
        return None;
    }
    if bears_secret && !directive(headers, "public") {
        return None;
    }
    let says_nothing = [CACHE_CONTROL, EXPIRES, PRAGMA, ETAG, LAST_MODIFIED]
        .iter()
        .all(|name| !headers.contains_key(name));
    if says_nothing || directive(headers, "no-store") {
        return None;
    }
    let mut varied = HeaderMap::new();
    for name in headers.get_all(VARY) {
        for name in name.to_str().ok()?.split(',').map(str::trim) {
            if name == "*" {
                return None;
            }
            let name = HeaderName::try_from(name).ok()?;
            for value in asked.digests(&name) {
                varied.append(name.clone(), value);
            }
        }
    }
    let mut kept = without_hop_by_hop(headers);
    if let Some(age) = kept.get(AGE) {
        let seconds = age.to_str().ok().and_then(|text| text.trim().parse().ok());
        let seconds: u64 = seconds.unwrap_or(0).min(AGE_MAX_SECS);
        kept.insert(AGE, seconds.into());
    }
    let entry = Entry {
        time: now,
        status,
        headers: kept,
        varied,
        body: bytes::Bytes::new(),
    };
    let policy = policy(&entry)?;
    let useful = !policy.time_to_live(now).is_zero() || !validators(headers).is_empty();
    (useful && policy.is_storable()).then_some(entry)
}

fn without_hop_by_hop(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        kept.remove(name);
    }
    kept
}

/// The headers that ask whether an answer with `headers` still holds.
pub(super) fn validators(headers: &HeaderMap) -> HeaderMap {
    let mut validators = HeaderMap::new();
    if let Some(tag) = headers.get(ETAG) {
        validators.insert(IF_NONE_MATCH, tag.clone());
    }
    if let Some(date) = headers.get(LAST_MODIFIED) {
        validators.insert(IF_MODIFIED_SINCE, date.clone());
    }
    validators
}

/// `kept` brought up to date by the headers of a 304 (RFC 9111, 3.2): all of
/// them, but for those that describe the body that did not come.
pub(super) fn merged(kept: &HeaderMap, said: &HeaderMap) -> HeaderMap {
    let mut merged = kept.clone();
    merged.remove(AGE);
    for name in said.keys() {
        let of_body = [CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_RANGE].contains(name);
        if of_body || HOP_BY_HOP.contains(name) {
            continue;
        }
        merged.remove(name);
        for value in said.get_all(name) {
            merged.append(name.clone(), value.clone());
        }
    }
    merged
}

/// Whether an answer may be used unconfirmed when nobody can be asked (RFC
/// 9111, 4.2.4).
pub(super) fn may_be_stale(headers: &HeaderMap) -> bool {
    !directive(headers, "no-cache") && !directive(headers, "must-revalidate")
}

/// How old an entry is, in seconds.
pub(super) fn age(entry: &Entry, now: SystemTime) -> u64 {
    policy(entry).map_or(0, |policy| policy.age(now).as_secs())
}

/// Whether `Cache-Control` has a directive.
fn directive(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|word| word.split('=').next())
        .any(|word| word.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
