//! Whole numbers with their bounds: every count and duration of the plan.
//!
//! The upper bounds are far above any sensible use; they keep sums and
//! conversions from overflowing and a typing error from running for a year.

use super::error::{PlanError, Problem};
use super::origin::Origin;
use super::spelling::shown;

/// Milliseconds of a day.
const DAY_MS: u32 = 24 * 60 * 60 * 1000;

/// What a number counts, and between which bounds it must lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    what: &'static str,
    min: u32,
    max: u32,
}

impl Bounds {
    pub(super) const TOTAL_TIMEOUT_MS: Self = Self::new("milliseconds", 1, DAY_MS);
    pub(super) const SOURCE_TIMEOUT_MS: Self = Self::new("milliseconds", 1, DAY_MS);
    pub(super) const ATTEMPTS: Self = Self::new("attempts", 1, 1000);
    pub(super) const CONCURRENT: Self = Self::new("attempts at once", 1, 64);
    pub(super) const PARALLEL: Self = Self::new("attempts at once", 1, 64);
    /// Zero is a policy, not nonsense: never ask twice.
    pub(super) const RETRIES: Self = Self::new("retries", 0, 10);
    /// Zero is a gate, not nonsense: never wait.
    pub(super) const RATE_WAIT_MS: Self = Self::new("milliseconds", 0, DAY_MS);
    pub(super) const MEMORY_MIB: Self = Self::new("MiB", 1, 4096);
    pub(super) const HOST_LIMIT: Self = Self::new("requests", 1, 1_000_000);
    pub(super) const HOST_SLOTS: Self = Self::new("requests at once", 1, 1000);

    const fn new(what: &'static str, min: u32, max: u32) -> Self {
        Self { what, min, max }
    }

    /// Reads decimal digits.
    pub(super) fn parse(self, place: &Origin, given: &str) -> Result<u32, PlanError> {
        self.check(place, given.trim().parse().ok(), given)
    }

    /// Checks a number of any size, which was written as `given`.
    pub(super) fn check(
        self,
        place: &Origin,
        number: Option<i128>,
        given: &str,
    ) -> Result<u32, PlanError> {
        number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (self.min..=self.max).contains(number))
            .ok_or_else(|| {
                PlanError::new(
                    place,
                    Problem::Number {
                        given: shown(given),
                        what: self.what,
                        min: self.min,
                        max: self.max,
                    },
                )
            })
    }
}
