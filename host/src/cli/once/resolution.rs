//! RESOLUTION: the race for a candidate, its attempts recorded beside it.

use serde::Serialize;
use serde_json::json;

use super::ending::{Ended, Stopped};
use super::found::Found;
use super::program::{Program, Resolved};
use crate::cli::attempted::Attempted;
use crate::cli::obtain::{lost_result, won_result};
use crate::download::{StoreError, Stored, WorkResult};
use crate::fallback::{Loss, Race, Win};
use crate::ledger::{
    Begun, Context, Failed, Failure, Finish, Json, Lease, Op, OpType, Replay, ResultCode,
    StoredObject,
};
use crate::outcome::Outcome;

impl Program<'_> {
    /// The candidate after `tried` that were struck in this round. The first
    /// resolution of a round was begun with the lease.
    pub(super) async fn resolve(&mut self, tried: u32) -> Result<Resolved, Stopped> {
        let op = resolution(self.lease, tried)?;
        let begun = match &self.lease.first {
            Some((key, begun)) if *key == op.key() => begun.clone(),
            _ => {
                let intent = intent(&self.app.plan_digest);
                self.book.begin(self.lease, &op, intent).await?
            }
        };
        self.is_replayed = matches!(begun, Begun::Replay(_));
        if let Begun::Replay(replay) = begun {
            return self.replayed(&op, &replay).await;
        }
        let mut race = match self.race.take() {
            Some(race) => race,
            None => self.new_race(),
        };
        let outcome = race.next().await;
        let also = self.attempts(&race)?;
        let resolved = match outcome {
            Ok(win) => self.won(&race, &op, also, win).await,
            Err(loss) => self.lost(&race, &op, also, loss).await,
        };
        self.race = Some(race);
        resolved
    }

    /// What an earlier worker found is not looked for again.
    async fn replayed(&mut self, op: &Op, replay: &Replay) -> Result<Resolved, Stopped> {
        let found: Option<Found> = match replay.code {
            ResultCode::Ok => serde_json::from_value(replay.result.clone()).ok(),
            _ => None,
        };
        let Some(found) = found.filter(|found| found.candidate().is_some()) else {
            // A record of somebody else, or one changed by hand: this round
            // cannot go on from it, another can begin afresh.
            tracing::warn!(work = %self.lease.work_id, "the stored resolution {} makes no sense", op.key());
            let result = self.unreadable();
            return self.fail(result, true, None, Vec::new()).await;
        };
        for (scheme, value) in &found.result.identifiers {
            self.work.identifiers.learn(scheme, value);
        }
        let url = found.result.url.as_deref().unwrap_or_default();
        if let Some(object) = self.looking.object(url).await {
            return Ok(Resolved::Stored(Box::new(found), object));
        }
        Ok(Resolved::Candidate(Box::new(found)))
    }

    async fn won(
        &mut self,
        race: &Race,
        op: &Op,
        also: Vec<(Op, ResultCode, Json)>,
        win: Win,
    ) -> Result<Resolved, Stopped> {
        let candidate = win.candidate.clone();
        let stored = match win.verdict {
            None => self.looking.object(candidate.url.as_str()).await,
            Some(_) => None,
        };
        let mut result = won_result(race, win, self.elapsed_ms());
        if let Some(object) = &stored {
            skipped(&mut result, object);
        }
        let spent_ms = u64::try_from(race.spent().as_millis()).unwrap_or(u64::MAX);
        let found = Found::new(result, &candidate, spent_ms);
        let finish = Finish::ok(op.clone(), to_json(&found)?).along_with(also);
        self.book.finish(self.lease, finish).await?;
        Ok(match stored {
            Some(object) => Resolved::Stored(Box::new(found), object),
            None => Resolved::Candidate(Box::new(found)),
        })
    }

    async fn lost(
        &mut self,
        race: &Race,
        op: &Op,
        also: Vec<(Op, ResultCode, Json)>,
        loss: Loss,
    ) -> Result<Resolved, Stopped> {
        let result = lost_result(race, loss, self.elapsed_ms());
        let retryable = matches!(result.outcome, Outcome::Retryable | Outcome::Timeout);
        self.fail(result, retryable, Some(op), also).await
    }

    /// Ends the round without a file.
    pub(super) async fn fail(
        &mut self,
        result: WorkResult,
        retryable: bool,
        op: Option<&Op>,
        also: Vec<(Op, ResultCode, Json)>,
    ) -> Result<Resolved, Stopped> {
        let code = if retryable {
            ResultCode::Retryable
        } else {
            ResultCode::NonRetryable
        };
        let stored = to_json(&AtTheEnd { result: &result })?;
        let failure = Failure {
            reason: result.reason.to_string(),
            retryable,
            op: op.map(|op| (op.clone(), code, stored)),
            also,
        };
        self.announce_end();
        let again = match self.book.fail(self.lease, &failure).await? {
            Failed::Again(wait) => Some(wait),
            Failed::ForGood => {
                self.sweep();
                None
            }
        };
        self.tell_race(&result);
        Ok(Resolved::Over(Box::new(Ended {
            result,
            again,
            resumed: self.resumed(),
            resumed_at: 0,
        })))
    }

    /// Ends the job whose bytes are stored already.
    pub(super) async fn skip(
        &mut self,
        found: Found,
        object: StoredObject,
    ) -> Result<Ended, Stopped> {
        let mut result = found.result;
        skipped(&mut result, &object);
        let stored = Stored {
            sha256: object.sha256.to_string(),
            bytes: object.bytes,
            path: object.path.clone(),
            existed: true,
        };
        self.link_paper(&stored)?;
        let url = result.url.clone().unwrap_or_default();
        self.announce_end();
        self.book.skip_duplicate(self.lease, &url, &object).await?;
        self.sweep();
        self.tell_race(&result);
        Ok(Ended {
            result,
            again: None,
            resumed: self.resumed(),
            resumed_at: 0,
        })
    }

    /// Gives the stored paper its readable name. Something else in its place
    /// stops nothing; a disk that cannot take it does, so that the next run
    /// gives it.
    pub(super) fn link_paper(&self, stored: &Stored) -> Result<(), Stopped> {
        let linked = self
            .store
            .link_paper(&self.lease.work_id, stored, &self.part_stem());
        match linked {
            Err(error @ StoreError::InTheWay(_)) => {
                tracing::warn!("{error}");
                Ok(())
            }
            linked => Ok(linked?),
        }
    }

    /// The attempts the ledger does not have yet, as FALLBACK effects.
    fn attempts(&mut self, race: &Race) -> Result<Vec<(Op, ResultCode, Json)>, Stopped> {
        let mut also = Vec::new();
        for (number, record) in race.records().iter().enumerate().skip(self.recorded) {
            if !record.counts() {
                continue;
            }
            let context = json!({ "source": record.source, "attempt": number });
            let code = match record.outcome {
                Outcome::Success => ResultCode::Ok,
                Outcome::Retryable | Outcome::Timeout => ResultCode::Retryable,
                _ => ResultCode::NonRetryable,
            };
            let attempted = Attempted::of(race, &self.app.roster, record);
            also.push((
                self.op(OpType::Fallback, context)?,
                code,
                to_json(&attempted)?,
            ));
        }
        self.recorded = race.records().len();
        Ok(also)
    }

    fn unreadable(&self) -> WorkResult {
        let race = self.new_race();
        let loss = Loss {
            outcome: Outcome::Error,
            reason: crate::outcome::Reason::Contract,
        };
        lost_result(&race, loss, self.elapsed_ms())
    }
}

/// What is recorded before a resolution runs.
pub(super) fn intent(plan_digest: &str) -> Json {
    json!({ "plan": plan_digest }).into()
}

fn resolution(lease: &Lease, tried: u32) -> Result<Op, Stopped> {
    let context = if tried == 0 {
        Context::round(lease.round)
    } else {
        Context::new(json!({ "round": lease.round, "struck": tried }))
            .map_err(|error| Stopped::Ledger(error.into()))?
    };
    Ok(Op::new(OpType::Resolution, lease.job_id, context))
}

/// Marks a result as one whose bytes were stored before.
pub(super) fn skipped(result: &mut WorkResult, object: &StoredObject) {
    result.sha256 = Some(object.sha256.to_string());
    result.bytes = Some(object.bytes);
    result.path = Some(object.path.clone());
    if !result.notes.iter().any(|note| note == SKIPPED_DUPLICATE) {
        result.notes.push(SKIPPED_DUPLICATE.to_owned());
    }
}

/// The note of a work whose URL was stored for another work.
pub(crate) const SKIPPED_DUPLICATE: &str = "skipped_duplicate";

/// What is recorded of the effect that ends a job.
#[derive(Serialize)]
pub(super) struct AtTheEnd<'r> {
    pub(super) result: &'r WorkResult,
}

/// A record as the ledger stores it.
pub(super) fn to_json(record: &impl Serialize) -> Result<Json, Stopped> {
    Json::of(record).map_err(|error| Stopped::Store(StoreError::record(error)))
}
