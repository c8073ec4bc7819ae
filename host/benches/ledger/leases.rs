//! Leasing: the statement against a bare indexed UPDATE, and the public
//! interface against the statement.

use paperfall::ledger::{Durability, LEASE_STATEMENT, LeaseRequest, Ledger, SqliteLedger};
use rusqlite::types::Value;
use rusqlite::{Connection, StatementStatus, params};

use crate::common::{Goal, Spread, interleave, ratios, report};
use crate::stage::{self, Stage, TTL, commit_each, operations};

const ROUNDS: usize = 41;
/// Tasks of the busy comparison.
const TASKS: usize = 16;
/// Fences of the raw side; far above those of its own epoch.
const FLOOR: i64 = 1 << 40;

/// What SQLite's machine does for one lease, by the size of the ledger.
#[derive(Default)]
pub struct Steps(Vec<(usize, f64)>);

impl Steps {
    /// The largest ledger against the smallest.
    pub fn report(&self) {
        let (Some((few, least)), Some((many, most))) = (self.0.first(), self.0.last()) else {
            return;
        };
        println!();
        report(
            &format!(
                "SQLite's steps a lease at {many} due jobs / at {few} ({most:.0} / {least:.0})"
            ),
            "×",
            &Spread::new(vec![most / least]),
            Some(Goal::AtMost(1.25)),
        );
    }
}

pub fn measure(stage: &Stage, durability: Durability, steps: &mut Steps) {
    let raw = stage.raw(durability);
    let bare = stage.bare(durability);
    let me: i64 = raw
        .query_row(
            "INSERT INTO ledger_owners(name, started_at) VALUES('bench-' || random(), 0) RETURNING id",
            [],
            |row| row.get(0),
        )
        .unwrap();
    if durability == Durability::Normal {
        steps.0.push((stage.jobs, vm_steps(&raw, me)));
    }
    statement(&raw, &bare, me, durability);
    stage::undo(&raw);
    let runtime = stage::runtime();
    let ours = stage::connect(&stage.ours(), Durability::Normal);
    for compare in [one_by_one, busy] {
        let ledger = stage.open(durability);
        compare(&runtime, &ledger, &raw, me, durability);
        runtime.block_on(ledger.close());
        stage::undo(&raw);
        stage::undo(&ours);
    }
}

fn raw_lease(db: &Connection, me: i64) {
    let mut lease = db.prepare_cached(LEASE_STATEMENT).unwrap();
    let columns = lease.column_count();
    let values = params![FLOOR, me, 1_i64 << 50, 1_i64 << 49];
    // Whoever leases reads what was leased.
    let read = lease.query_row(values, |row| {
        (0..columns)
            .map(|column| row.get(column))
            .collect::<rusqlite::Result<Vec<Value>>>()
    });
    assert_eq!(read.expect("jobs are due").len(), columns);
}

fn vm_steps(db: &Connection, me: i64) -> f64 {
    const LEASES: i32 = 100;
    let mut statement = db.prepare(LEASE_STATEMENT).unwrap();
    statement.reset_status(StatementStatus::VmStep);
    for _ in 0..LEASES {
        let id: i64 = statement
            .query_row(params![FLOOR, me, 1_i64 << 50, 1_i64 << 49], |row| {
                row.get(0)
            })
            .expect("jobs are due");
        assert!(id > 0);
    }
    f64::from(statement.get_status(StatementStatus::VmStep)) / f64::from(LEASES)
}

fn statement(raw: &Connection, bare: &Connection, me: i64, durability: Durability) {
    let count = operations(durability);
    let mut id = 0_i64;
    let rounds = interleave(
        ROUNDS,
        || commit_each(raw, count, |db| raw_lease(db, me)),
        || commit_each(bare, count, |db| bare_update(db, &mut id)),
    );
    report(
        "lease / a bare indexed UPDATE, a commit each",
        "×",
        &ratios(&rounds, |cost| cost.wall),
        Some(Goal::AtMost(2.5)),
    );
    report(
        "  by CPU time",
        "×",
        &ratios(&rounds, |cost| cost.cpu),
        None,
    );
    let each = |cost: crate::common::Cost| cost.cpu.as_secs_f64() * 1e6 / count as f64;
    report(
        "  one lease with its commit",
        "µs of CPU",
        &Spread::new(rounds.iter().map(|(ours, _)| each(*ours)).collect()),
        None,
    );
}

/// What a lease changes, in a table without rules, of a row that is given.
pub fn bare_update(db: &Connection, id: &mut i64) {
    *id += 1;
    let changed = db
        .prepare_cached(
            "UPDATE bare SET fence = fence + 1, owner = 7, due_at = ?1, attempts = attempts + 1, state = 1, updated_at = ?2
             WHERE id = ?3",
        )
        .unwrap()
        .execute(params![(1_i64 << 50) + *id, *id, *id])
        .unwrap();
    if changed == 0 {
        // Round the table once more.
        *id = 0;
    }
}

fn one_by_one(
    runtime: &tokio::runtime::Runtime,
    ledger: &SqliteLedger,
    raw: &Connection,
    me: i64,
    durability: Durability,
) {
    let count = operations(durability);
    let rounds = interleave(
        ROUNDS,
        || {
            runtime.block_on(async {
                for _ in 0..count {
                    stage::lease(ledger).await;
                }
            });
        },
        || commit_each(raw, count, |db| raw_lease(db, me)),
    );
    report(
        "public interface / raw statements, one lease at a time",
        "×",
        &ratios(&rounds, |cost| cost.wall),
        Some(Goal::AtMost(1.10)),
    );
    report(
        "  by CPU time",
        "×",
        &ratios(&rounds, |cost| cost.cpu),
        None,
    );
}

fn busy(
    runtime: &tokio::runtime::Runtime,
    ledger: &SqliteLedger,
    raw: &Connection,
    me: i64,
    durability: Durability,
) {
    let batches = operations(durability).div_ceil(10);
    let rounds = interleave(
        ROUNDS,
        || {
            runtime.block_on(async {
                for _ in 0..batches {
                    let request = LeaseRequest {
                        limit: TASKS,
                        ..LeaseRequest::one(TTL)
                    };
                    let leased = ledger.lease(request).await.expect("leases");
                    assert_eq!(leased.leases.len(), TASKS);
                }
            });
        },
        || {
            commit_each(raw, batches, |db| {
                for _ in 0..TASKS {
                    raw_lease(db, me);
                }
            });
        },
    );
    report(
        &format!("public interface / raw statements, {TASKS} leases a commit"),
        "×",
        &ratios(&rounds, |cost| cost.wall),
        Some(Goal::AtMost(1.10)),
    );
    report(
        "  by CPU time",
        "×",
        &ratios(&rounds, |cost| cost.cpu),
        None,
    );
}
