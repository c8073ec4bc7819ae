//! Many works at once: a reader, some workers, one desk that writes results down.
//!
//! Ctrl-C stops everything under way and keeps what is finished; a second
//! Ctrl-C leaves at once.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, Turn};
use super::exit::{Exit, Failed};
use super::interrupt::stop_on_ctrl_c;
use super::ledger_args::LedgerArgs;
use super::obtain::obtain;
use super::once;
use super::race_events::tell_race;
use super::reading::{Finished, READ_AHEAD, Read, spawn_reader};
use super::setup::App;
use super::tally::Tally;
use super::telemetry_args::TelemetryArgs;
use crate::download::{Journal, Sharing, Store, WorkResult};
use crate::intake::{InputError, Item, Work};
use crate::ledger::RetryPolicy;
use crate::telemetry::Telemetry;

/// How a batch is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchOptions<'a> {
    pub(crate) out: &'a Path,
    pub(crate) workers: u16,
    pub(crate) ledger: &'a LedgerArgs,
    pub(crate) telemetry: &'a TelemetryArgs,
    /// Print each result as JSON on standard output.
    pub(crate) json: bool,
    /// Tell where each paper is, and the results of works that ended before, too:
    /// each was asked for by its name.
    pub(crate) tell_earlier: bool,
    /// Without a ledger: obtain works again that an earlier run finished.
    pub(crate) again: bool,
    /// On a ledger: work on nothing but the works given.
    pub(crate) own_only: bool,
    /// On a ledger: when works that failed for a passing cause are tried again.
    pub(crate) retry: RetryPolicy,
    /// Return every result, those of finished works included.
    pub(crate) keep: bool,
}

/// What a batch came to.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) tally: Tally,
    pub(crate) interrupted: bool,
    /// Every result, when they are to be kept.
    pub(crate) results: Vec<WorkResult>,
}

impl Batch {
    /// What is left after Ctrl-C, and what goes on with it.
    pub(crate) fn interruption(&self) -> String {
        let again = "run the same command again to go on";
        match self.tally.left() {
            Some(0) => "interrupted: no work is left".to_owned(),
            Some(1) => format!("interrupted: 1 work is left; {again}"),
            Some(left) => format!("interrupted: {left} works are left; {again}"),
            None => format!("interrupted before the list was read to its end; {again}"),
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        if self.interrupted {
            Exit::Interrupted
        } else if self.tally.list_unusable() {
            Exit::Usage
        } else if self.tally.complete() {
            Exit::Complete
        } else {
            Exit::Incomplete
        }
    }
}

/// Runs every work of `items`.
pub(crate) async fn run_batch(
    app: &App,
    items: impl Iterator<Item = Result<Item, InputError>> + Send + 'static,
    options: BatchOptions<'_>,
) -> Result<Batch, Failed> {
    let ledger = options.ledger.file(options.out)?;
    let listening = options
        .telemetry
        .open(ledger.as_deref(), app.metrics.clone())
        .await?;
    let telemetry = &listening.telemetry;
    let ended = match ledger {
        Some(file) => once::run(app, items, &options, &file, telemetry).await,
        None => plainly(app, items, &options, telemetry).await,
    };
    listening.close().await;
    ended
}

/// Without a ledger: this process alone, and what it finished is in
/// `results.jsonl`.
async fn plainly(
    app: &App,
    items: impl Iterator<Item = Result<Item, InputError>> + Send + 'static,
    options: &BatchOptions<'_>,
    telemetry: &Telemetry,
) -> Result<Batch, Failed> {
    let store = Arc::new(Store::open(options.out, &Sharing::Alone)?);
    let journal = Journal::open(&store)?;
    let stop = stop_on_ctrl_c();
    let done = if options.again {
        HashMap::new()
    } else {
        journal.finished(&store)
    };
    let (work_in, work_out) = mpsc::channel::<Work>(READ_AHEAD);
    let (read_in, mut reads) = mpsc::channel::<Read>(READ_AHEAD);
    let reader = spawn_reader(
        items,
        Some(Finished {
            works: done,
            store: Arc::clone(&store),
        }),
        work_in,
        read_in,
        stop.clone(),
    );
    let (turn_in, mut turns) = mpsc::channel(usize::from(options.workers));
    let works = Arc::new(Mutex::new(work_out));
    let mut workers = JoinSet::new();
    for _ in 0..options.workers {
        let worker = Worker {
            app: app.clone(),
            store: Arc::clone(&store),
            telemetry: telemetry.clone(),
            works: Arc::clone(&works),
            turns: turn_in.clone(),
            stop: stop.clone(),
        };
        workers.spawn(worker.run());
    }
    drop(turn_in);

    let mut desk = Desk::new(options, journal, stop);
    desk.collect(&mut reads, &mut turns).await;
    desk.close(store.leave(), reads, reader, workers).await
}

/// One of several that take works from the same queue.
struct Worker {
    app: App,
    store: Arc<Store>,
    telemetry: Telemetry,
    works: Arc<Mutex<mpsc::Receiver<Work>>>,
    turns: mpsc::Sender<Turn>,
    stop: CancellationToken,
}

impl Worker {
    async fn run(self) {
        let next = || async { self.works.lock().await.recv().await };
        while let Some(Some(work)) = self.stop.run_until_cancelled(next()).await {
            // Dropping the future aborts its requests and removes its part file.
            let obtaining = obtain(&self.app, work, Some(&self.store));
            let turn = match self.stop.run_until_cancelled(obtaining).await {
                None => return,
                Some(Ok(obtained)) => {
                    tell_race(&self.telemetry, None, &obtained.result);
                    Turn::Ended(Box::new(obtained.result))
                }
                Some(Err(error)) => Turn::Failed(error.into()),
            };
            if self.turns.send(turn).await.is_err() {
                return;
            }
        }
    }
}
