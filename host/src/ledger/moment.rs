//! The public tables' times, as JSON has them: RFC 3339, UTC, to the millisecond.

use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serializer;

/// Seconds since the epoch as a calendar has them.
#[must_use]
pub fn calendar(seconds: f64) -> Option<Timestamp> {
    SignedDuration::try_from_secs_f64(seconds)
        .and_then(Timestamp::from_duration)
        .and_then(|moment| moment.round(Unit::Millisecond))
        .ok()
}

/// A time; one that no calendar has stays a number.
pub(super) fn rfc3339<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match calendar(*seconds) {
        Some(moment) => serializer.collect_str(&moment),
        None => serializer.serialize_f64(*seconds),
    }
}

/// The same for one that may be missing.
pub(super) fn rfc3339_or_null<S: Serializer>(
    seconds: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match seconds {
        Some(seconds) => rfc3339(seconds, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_given_to_the_millisecond_and_impossible_ones_are_no_panic() {
        let text = |seconds| calendar(seconds).map(|moment| moment.to_string());
        assert_eq!(
            text(1_700_000_000.123),
            Some("2023-11-14T22:13:20.123Z".to_owned())
        );
        for impossible in [f64::NAN, f64::INFINITY, 1e300, -1e300] {
            assert_eq!(text(impossible), None);
        }
    }
}
