//! Group commit: sixteen tasks of one process against one.

use std::sync::Arc;
use std::time::Duration;

use paperfall::ledger::{Durability, Lease, ResultCode, SqliteLedger};

use crate::common::{Cost, Goal, interleave, ratios, report};
use crate::effects::effect;
use crate::stage::{self, Stage, operations};

const ROUNDS: usize = 15;
const TASKS: usize = 16;

pub fn measure(stage: &Stage, durability: Durability) {
    let runtime = stage::runtime();
    let ledger = Arc::new(stage.open(durability));
    let effects = (operations(durability) * 2).max(TASKS * 3) / TASKS * TASKS;
    let held = runtime.block_on(stage::leases(&ledger, effects * (ROUNDS + 1) * 2));
    let mut jobs = held.chunks(effects);
    let mut next = || jobs.next().expect("enough").to_vec();
    let mut all: Vec<(Vec<Lease>, Vec<Lease>)> = (0..=ROUNDS).map(|_| (next(), next())).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (one, other) in all.drain(..) {
        ours.push(one);
        theirs.push(other);
    }
    let rounds = interleave(
        ROUNDS,
        || runtime.block_on(together(&ledger, TASKS, ours.pop().expect("enough"))),
        || runtime.block_on(together(&ledger, 1, theirs.pop().expect("enough"))),
    );
    let speed = |of: fn(Cost) -> Duration| ratios(&rounds, of).map(|cost| 1.0 / cost);
    let goal = (durability == Durability::Full).then_some(Goal::AtLeast(3.0));
    report(
        &format!("{TASKS} tasks / one, effects a second"),
        "×",
        &speed(|cost| cost.wall),
        goal,
    );
    report("  by CPU time", "×", &speed(|cost| cost.cpu), None);
    if let Some(ledger) = Arc::into_inner(ledger) {
        runtime.block_on(ledger.close());
    }
    stage::undo(&stage::connect(&stage.ours(), Durability::Normal));
}

/// So many tasks do an effect of each of these jobs.
async fn together(ledger: &Arc<SqliteLedger>, tasks: usize, held: Vec<Lease>) {
    let mut all = tokio::task::JoinSet::new();
    for share in held.chunks(held.len() / tasks) {
        let (ledger, share) = (Arc::clone(ledger), share.to_vec());
        all.spawn(async move {
            for held in &share {
                effect(&ledger, held, ResultCode::Ok).await;
            }
        });
    }
    while let Some(done) = all.join_next().await {
        done.expect("a task");
    }
}
