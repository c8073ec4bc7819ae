//! The reference: what the ledger promises, in memory and in the plainest way.

use std::collections::BTreeMap;

use paperfall::ledger::{JobState, Lease, LedgerError, OpType, ResultCode};

/// A lease as both sides know it.
pub(super) struct Held {
    pub(super) lease: Lease,
    pub(super) job: usize,
    pub(super) number: u64,
    pub(super) owner: i64,
    pub(super) slot: usize,
}

#[derive(Debug, Clone)]
pub(super) struct RefOp {
    pub(super) code: Option<ResultCode>,
    pub(super) lease: u64,
    pub(super) intent: bool,
}

#[derive(Debug, Clone)]
pub(super) struct RefJob {
    pub(super) row: usize,
    pub(super) state: JobState,
    pub(super) due: Option<i64>,
    pub(super) owner: Option<i64>,
    /// Which lease is the current one; the reference's own fence.
    pub(super) lease: u64,
    pub(super) attempts: u32,
    pub(super) failures: u32,
    pub(super) round: u32,
    pub(super) ops: BTreeMap<OpType, RefOp>,
}

pub(super) struct Reference {
    pub(super) jobs: BTreeMap<usize, RefJob>,
    pub(super) now: i64,
    pub(super) epochs: i64,
    pub(super) dead: Vec<i64>,
    pub(super) leases: u64,
    pub(super) stored: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum No {
    Fenced,
    Illegal,
    InProgress,
    NotBegun,
    NotStored,
}

pub(super) fn no(error: &LedgerError) -> No {
    match error {
        LedgerError::Fenced { .. } => No::Fenced,
        LedgerError::IllegalMove { .. } => No::Illegal,
        LedgerError::InProgress { .. } => No::InProgress,
        LedgerError::NotBegun { .. } => No::NotBegun,
        LedgerError::NotStored { .. } => No::NotStored,
        other => panic!("unexpected: {other}"),
    }
}

impl Reference {
    pub(super) fn held(&mut self, held: &Held) -> Result<&mut RefJob, No> {
        let job = self.jobs.get_mut(&held.job).unwrap();
        if job.lease == held.number && job.owner == Some(held.owner) {
            Ok(job)
        } else {
            Err(No::Fenced)
        }
    }

    pub(super) fn next_due(&self) -> Option<usize> {
        let due = self
            .jobs
            .iter()
            .filter(|(_, job)| job.due.is_some_and(|due| due <= self.now));
        due.min_by_key(|(_, job)| (job.due, job.owner.unwrap_or(-1), job.row))
            .map(|(n, _)| *n)
    }

    pub(super) fn bury(&mut self, me: i64) -> bool {
        let mut any = false;
        for job in self.jobs.values_mut() {
            if let (Some(owner), Some(due)) = (job.owner, job.due)
                && owner != me
                && due > self.now
                && self.dead.contains(&owner)
            {
                job.due = Some(self.now);
                any = true;
            }
        }
        any
    }

    pub(super) fn lease(&mut self, me: i64) -> Option<(usize, u64)> {
        let n = self
            .next_due()
            .or_else(|| if self.bury(me) { self.next_due() } else { None })?;
        self.leases += 1;
        let (number, until) = (self.leases, self.now + 100_000);
        let job = self.jobs.get_mut(&n).unwrap();
        if job.state == JobState::Planned {
            job.state = JobState::Leased;
        }
        (job.lease, job.owner, job.due) = (number, Some(me), Some(until));
        job.attempts += 1;
        Some((n, number))
    }
}

impl RefJob {
    pub(super) fn abandon(&mut self) {
        for op in self.ops.values_mut() {
            op.code = op.code.or(Some(ResultCode::Abandoned));
        }
    }

    pub(super) fn end(&mut self, state: JobState) {
        (self.state, self.due, self.owner) = (state, None, None);
        self.abandon();
    }

    pub(super) fn may_advance(&self, to: JobState) -> bool {
        let forwards = [
            JobState::HeadDone,
            JobState::ResumeOk,
            JobState::Streaming,
            JobState::Finalized,
        ];
        forwards.contains(&to) && (self.state >= to || self.state.may_become(to))
    }

    pub(super) fn record(&mut self, kind: OpType, code: ResultCode) -> Result<(), No> {
        let lease = self.lease;
        match self.ops.get_mut(&kind) {
            Some(op) if op.code.is_none() && op.lease == lease => op.code = Some(code),
            Some(op)
                if !matches!(op.code, Some(ResultCode::Ok | ResultCode::NonRetryable))
                    && !kind.needs_intent() =>
            {
                (op.code, op.lease) = (Some(code), lease);
            }
            None if !kind.needs_intent() => {
                self.ops.insert(
                    kind,
                    RefOp {
                        code: Some(code),
                        lease,
                        intent: false,
                    },
                );
            }
            _ => return Err(No::NotBegun),
        }
        Ok(())
    }
}
