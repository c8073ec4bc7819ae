//! Reads a list of works beside the run that works on it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::tally::Tally;
use crate::download::Store;
use crate::intake::{InputError, Item, Work};

/// Works read ahead of the workers.
pub(crate) const READ_AHEAD: usize = 1024;

/// What the reader found in the list.
pub(crate) enum Read {
    Todo,
    /// The work of this id.
    DoneBefore(String),
    Duplicate(String),
    Bad(String),
    /// The list could not be read to its end.
    Broken(String),
    Warning(String),
    /// The list was read to its end, and names so many works.
    Over(u64),
}

impl Read {
    /// Counts and shows it.
    pub(crate) fn take(self, progress: &Progress, tally: &mut Tally) {
        match self {
            Self::Todo => progress.expect(1),
            Self::DoneBefore(_) => tally.done_before += 1,
            Self::Duplicate(line) => {
                tally.duplicates += 1;
                progress.say(&line);
            }
            Self::Bad(line) => {
                tally.bad_lines += 1;
                progress.say(&line);
            }
            Self::Broken(line) => {
                tally.list_broken = true;
                progress.say(&line);
            }
            Self::Warning(line) => progress.say(&line),
            Self::Over(works) => tally.listed = Some(works),
        }
    }
}

/// The works that need nothing more.
pub(crate) struct Finished {
    /// With the paths of their files.
    pub(crate) works: HashMap<String, String>,
    pub(crate) store: Arc<Store>,
}

impl Finished {
    /// Whether a work is one of them; its readable name is given back to it if
    /// somebody removed it.
    fn has(&self, work_id: &str, notes: &mpsc::Sender<Read>) -> bool {
        let Some(path) = self.works.get(work_id) else {
            return false;
        };
        if let Err(error) = self.store.link_again(work_id, path) {
            let _ = notes.blocking_send(Read::Warning(format!("paperfall: warning: {error}")));
        }
        true
    }
}

/// Reads on a blocking thread: files and pipes block. `done` is `None` where a
/// ledger knows what is, and tells of each work itself.
pub(crate) fn spawn_reader(
    items: impl Iterator<Item = Result<Item, InputError>> + Send + 'static,
    done: Option<Finished>,
    works: mpsc::Sender<Work>,
    notes: mpsc::Sender<Read>,
    stop: CancellationToken,
) -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_blocking(move || {
        let is_planned = done.is_none();
        let mut listed: u64 = 0;
        let mut is_whole = true;
        for item in items {
            if stop.is_cancelled() {
                return;
            }
            let note = match item {
                Err(error) => {
                    is_whole = false;
                    Read::Broken(format!("paperfall: {error}"))
                }
                Ok(Item::Work { work, warnings, .. }) => {
                    listed = listed.saturating_add(1);
                    for warning in warnings {
                        let _ = notes
                            .blocking_send(Read::Warning(format!("paperfall: warning: {warning}")));
                    }
                    if done
                        .as_ref()
                        .is_some_and(|done| done.has(work.work_id.as_str(), &notes))
                    {
                        Read::DoneBefore(work.work_id.to_string())
                    } else {
                        // Told before it can end: what is expected is never less
                        // than what is done.
                        if !is_planned && notes.blocking_send(Read::Todo).is_err() {
                            return;
                        }
                        if works.blocking_send(*work).is_err() {
                            return;
                        }
                        continue;
                    }
                }
                Ok(Item::Duplicate {
                    work_id,
                    place,
                    first,
                    ..
                }) => Read::Duplicate(format!(
                    "paperfall: {place}: duplicate_input: {work_id} is named in {} {first} already",
                    place.unit()
                )),
                Ok(Item::Bad(error)) => Read::Bad(format!("paperfall: {error}")),
            };
            if notes.blocking_send(note).is_err() {
                return;
            }
        }
        if is_whole {
            let _ = notes.blocking_send(Read::Over(listed));
        }
    })
}
