//! Politeness: everything a good citizen of the web does before, between and
//! after its requests.
//!
//! For each hop that is really sent, in this order: robots.txt where the
//! policy respects it, the host's circuit breaker, a slot and a moment under
//! the host's limits, the sending, and, where that failed in a way that may
//! pass, the same again. What is refused here was never sent, and is told
//! apart by its kind: `RobotsDisallow`, `BreakerOpen`, `RateLimited`.

mod book;
mod breaker;
mod clock;
mod courtesy;
mod limiter;
mod place;
mod rate;
mod retry;
mod robots;
mod robots_file;
mod rules;
mod shared;
mod slots;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use breaker::{BREAKER_FAILURES, BREAKER_PAUSE, BREAKER_PAUSE_MAX, BREAKER_WINDOW};
pub(super) use courtesy::Politeness;
pub use place::{HostPlace, HostPlaceError};
pub use retry::{BACKOFF_FIRST, BACKOFF_MAX};
pub use robots::{ROBOTS_KEPT, ROBOTS_REDIRECTS_MAX};
pub use robots_file::{CRAWL_DELAY_MAX, PRODUCT_TOKEN};
pub use rules::HostRule;
pub(super) use slots::Slot;

/// What an operator chooses about politeness.
#[derive(Debug, Clone, Default)]
pub struct PolitenessConfig {
    /// Limits of hosts; the one for the closest place holds.
    pub rules: Vec<HostRule>,
    /// A folder in which every process that uses it keeps the same limits;
    /// none: this process alone.
    pub shared_folder: Option<PathBuf>,
}
