//! Hops as the metrics count them.

use std::time::Duration;

use super::verdicts::{CacheVerdict, Verdicts};
use crate::telemetry::{CacheVerdict as Counted, Metrics};

/// Counts one hop to `host`, which was answered with `status` after `took`.
pub(super) fn count_hop(
    metrics: &Metrics,
    verdicts: &Verdicts,
    host: &str,
    status: Option<u16>,
    took: Duration,
) {
    let cache = match verdicts.cache {
        CacheVerdict::NotAsked => Counted::Bypass,
        CacheVerdict::Miss => Counted::Miss,
        CacheVerdict::Fresh => Counted::Hit,
        CacheVerdict::Stale => Counted::Stale,
        CacheVerdict::Revalidated => Counted::Revalidated,
        CacheVerdict::Replaced => Counted::Replaced,
    };
    metrics.http_request(host, status, cache, took);
    if !matches!(verdicts.cache, CacheVerdict::Fresh | CacheVerdict::Stale) {
        metrics.limiter_wait(host, verdicts.waited);
    }
}
