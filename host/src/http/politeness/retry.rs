//! Which failures may pass if asked again, and how long to wait before that.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::http::HttpErrorKind;
use crate::http::fault::Fault;
use crate::http::response::Headers;
use crate::http::secrets::Secrets;
use crate::http::wire::Incoming;

/// The longest wait before the first retry; it doubles with each further one.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// No wait is longer, unless the server asks for it.
pub const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// Statuses that may be gone the next time.
const RETRYABLE: [u16; 4] = [429, 502, 503, 504];

/// What the words of the system's resolver have in common when it is only for
/// the moment that it cannot answer (glibc, musl).
const PASSING_DNS: [&str; 2] = ["emporary failure", "ry again"];

/// What the server asked for, if it asked to be left alone for a while.
pub(super) fn asked_pause(incoming: &Incoming) -> Option<Duration> {
    if !matches!(incoming.status, 429 | 503) || is_capture(&incoming.headers) {
        return None;
    }
    let mut only = HeaderMap::new();
    only.insert(RETRY_AFTER, incoming.headers.get(RETRY_AFTER)?.clone());
    Headers::new(only, &Secrets::default()).retry_after()
}

/// Whether asking again may help.
pub(super) fn may_pass(result: &Result<Incoming, Fault>) -> bool {
    match result {
        Ok(incoming) => RETRYABLE.contains(&incoming.status) && !is_capture(&incoming.headers),
        Err(fault) => match fault.kind {
            HttpErrorKind::Connect | HttpErrorKind::Reset => true,
            HttpErrorKind::Dns => PASSING_DNS
                .iter()
                .any(|words| fault.message.contains(words)),
            _ => false,
        },
    }
}

/// Whether the host itself is in trouble; none when the result says nothing
/// about that.
pub(super) fn speaks_for_host(result: &Result<Incoming, Fault>, waited: Duration) -> Option<bool> {
    match result {
        Ok(incoming) => {
            // 501 is what servers say that know no HEAD.
            let trouble = matches!(incoming.status, 429 | 500 | 502..);
            Some(!trouble || is_capture(&incoming.headers))
        }
        Err(fault) => match fault.kind {
            HttpErrorKind::Connect
            | HttpErrorKind::Dns
            | HttpErrorKind::Tls
            | HttpErrorKind::Reset
            | HttpErrorKind::Stalled => Some(false),
            // A deadline that came soon is our haste, not its silence.
            HttpErrorKind::Timeout if waited >= SILENCE => Some(false),
            _ => None,
        },
    }
}

/// A host that says nothing for so long, until the deadline, has failed.
const SILENCE: Duration = Duration::from_secs(5);

/// An archive's replay of an answer that another host once gave.
fn is_capture(headers: &HeaderMap) -> bool {
    headers.contains_key("memento-datetime")
}

/// The longest wait before retry number `retry`, counted from one.
fn ceiling(retry: u32) -> Duration {
    BACKOFF_FIRST
        .saturating_mul(1 << retry.saturating_sub(1).min(16))
        .min(BACKOFF_MAX)
}

/// A wait drawn evenly from nothing to the ceiling (full jitter), so that
/// those who failed together do not come back together.
pub(super) fn backoff(retry: u32) -> Duration {
    let ceiling = u64::try_from(ceiling(retry).as_micros()).unwrap_or(u64::MAX);
    // std seeds every RandomState from the system's entropy.
    let random = RandomState::new().hash_one(retry);
    Duration::from_micros(random % ceiling.saturating_add(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_eight_seconds() {
        let ceilings: Vec<u128> = (1..=7).map(|n| ceiling(n).as_millis()).collect();
        assert_eq!(ceilings, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!(ceiling(u32::MAX), BACKOFF_MAX);
    }

    #[test]
    fn waits_are_drawn_from_the_whole_range() {
        let waits: Vec<Duration> = (0..400).map(|_| backoff(2)).collect();
        assert!(waits.iter().all(|wait| *wait <= ceiling(2)));
        let below = waits.iter().filter(|wait| **wait < ceiling(2) / 2).count();
        assert!(
            (100..300).contains(&below),
            "{below} of 400 in the lower half"
        );
    }

    #[test]
    fn a_name_that_does_not_exist_is_not_asked_for_twice() {
        let dns = |why: &str| Err(Fault::new(HttpErrorKind::Dns, format!("a.org: {why}")));
        assert!(may_pass(&dns("Temporary failure in name resolution")));
        assert!(!may_pass(&dns("Name or service not known")));
    }
}
