//! Leases: one statement takes the job that has been due longest, whether it is
//! new, waited for its next round, or was left behind by a holder that is gone.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::effect;
use super::rows::{self, guard};
use crate::ledger::clock::{Timestamp, millis};
use crate::ledger::error::LedgerError;
use crate::ledger::event::Event;
use crate::ledger::failpoint::failpoint;
use crate::ledger::job::{Fence, Lease, LeaseRequest, Outlook, OwnerId};
use crate::ledger::keys::{Context, JobKey};
use crate::ledger::op::{Begin, Op};
use crate::ledger::queue::{OpError, Tx};
use crate::ledger::state::JobState;

/// `before` holds the last holder and the state it left, as one number.
const STATES: i64 = 16;

/// A lease that expired at once would be due again in the very same call.
const SHORTEST_LEASE: Duration = Duration::from_millis(1);

/// The job that is due longest. A scalar subquery: `IN (SELECT …)` would build a
/// temporary table for every lease.
pub const NEXT: &str = "UPDATE ledger_jobs SET
    before = coalesce(owner, 0) * 16 + state,
    fence = max(fence, ?1) + 1, owner = ?2, due_at = ?3, attempts = attempts + 1,
    state = CASE state WHEN 0 THEN 1 ELSE state END, updated_at = ?4
  WHERE id = (SELECT id FROM ledger_jobs INDEXED BY ledger_due WHERE due_at <= ?4 ORDER BY due_at LIMIT 1)
  RETURNING id, fence, state, before, round, attempts, failures, key, foreign_id, work_id, artifact_id, url,
            (SELECT body FROM ledger_payloads WHERE job = ledger_jobs.id)";

/// This job, if it is due.
const THIS: &str = "UPDATE ledger_jobs SET
    before = coalesce(owner, 0) * 16 + state,
    fence = max(fence, ?1) + 1, owner = ?2, due_at = ?3, attempts = attempts + 1,
    state = CASE state WHEN 0 THEN 1 ELSE state END, updated_at = ?4
  WHERE id = ?5 AND due_at <= ?4
  RETURNING id, fence, state, before, round, attempts, failures, key, foreign_id, work_id, artifact_id, url,
            (SELECT body FROM ledger_payloads WHERE job = ledger_jobs.id)";

/// Leases up to the asked number of due jobs.
pub(super) fn lease(tx: &mut Tx<'_>, request: &LeaseRequest) -> Result<Vec<Lease>, OpError> {
    let only = match request.only {
        None => None,
        Some(job) => Some(rows::find(tx.db, job)?.ok_or(LedgerError::NoSuchJob { job })?),
    };
    let limit = if only.is_some() {
        request.limit.min(1)
    } else {
        request.limit
    };
    let mut leases = Vec::with_capacity(limit.min(1024));
    let mut statement = tx
        .db
        .prepare_cached(if only.is_some() { THIS } else { NEXT })?;
    let ttl = request.ttl.max(SHORTEST_LEASE);
    let (floor, until, now) = (
        Fence::floor(tx.me),
        tx.now.after(ttl).as_millis(),
        tx.now.as_millis(),
    );
    while leases.len() < limit {
        let granted = match only {
            None => statement.query_row(params![floor, tx.me, until, now], |row| grant(row, ttl)),
            Some(id) => {
                statement.query_row(params![floor, tx.me, until, now, id], |row| grant(row, ttl))
            }
        };
        let Some((mut lease, found_in)) = granted.optional()? else {
            break;
        };
        tell(tx, &lease, found_in);
        #[cfg(feature = "failpoints")]
        if lease.taken_over {
            failpoint!("takeover.lease_in_tx");
        }
        if let Some(first) = &request.first {
            let op = Op::new(first.kind, lease.job_id, Context::round(lease.round));
            let key = op.key();
            let intent = first.intent.clone();
            let begun = effect::begin_held(tx, &lease, &Begin { op, intent }, lease.state)?;
            lease.first = Some((key, begun));
        }
        leases.push(lease);
    }
    failpoint!("lease.in_tx");
    Ok(leases)
}

fn grant(row: &Row<'_>, ttl: Duration) -> rusqlite::Result<(Lease, JobState)> {
    let before: i64 = row.get(3)?;
    let found_in = JobState::from_code(before % STATES).unwrap_or(JobState::Planned);
    let key = JobKey::from_bytes(row.get(7)?);
    let lease = Lease {
        row: row.get(0)?,
        job_id: rows::job_id(&key, row.get(8)?),
        work_id: row.get(9)?,
        artifact_id: row.get(10)?,
        canonical_url: row.get(11)?,
        payload: row.get(12)?,
        fence: rows::fence(row, 1)?,
        state: rows::state(row, 2)?,
        round: row.get(4)?,
        attempts: row.get(5)?,
        failures: row.get(6)?,
        taken_over: before / STATES != 0,
        ttl,
        first: None,
    };
    Ok((lease, found_in))
}

fn tell(tx: &mut Tx<'_>, lease: &Lease, found_in: JobState) {
    tx.events.push(Event::JobLeased {
        job_id: lease.job_id,
        owner: tx.owner.clone(),
        ttl_sec: lease.ttl.as_secs_f64(),
        fence: lease.fence,
        wait_us: u64::try_from(tx.waited.as_micros()).unwrap_or(u64::MAX),
    });
    if found_in != lease.state {
        tx.events.push(Event::JobStateChanged {
            job_id: lease.job_id,
            from_state: found_in,
            to_state: lease.state,
            reason: None,
        });
    }
}

/// Prolongs a lease that has not expired.
pub(super) fn renew(tx: &mut Tx<'_>, lease: &Lease, ttl: Duration) -> Result<(), OpError> {
    guard(tx, lease)?;
    let renewed = tx
        .db
        .prepare_cached("UPDATE ledger_jobs SET due_at = ?2 WHERE id = ?1 AND due_at > ?3")?
        .execute(params![
            lease.row,
            tx.now.after(ttl).as_millis(),
            tx.now.as_millis()
        ])?;
    if renewed == 0 {
        return Err(LedgerError::Fenced {
            job: lease.job_id,
            fence: lease.fence,
        }
        .into());
    }
    tx.events.push(Event::LeaseRenewed {
        job_id: lease.job_id,
        owner: tx.owner.clone(),
        new_ttl_sec: ttl.as_secs_f64(),
    });
    failpoint!("renew.in_tx");
    Ok(())
}

/// Lets a job go: due at once, and the attempt is not counted.
pub(super) fn release(tx: &mut Tx<'_>, lease: &Lease) -> Result<(), OpError> {
    guard(tx, lease)?;
    tx.db
        .prepare_cached(
            "UPDATE ledger_jobs SET due_at = 0, owner = NULL, attempts = max(attempts - 1, 0), updated_at = ?2 WHERE id = ?1",
        )?
        .execute(params![lease.row, tx.now.as_millis()])?;
    effect::abandon_of(tx, lease.row)?;
    tx.events.push(Event::LeaseReleased {
        job_id: lease.job_id,
        owner: tx.owner.clone(),
    });
    failpoint!("release.in_tx");
    Ok(())
}

/// Owners that hold leases which have not expired.
pub(super) fn holders(db: &Connection, now: Timestamp) -> rusqlite::Result<Vec<(i64, OwnerId)>> {
    db.prepare_cached(
        "SELECT o.id, o.name FROM ledger_owners o WHERE o.id IN
           (SELECT DISTINCT owner FROM ledger_jobs INDEXED BY ledger_due WHERE due_at > ?1 AND owner IS NOT NULL)",
    )?
    .query_map([now.as_millis()], |row| Ok((row.get(0)?, OwnerId::from_stored(row.get(1)?))))?
    .collect()
}

/// Makes the leases of dead owners takeable now; they keep their holder until
/// then, so that the takeover is seen as one.
pub(super) fn expire(tx: &mut Tx<'_>, dead: &[i64]) -> Result<u64, OpError> {
    let mut expired = 0;
    for owner in dead.iter().filter(|owner| **owner != tx.me) {
        let changed = tx
            .db
            .prepare_cached(
                "UPDATE ledger_jobs SET due_at = ?2 WHERE id IN
                   (SELECT id FROM ledger_jobs INDEXED BY ledger_due WHERE due_at > ?2 AND owner = ?1)",
            )?
            .execute(params![owner, tx.now.as_millis()])?;
        expired += u64::try_from(changed).unwrap_or(0);
    }
    failpoint!("takeover.in_tx");
    Ok(expired)
}

/// What stands in a ledger in which nothing is due.
pub(super) fn outlook(db: &Connection, me: i64, now: Timestamp) -> rusqlite::Result<Outlook> {
    db.prepare_cached(
        "SELECT count(*) FILTER (WHERE owner IS NOT NULL AND owner <> ?1), count(*) FILTER (WHERE owner = ?1),
                count(*) FILTER (WHERE owner IS NULL), min(due_at)
         FROM ledger_jobs INDEXED BY ledger_due WHERE due_at IS NOT NULL",
    )?
    .query_row([me], |row| {
        let next: Option<i64> = row.get(3)?;
        Ok(Outlook {
            held_by_others: row.get(0)?,
            held_by_us: row.get(1)?,
            backing_off: row.get(2)?,
            next_due: next.map(|due| Timestamp::from_millis(due).since(now)),
        })
    })
}

/// Brings due times back that a clock which ran ahead wrote: waits that were begun
/// in what is the future now last as long from now, and none is longer than any
/// backoff.
pub(super) fn clamp(tx: &Tx<'_>, longest: Duration) -> rusqlite::Result<usize> {
    let now = tx.now.as_millis();
    let ahead = tx
        .db
        .prepare_cached(
            "UPDATE ledger_jobs SET due_at = due_at - updated_at + ?1, updated_at = ?1 WHERE id IN
               (SELECT id FROM ledger_jobs INDEXED BY ledger_due
                WHERE due_at > ?1 AND owner IS NULL AND updated_at > ?1 AND due_at >= updated_at)",
        )?
        .execute([now])?;
    let beyond = tx
        .db
        .prepare_cached(
            "UPDATE ledger_jobs SET due_at = ?1 WHERE id IN
               (SELECT id FROM ledger_jobs INDEXED BY ledger_due WHERE due_at > ?2 AND owner IS NULL)",
        )?
        .execute(params![now, now.saturating_add(millis(longest))])?;
    Ok(ahead + beyond)
}
