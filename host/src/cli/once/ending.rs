//! How a job's turn ended, and what stops a worker.

use std::time::Duration;

use crate::download::{StoreError, WorkResult};
use crate::ledger::LedgerError;

/// A job's turn that came to an end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) result: WorkResult,
    /// It will be tried again after this long.
    pub(crate) again: Option<Duration>,
    /// An earlier worker had begun it.
    pub(crate) resumed: bool,
    /// The byte its download was continued at.
    pub(crate) resumed_at: u64,
}

impl Ended {
    /// How long until another round of the job in this very run: this one is no
    /// result, then, unless the run is stopped before.
    pub(super) fn followed_in(&self, wait_for_retries: bool) -> Option<Duration> {
        self.again.filter(|_| wait_for_retries)
    }
}

/// Why a job's turn ended without an end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Another worker has it now: nothing was touched.
    LeaseLost,
    /// The ledger failed.
    Ledger(LedgerError),
    /// The output folder failed.
    Store(StoreError),
}

impl From<LedgerError> for Stopped {
    fn from(error: LedgerError) -> Self {
        if error.is_lost_lease() {
            Self::LeaseLost
        } else {
            Self::Ledger(error)
        }
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
