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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::future::{pending, ready};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(7);

    /// How a wait for something that never comes ends, and after how long.
    async fn in_vain(deadline_in: Option<Duration>) -> (Expired, Duration) {
        let started = Instant::now();
        let deadline = deadline_in.map(|left| started + left);
        let expired = bounded(deadline, LIMIT, pending::<()>()).await.unwrap_err();
        (expired, started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_at_whichever_end_comes_first_and_says_which() {
        let second = Duration::from_secs(1);
        let later = in_vain(Some(LIMIT + second)).await;
        let sooner = in_vain(Some(LIMIT - second)).await;
        assert_eq!(later.0, Expired::Limit);
        assert_eq!(sooner.0, Expired::Deadline);
        // The timer's grain is a millisecond.
        assert!(later.1 >= LIMIT && later.1 < LIMIT + second, "{later:?}");
        assert!(sooner.1 >= LIMIT - second && sooner.1 < LIMIT, "{sooner:?}");
        assert_eq!(in_vain(Some(LIMIT)).await.0, Expired::Deadline);
        assert_eq!(in_vain(None).await.0, Expired::Limit);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_ready_counts_before_the_deadline_and_not_after_it() {
        let now = Instant::now();
        let answered = |deadline| bounded(deadline, LIMIT, ready("answer"));
        assert_eq!(answered(None).await, Ok("answer"));
        let left = Duration::from_millis(1);
        assert_eq!(answered(Some(now + left)).await, Ok("answer"));
        assert_eq!(answered(Some(now)).await, Err(Expired::Deadline));
        tokio::time::advance(2 * left).await;
        assert_eq!(answered(Some(now + left)).await, Err(Expired::Deadline));
    }
}
