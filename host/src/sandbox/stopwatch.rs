//! How long a future works, as opposed to waits: what tells a slow component
//! from a slow server.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time spent inside polls, added up.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch(AtomicU64);

impl Stopwatch {
    /// Awaits `work`; what its polls take is counted, also when it is dropped
    /// half-way.
    pub(crate) async fn time<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|context| {
            let started = Instant::now();
            let polled = work.as_mut().poll(context);
            let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.0.fetch_add(took, Ordering::Relaxed);
            polled
        })
        .await
    }

    /// What was counted so far.
    pub(crate) fn counted(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_is_not_work() {
        let watch = Stopwatch::default();
        let waited = Instant::now();
        watch
            .time(tokio::time::sleep(Duration::from_millis(50)))
            .await;
        assert!(watch.counted() < waited.elapsed() / 2);
    }

    #[tokio::test]
    async fn work_is_counted_even_of_what_is_given_up() {
        let watch = Stopwatch::default();
        let work = watch.time(async {
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(5) {}
            std::future::pending::<()>().await;
        });
        let given_up = tokio::time::timeout(Duration::from_millis(20), work).await;
        assert!(given_up.is_err());
        assert!(watch.counted() >= Duration::from_millis(5));
    }
}
