//! The operations everything above the ledger depends on. SQLite is one way to
//! keep them; nothing here knows of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::clock::Timestamp;
use super::error::LedgerError;
use super::job::{
    JobEnd, Lease, LeaseRequest, Leased, NewJob, OwnerId, Planned, Standing, StoredObject,
};
use super::keys::{JobId, Sha256Hex};
use super::op::{Begin, Begun, Failed, Failure, Finish, Finished, IndexEntry, Indexed, Op, Replay};
use super::reconcile::{Reconciled, Shelf, Thoroughness};
use super::state::JobState;

/// An operation's answer: when it is `Ok`, it is durable.
pub type Answer<'l, T> = Pin<Box<dyn Future<Output = Result<T, LedgerError>> + Send + 'l>>;

/// Exactly-once jobs and effects. Dropping an answer before it is ready does not
/// undo what was asked for: it may still happen.
pub trait Ledger: Send + Sync {
    /// The name this process holds its leases by.
    fn owner(&self) -> &OwnerId;

    /// The ledger's clock.
    fn now(&self) -> Timestamp;

    /// Makes a job of every work that is none yet; one that is costs a read.
    /// Answers in the order asked.
    fn plan(&self, jobs: Vec<NewJob>) -> Answer<'_, Vec<Planned>>;

    /// Leases due jobs. It never answers "nothing" while one is due, and takes
    /// over at once from holders whose process is gone.
    fn lease(&self, request: LeaseRequest) -> Answer<'_, Leased>;

    /// Prolongs a lease that has not expired.
    fn renew<'l>(&'l self, lease: &'l Lease, ttl: Duration) -> Answer<'l, ()>;

    /// Lets a job go; it costs the job nothing.
    fn release<'l>(&'l self, lease: &'l Lease) -> Answer<'l, ()>;

    /// Makes an effect's intent durable, or says what became of it before.
    fn begin<'l>(&'l self, lease: &'l Lease, begin: Begin) -> Answer<'l, Begun>;

    /// The stored result of a finished effect; never waits for a writer.
    fn replay<'l>(&'l self, lease: &'l Lease, op: &'l Op) -> Answer<'l, Option<Replay>>;

    /// Makes an effect's result durable, with what follows from it.
    fn finish<'l>(&'l self, lease: &'l Lease, finish: Finish) -> Answer<'l, Finished>;

    /// Moves the job forwards without an effect; one that is further stays there.
    fn advance<'l>(&'l self, lease: &'l Lease, to: JobState) -> Answer<'l, JobState>;

    /// Enters a file into the hash index and ends the job, or finds its bytes there.
    fn index<'l>(&'l self, lease: &'l Lease, entry: IndexEntry) -> Answer<'l, Indexed>;

    /// Ends a job whose resolved URL was stored before; nothing may have been
    /// asked of the artifact's host yet.
    fn skip_duplicate<'l>(&'l self, lease: &'l Lease, url: &'l str) -> Answer<'l, StoredObject>;

    /// Ends a round without a file.
    fn fail<'l>(&'l self, lease: &'l Lease, failure: Failure) -> Answer<'l, Failed>;

    /// Gives those of these jobs that are FAILED another round; answers which.
    fn retry(&self, jobs: Vec<JobId>) -> Answer<'_, Vec<JobId>>;

    /// The same for all that failed before this moment, for one of these reasons
    /// (for any, if none is given).
    fn retry_failed(&self, before: Timestamp, reasons: Vec<String>) -> Answer<'_, Vec<JobId>>;

    /// The stored file whose bytes came from this URL.
    fn stored_from<'l>(&'l self, url: &'l str) -> Answer<'l, Option<StoredObject>>;

    /// The stored file with these bytes.
    fn stored(&self, sha256: Sha256Hex) -> Answer<'_, Option<StoredObject>>;

    /// Where these jobs stand, in the order asked; `None` for one there is not.
    fn standing(&self, jobs: Vec<JobId>) -> Answer<'_, Vec<Option<Standing>>>;

    /// The next jobs that have ended, in an order that never changes, at most
    /// `limit`: after this job or, if none is given, from the first. Jobs that
    /// another program finished are left out, for nothing more is known of them.
    fn ended_after(&self, after: Option<JobId>, limit: u32) -> Answer<'_, Vec<JobEnd>>;

    /// The result of the effect that ended a job, or in which its last round
    /// failed; `None` for one that got to neither.
    fn last_result(&self, job: JobId) -> Answer<'_, Option<Replay>>;

    /// Writes a fact about this ledger down, once and for all; answers what stands.
    fn settle(&self, name: &'static str, value: String) -> Answer<'_, String>;

    /// Goes through the ledger and its files, and puts right what crashes left.
    fn reconcile(
        &self,
        shelf: Arc<dyn Shelf>,
        thoroughness: Thoroughness,
    ) -> Answer<'_, Reconciled>;
}
