//! The operations of the seam, as requests to the writer and the readers.

use std::sync::Arc;
use std::time::Duration;

use super::rows::bounded;
use super::store::SqliteLedger;
use super::{effect, ending, lease as leases, plan, reconciler, standing};
use crate::ledger::clock::Timestamp;
use crate::ledger::error::LedgerError;
use crate::ledger::event::Event;
use crate::ledger::failpoint::failpoint;
use crate::ledger::job::{
    JobEnd, Lease, LeaseRequest, Leased, MAX_NAME_BYTES, NewJob, OwnerId, Planned, Standing,
    StoredObject,
};
use crate::ledger::keys::{JobId, Sha256Hex};
use crate::ledger::op::{
    Begin, Begun, Failed, Failure, Finish, Finished, IndexEntry, Indexed, Op, Replay,
};
use crate::ledger::reconcile::{Reconciled, Shelf, Thoroughness};
use crate::ledger::seam::{Answer, Ledger};
use crate::ledger::state::JobState;

/// Jobs planned in one transaction at most.
const PLAN_BATCH: usize = 1000;

impl Ledger for SqliteLedger {
    fn owner(&self) -> &OwnerId {
        &self.shared.owner
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn plan(&self, jobs: Vec<NewJob>) -> Answer<'_, Vec<Planned>> {
        Box::pin(async move {
            jobs.iter().try_for_each(plan::check)?;
            let jobs: Arc<[_]> = jobs.into_iter().map(|job| (job.key(), job)).collect();
            let asked = Arc::clone(&jobs);
            let known = self
                .read(move |db, shared| Ok(plan::look_up(db, &asked, shared.merge)?))
                .await?;
            let mut new: Vec<_> = jobs
                .iter()
                .zip(&known)
                .filter(|(_, known)| known.is_none())
                .map(|(job, _)| job.clone())
                .collect();
            let merge = self.shared.merge;
            let mut written = Vec::with_capacity(new.len());
            while !new.is_empty() {
                let batch: Vec<_> = new.drain(..new.len().min(PLAN_BATCH)).collect();
                written.extend(self.write(move |tx| plan::write(tx, &batch, merge)).await?);
            }
            failpoint!("plan.after");
            let mut written = written.into_iter();
            Ok(known
                .into_iter()
                .filter_map(|known| known.or_else(|| written.next()))
                .collect())
        })
    }

    fn lease(&self, request: LeaseRequest) -> Answer<'_, Leased> {
        Box::pin(async move {
            if let Some(first) = &request.first {
                effect::check_intent(&first.intent)?;
            }
            let mut leases = self.lease_due(&request).await?;
            // Before saying "nothing": somebody who held jobs may have died.
            if leases.is_empty() && self.bury_dead().await? > 0 {
                leases = self.lease_due(&request).await?;
            }
            failpoint!("lease.after");
            let outlook = if leases.is_empty() {
                Some(
                    self.read(|db, shared| Ok(leases::outlook(db, shared.me, shared.clock.now())?))
                        .await?,
                )
            } else {
                None
            };
            Ok(Leased { leases, outlook })
        })
    }

    fn renew<'l>(&'l self, lease: &'l Lease, ttl: Duration) -> Answer<'l, ()> {
        let lease = lease.clone();
        Box::pin(self.write(move |tx| leases::renew(tx, &lease, ttl)))
    }

    fn release<'l>(&'l self, lease: &'l Lease) -> Answer<'l, ()> {
        let lease = lease.clone();
        Box::pin(self.write(move |tx| leases::release(tx, &lease)))
    }

    fn begin<'l>(&'l self, lease: &'l Lease, begin: Begin) -> Answer<'l, Begun> {
        Box::pin(async move {
            effect::check_intent(&begin.intent)?;
            if let Some(replay) = self.replay_finished(lease, &begin.op).await? {
                return Ok(Begun::Replay(replay));
            }
            let lease = lease.clone();
            #[cfg(feature = "failpoints")]
            let kind = begin.op.kind();
            let begun = self
                .write(move |tx| effect::begin(tx, &lease, &begin))
                .await;
            failpoint!(&format!("{kind}.after_intent"));
            begun
        })
    }

    fn replay<'l>(&'l self, lease: &'l Lease, op: &'l Op) -> Answer<'l, Option<Replay>> {
        Box::pin(self.replay_now(lease, op))
    }

    fn finish<'l>(&'l self, lease: &'l Lease, finish: Finish) -> Answer<'l, Finished> {
        Box::pin(async move {
            effect::check_result(&finish.result)?;
            for (_, _, result) in &finish.also {
                effect::check_result(result)?;
            }
            let lease = lease.clone();
            #[cfg(feature = "failpoints")]
            let kind = finish.op.kind();
            let finished = self
                .write(move |tx| effect::finish(tx, &lease, &finish))
                .await;
            failpoint!(&format!("{kind}.after_result"));
            finished
        })
    }

    fn advance<'l>(&'l self, lease: &'l Lease, to: JobState) -> Answer<'l, JobState> {
        let lease = lease.clone();
        Box::pin(self.write(move |tx| effect::advance(tx, &lease, to)))
    }

    fn index<'l>(&'l self, lease: &'l Lease, entry: IndexEntry) -> Answer<'l, Indexed> {
        Box::pin(async move {
            ending::check_entry(&entry)?;
            for url in &entry.urls {
                bounded("a resolved URL", url.len(), MAX_NAME_BYTES)?;
            }
            let lease = lease.clone();
            let indexed = self
                .write(move |tx| ending::index(tx, &lease, &entry))
                .await;
            failpoint!("INDEX.after_result");
            indexed
        })
    }

    fn skip_duplicate<'l>(&'l self, lease: &'l Lease, url: &'l str) -> Answer<'l, StoredObject> {
        let (lease, url) = (lease.clone(), url.to_owned());
        Box::pin(self.write(move |tx| ending::skip_duplicate(tx, &lease, &url)))
    }

    fn fail<'l>(&'l self, lease: &'l Lease, failure: Failure) -> Answer<'l, Failed> {
        Box::pin(async move {
            ending::check_failure(&failure)?;
            let (lease, policy) = (lease.clone(), self.shared.retry);
            let failed = self
                .write(move |tx| ending::fail(tx, &lease, &failure, policy))
                .await;
            failpoint!("fail.after");
            failed
        })
    }

    fn retry(&self, jobs: Vec<JobId>) -> Answer<'_, Vec<JobId>> {
        Box::pin(self.write(move |tx| ending::retry(tx, &jobs)))
    }

    fn retry_failed(&self, before: Timestamp, reasons: Vec<String>) -> Answer<'_, Vec<JobId>> {
        Box::pin(async move {
            const PAGE: u32 = 500;
            let (mut again, mut after) = (Vec::new(), 0);
            loop {
                let reasons = reasons.clone();
                let page = self
                    .read(move |db, _| {
                        Ok(ending::failed_before(db, before, &reasons, after, PAGE)?)
                    })
                    .await?;
                let Some((last, _)) = page.last() else {
                    return Ok(again);
                };
                after = *last;
                let jobs: Vec<JobId> = page.into_iter().map(|(_, job)| job).collect();
                again.extend(self.write(move |tx| ending::retry(tx, &jobs)).await?);
            }
        })
    }

    fn stored_from<'l>(&'l self, url: &'l str) -> Answer<'l, Option<StoredObject>> {
        let url = url.to_owned();
        Box::pin(self.read(move |db, _| Ok(ending::by_url(db, &url)?)))
    }

    fn stored(&self, sha256: Sha256Hex) -> Answer<'_, Option<StoredObject>> {
        Box::pin(self.read(move |db, _| {
            Ok(ending::object_and_job(db, &sha256)?.map(|(object, _, _)| object))
        }))
    }

    fn standing(&self, jobs: Vec<JobId>) -> Answer<'_, Vec<Option<Standing>>> {
        Box::pin(self.read(move |db, shared| {
            let now = shared.clock.now();
            let stand = |job: &JobId| standing::standing(db, *job, now);
            Ok(jobs.iter().map(stand).collect::<Result<_, _>>()?)
        }))
    }

    fn ended_after(&self, after: Option<JobId>, limit: u32) -> Answer<'_, Vec<JobEnd>> {
        Box::pin(self.read(move |db, _| Ok(standing::ended_after(db, after, limit)?)))
    }

    fn last_result(&self, job: JobId) -> Answer<'_, Option<Replay>> {
        Box::pin(self.read(move |db, _| Ok(ending::last_result(db, job)?)))
    }

    fn settle(&self, name: &'static str, value: String) -> Answer<'_, String> {
        Box::pin(async move {
            let known = self
                .read(move |db, _| Ok(ending::settled(db, name)?))
                .await?;
            match known {
                Some(known) => Ok(known),
                None => {
                    self.write(move |tx| Ok(ending::settle(tx.db, name, &value)?))
                        .await
                }
            }
        })
    }

    fn reconcile(
        &self,
        shelf: Arc<dyn Shelf>,
        thoroughness: Thoroughness,
    ) -> Answer<'_, Reconciled> {
        Box::pin(reconciler::reconcile(self, shelf, thoroughness))
    }
}

impl SqliteLedger {
    /// Looks for a stored result, unless the job is so new that it has none.
    async fn replay_finished(&self, lease: &Lease, op: &Op) -> Result<Option<Replay>, LedgerError> {
        let first_worker =
            lease.attempts <= 1 && lease.round == 0 && lease.state == JobState::Leased;
        if first_worker {
            Ok(None)
        } else {
            self.replay_now(lease, op).await
        }
    }

    async fn replay_now(&self, lease: &Lease, op: &Op) -> Result<Option<Replay>, LedgerError> {
        let (held, asked) = (lease.clone(), op.clone());
        let replay = self
            .read(move |db, shared| effect::replay(db, shared.me, &held, &asked))
            .await?;
        if let Some(replay) = &replay {
            self.tell(&effect::tell_replay(lease, op, replay));
        }
        Ok(replay)
    }

    /// Tells of something that is durable already.
    pub(super) fn tell(&self, event: &Event) {
        self.shared.sink.emit(event);
    }
}
