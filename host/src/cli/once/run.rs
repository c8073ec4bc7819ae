//! A batch on a ledger, from opening it to closing it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::book::Book;
use super::folder::open;
use super::planning::{Planner, Tracked, merged};
use super::untold::tell_untold;
use super::workers::{Crew, spawn};
use crate::cli::batch::{Batch, BatchOptions};
use crate::cli::desk::Desk;
use crate::cli::exit::Failed;
use crate::cli::interrupt::stop_on_ctrl_c;
use crate::cli::output::note;
use crate::cli::reading::{READ_AHEAD, Read, spawn_reader};
use crate::cli::setup::App;
use crate::cli::shelf::OutputShelf;
use crate::download::{Journal, Store};
use crate::intake::{InputError, Item, Work};
use crate::ledger::{Ledger, LedgerError, Options, SqliteLedger, Thoroughness};
use crate::telemetry::Telemetry;

/// How long the ledger's last user is waited for at the end.
const LAST_USER: Duration = Duration::from_secs(2);
/// Between two looks for it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// Runs every work of `items` on the ledger in `file`.
pub(crate) async fn run(
    app: &App,
    items: impl Iterator<Item = Result<Item, InputError>> + Send + 'static,
    options: &BatchOptions<'_>,
    file: &Path,
    telemetry: &Telemetry,
) -> Result<Batch, Failed> {
    let args = options.ledger;
    let ledger_options = Options {
        durability: args.ledger_durability.into(),
        retry: options.retry,
        sink: Arc::new(telemetry.clone()),
        merge: merged,
        ..Options::default()
    };
    let (store, ledger) = open(options.out, file, ledger_options).await?;
    let journal = Journal::open(&store)?;
    let stop = stop_on_ctrl_c();
    recover(ledger.as_ref(), &store)
        .await
        .map_err(Failed::machine)?;
    let shared: Arc<dyn Ledger> = Arc::clone(&ledger) as Arc<dyn Ledger>;
    let metrics = app.metrics.clone();
    let book = Book::new(shared, args.on_ledger_error, args.patience(), metrics);
    let tracked = Arc::new(Tracked::default());

    let (work_in, works) = mpsc::channel::<Work>(READ_AHEAD);
    let (read_in, mut reads) = mpsc::channel::<Read>(READ_AHEAD);
    let (plan_in, mut plans) = mpsc::channel(READ_AHEAD);
    let (done_in, mut done) = mpsc::channel(usize::from(options.workers));
    let reader = spawn_reader(items, None, work_in, read_in, stop.clone());
    let crew = Crew {
        app: app.clone(),
        store: Arc::clone(&store),
        book: book.clone(),
        telemetry: telemetry.clone(),
        tracked: Arc::clone(&tracked),
        own_only: options.own_only,
        wait_for_retries: args.wait_for_retries,
        ttl: args.ttl(),
        stop: stop.clone(),
        told_waiting: Arc::default(),
        in_hand: Arc::default(),
    };
    let mut tasks = spawn(&crew, options.workers, &done_in);
    let planner = Planner {
        book: book.clone(),
        tracked: Arc::clone(&tracked),
        works,
        told: plan_in,
        retry_missing: args.retry_missing,
        own_only: options.own_only,
        again: 0,
    };
    tasks.spawn(plan(planner, stop.clone(), done_in));

    let mut desk = Desk::new(options, journal, stop);
    desk.batch.tally.ledger = Some(Default::default());
    let mut accounts = Accounts::new(
        book.clone(),
        tracked,
        Arc::clone(&store),
        args.wait_for_retries,
    );
    let (mut reading, mut planning) = (true, true);
    loop {
        tokio::select! {
            read = reads.recv(), if reading => match read {
                Some(read) => desk.hear(read),
                None => reading = false,
            },
            plan = plans.recv(), if planning => match plan {
                Some(plan) => if let Err(error) = accounts.planned(&mut desk, plan).await {
                    desk.fail(error);
                },
                None => {
                    planning = false;
                    accounts.list_is_over();
                }
            },
            turn = done.recv() => match turn {
                Some(Ok(done)) => accounts.ended(&mut desk, done),
                Some(Err(error)) => desk.fail(error),
                None => break,
            },
        }
    }
    // What was planned and found done before the last worker ended.
    while let Ok(plan) = plans.try_recv() {
        if desk.is_well()
            && let Err(error) = accounts.planned(&mut desk, plan).await
        {
            desk.fail(error);
        }
    }
    if desk.is_well()
        && let Err(error) = accounts.settle(&mut desk).await
    {
        desk.fail(Failed::machine(error));
    }
    accounts.close(&mut desk);
    let is_last = store.leave();
    if is_last
        && desk.is_well()
        && let Err(error) = tell_untold(&book, &mut desk, &store, accounts.untold()).await
    {
        desk.fail(error);
    }
    let batch = desk.close(is_last, reads, reader, tasks).await;
    drop((crew, accounts, book));
    close(ledger).await;
    batch
}

/// Closes the ledger. Tasks that were aborted (heartbeats) have it until the
/// runtime drops them.
async fn close(mut ledger: Arc<SqliteLedger>) {
    let since = Instant::now();
    loop {
        match Arc::try_unwrap(ledger) {
            Ok(ledger) => return ledger.close().await,
            // Its lock goes with the process, and the next one tidies up.
            Err(_) if since.elapsed() >= LAST_USER => return,
            Err(shared) => ledger = shared,
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn plan(
    planner: Planner,
    stop: CancellationToken,
    done: mpsc::Sender<Result<super::workers::Done, Failed>>,
) {
    if let Some(Err(error)) = stop.run_until_cancelled(planner.run()).await {
        let _ = done.send(Err(Failed::machine(error))).await;
    }
}

/// Puts right what crashes left.
async fn recover(ledger: &dyn Ledger, store: &Store) -> Result<(), LedgerError> {
    let shelf = Arc::new(OutputShelf::new(store.folder().clone()));
    let found = ledger.reconcile(shelf, Thoroughness::Full).await?;
    for (count, one, several) in [
        (
            found.recovered_leases,
            "work taken back from a process that is gone or let its lease run out",
            "works taken back from processes that are gone or let their leases run out",
        ),
        (
            found.healed_jobs,
            "work whose stored file was gone",
            "works whose stored files were gone",
        ),
        (
            found.swept_parts,
            "part file removed that nobody will continue",
            "part files removed that nobody will continue",
        ),
    ] {
        let words = if count == 1 { one } else { several };
        if count > 0 {
            note(&format!("paperfall: recovered: {count} {words}"));
        }
    }
    Ok(())
}
