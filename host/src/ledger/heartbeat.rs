//! Keeps a lease alive while its holder works, whatever state the job is in.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{self, MissedTickBehavior};

use super::error::LedgerError;
use super::job::Lease;
use super::seam::Ledger;

/// Renews a lease at a third of its length until dropped.
#[derive(Debug)]
pub struct Heartbeat {
    task: JoinHandle<()>,
    lost: watch::Receiver<bool>,
}

impl Heartbeat {
    /// Begins to renew this lease, every time for its own length.
    pub fn start(ledger: Arc<dyn Ledger>, lease: &Lease) -> Self {
        let (tell, lost) = watch::channel(false);
        let lease = lease.clone();
        let task = tokio::spawn(async move {
            let period = (lease.ttl / 3).max(Duration::from_millis(1));
            let mut ticks = time::interval_at(time::Instant::now() + period, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                match ledger.renew(&lease, lease.ttl).await {
                    Err(
                        LedgerError::Fenced { .. }
                        | LedgerError::NoSuchJob { .. }
                        | LedgerError::Closed { .. },
                    ) => {
                        tell.send_replace(true);
                        return;
                    }
                    // A full disk may be emptied before the lease ends.
                    Err(error) => {
                        tracing::warn!(job = %lease.job_id, %error, "the lease was not renewed; trying again")
                    }
                    Ok(()) => {}
                }
            }
        });
        Self { task, lost }
    }

    /// Whether the lease is lost already.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until the lease is lost; forever, if it never is. Race the work
    /// against it, and drop the work when this ends first.
    pub async fn lost(&mut self) {
        if self.lost.wait_for(|lost| *lost).await.is_err() {
            // The task is gone without a word: only a runtime that shuts down does that.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}
