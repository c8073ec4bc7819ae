//! Many works at once: a reader, some workers, one writer of results.
//!
//! Ctrl-C stops everything under way and keeps what is finished; a second
//! Ctrl-C leaves at once.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failed};
use super::obtain::{Obtained, obtain};
use super::output::{note, outln};
use super::progress::Progress;
use super::setup::App;
use super::tally::Tally;
use crate::download::{Journal, Store, StoreError, WorkResult};
use crate::intake::{InputError, Item, Work};

/// Works read ahead of the workers.
const READ_AHEAD: usize = 1024;

/// How a batch is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchOptions<'a> {
    pub(crate) out: &'a Path,
    pub(crate) workers: u16,
    /// Print each result as JSON on standard output.
    pub(crate) json: bool,
    /// Obtain works again that an earlier run finished.
    pub(crate) again: bool,
}

/// What a batch came to.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) tally: Tally,
    pub(crate) interrupted: bool,
    /// Every result, when asked for with [`run_batch`]'s `keep`.
    pub(crate) results: Vec<WorkResult>,
}

impl Batch {
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

/// What the reader hands to the loop below.
enum Read {
    Todo,
    DoneBefore,
    Duplicate(String),
    Bad(String),
    /// The list could not be read to its end.
    Broken(String),
    Warning(String),
}

/// Runs every work of `items`. With `keep`, results are also returned.
pub(crate) async fn run_batch(
    app: &App,
    items: impl Iterator<Item = Result<Item, InputError>> + Send + 'static,
    options: BatchOptions<'_>,
    keep: bool,
) -> Result<Batch, Failed> {
    let store = Arc::new(Store::open(options.out)?);
    let mut journal = Journal::open(&store)?;
    let progress = Progress::new();
    let stop = stop_on_ctrl_c();

    let done = if options.again {
        Vec::new()
    } else {
        journal.finished(&store)
    };
    let (work_in, work_out) = mpsc::channel::<Work>(READ_AHEAD);
    let (read_in, mut read_out) = mpsc::channel::<Read>(READ_AHEAD);
    let reader = spawn_reader(items, done, work_in, read_in, stop.clone());
    let (result_in, mut result_out) = mpsc::channel(usize::from(options.workers));
    let mut workers = spawn_workers(app, &store, options.workers, work_out, result_in, &stop);

    let mut batch = Batch {
        tally: Tally::default(),
        interrupted: false,
        results: Vec::new(),
    };
    let mut failure: Option<Failed> = None;
    let mut reading = true;
    loop {
        tokio::select! {
            read = read_out.recv(), if reading => match read {
                Some(read) => take_read(read, &progress, &mut batch.tally),
                None => reading = false,
            },
            result = result_out.recv() => match result {
                Some(Ok(Obtained { result, .. })) => {
                    if let Err(error) = journal.append(&result) {
                        failure.get_or_insert(error.into());
                        stop.cancel();
                        continue;
                    }
                    progress.ended(&result);
                    if options.json && let Err(error) = print_json(&result) {
                        failure.get_or_insert(error);
                        stop.cancel();
                    }
                    batch.tally.add(&result);
                    if keep {
                        batch.results.push(result);
                    }
                }
                Some(Err(error)) => {
                    failure.get_or_insert(error.into());
                    stop.cancel();
                }
                None => break,
            },
        }
    }
    // After a stop the reader may be waiting for a line that never comes (a
    // terminal, a pipe); it holds nothing, so nobody waits for it.
    if !stop.is_cancelled() {
        while let Some(read) = read_out.recv().await {
            take_read(read, &progress, &mut batch.tally);
        }
        let _ = reader.await;
    }
    while workers.join_next().await.is_some() {}
    progress.finish();
    batch.interrupted = stop.is_cancelled() && failure.is_none();
    let closed = journal.finish();
    if let Some(error) = failure {
        return Err(error);
    }
    closed?;
    Ok(batch)
}

fn take_read(read: Read, progress: &Progress, tally: &mut Tally) {
    match read {
        Read::Todo => progress.expect(1),
        Read::DoneBefore => tally.done_before += 1,
        Read::Duplicate(line) => {
            tally.duplicates += 1;
            progress.say(&line);
        }
        Read::Bad(line) => {
            tally.bad_lines += 1;
            progress.say(&line);
        }
        Read::Broken(line) => {
            tally.list_broken = true;
            progress.say(&line);
        }
        Read::Warning(line) => progress.say(&line),
    }
}

fn print_json(result: &WorkResult) -> Result<(), Failed> {
    outln!(
        "{}",
        serde_json::to_string(result).map_err(Failed::machine)?
    )
}

/// Reads on a blocking thread: files and pipes block.
fn spawn_reader(
    items: impl Iterator<Item = Result<Item, InputError>> + Send + 'static,
    done: Vec<String>,
    works: mpsc::Sender<Work>,
    notes: mpsc::Sender<Read>,
    stop: CancellationToken,
) -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_blocking(move || {
        let done: std::collections::HashSet<String> = done.into_iter().collect();
        for item in items {
            if stop.is_cancelled() {
                return;
            }
            let note = match item {
                Err(error) => Read::Broken(format!("paperfall: {error}")),
                Ok(Item::Work { work, warnings, .. }) => {
                    for warning in warnings {
                        let _ = notes
                            .blocking_send(Read::Warning(format!("paperfall: warning: {warning}")));
                    }
                    if done.contains(work.work_id.as_str()) {
                        Read::DoneBefore
                    } else if works.blocking_send(*work).is_err() {
                        return;
                    } else {
                        Read::Todo
                    }
                }
                Ok(Item::Duplicate {
                    work_id,
                    place,
                    first_line,
                    ..
                }) => Read::Duplicate(format!(
                    "paperfall: {place}: duplicate_input: {work_id} is named in line {first_line} already"
                )),
                Ok(Item::Bad(error)) => Read::Bad(format!("paperfall: {error}")),
            };
            if notes.blocking_send(note).is_err() {
                return;
            }
        }
    })
}

fn spawn_workers(
    app: &App,
    store: &Arc<Store>,
    workers: u16,
    works: mpsc::Receiver<Work>,
    results: mpsc::Sender<Result<Obtained, StoreError>>,
    stop: &CancellationToken,
) -> JoinSet<()> {
    let works = Arc::new(Mutex::new(works));
    let mut set = JoinSet::new();
    for _ in 0..workers {
        let (app, store, works) = (app.clone(), Arc::clone(store), Arc::clone(&works));
        let (results, stop) = (results.clone(), stop.clone());
        set.spawn(async move {
            let next = || async { works.lock().await.recv().await };
            while let Some(Some(work)) = stop.run_until_cancelled(next()).await {
                // Dropping the future aborts its requests and removes its
                // part file.
                let Some(obtained) = stop
                    .run_until_cancelled(obtain(&app, work, Some(&store)))
                    .await
                else {
                    return;
                };
                if results.send(obtained).await.is_err() {
                    return;
                }
            }
        });
    }
    set
}

/// Cancelled at the first Ctrl-C; the second one leaves at once.
fn stop_on_ctrl_c() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        interrupted().await;
        note("paperfall: stopping; what is finished is kept (Ctrl-C again to leave at once)");
        token.cancel();
        interrupted().await;
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    stop
}

/// Waits for Ctrl-C, or for the polite signal service managers send.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals nobody interrupts us.
        std::future::pending::<()>().await;
    }
}
