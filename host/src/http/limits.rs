//! Waiting with an end: every await of the stack is bounded by the request's
//! deadline and by a limit of its own.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::error::HttpErrorKind;
use super::fault::Fault;

/// Which of the two ends came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expired {
    Deadline,
    Limit,
}

impl Expired {
    /// The fault of waiting for `what` of `url` in vain.
    pub(super) fn fault(self, what: &str, url: &str, limit: Duration) -> Fault {
        match self {
            Self::Deadline => Fault::new(
                HttpErrorKind::Timeout,
                format!("the deadline passed while waiting for {what} of {url}"),
            ),
            Self::Limit => Fault::new(
                HttpErrorKind::Stalled,
                format!("{url} stalled: no {what} for {} s", limit.as_secs_f32()),
            ),
        }
    }
}

/// Awaits `work`, at most for `limit` and never past `deadline`.
pub(super) async fn bounded<T>(
    deadline: Option<Instant>,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Expired> {
    let own = Instant::now() + limit;
    let (end, expired) = match deadline {
        Some(deadline) if deadline <= own => (deadline, Expired::Deadline),
        _ => (own, Expired::Limit),
    };
    // A ready answer would win against a deadline long gone; it must not.
    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        return Err(Expired::Deadline);
    }
    timeout_at(end, work).await.map_err(|_| expired)
}
