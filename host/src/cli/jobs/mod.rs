//! `paperfall jobs`: what an operator asks of a ledger, and does to it.
//!
//! Looking never changes a ledger: it makes no file, migrates nothing and waits
//! for no writer. Memory does not grow with the number of jobs.

mod export;
mod list;
mod locate;
mod pour;
mod reconcile;
mod retry;
mod show;
mod show_events;
mod show_race;
mod words;

use std::path::{Path, PathBuf};

use super::exit::{Exit, Failed};
use super::jobs_args::{JobsArgs, JobsCommand};
use super::output::note;
use crate::ledger::{Existing, LedgerError, LedgerReader, Options, SqliteLedger};

/// `paperfall jobs …`.
pub(crate) async fn jobs(args: JobsArgs) -> Result<Exit, Failed> {
    match args.command {
        JobsCommand::List(args) => list::list(&args),
        JobsCommand::Show(args) => show::show(&args),
        JobsCommand::Retry(args) => retry::retry(&args).await,
        JobsCommand::Reconcile(args) => reconcile::reconcile(&args).await,
        JobsCommand::Export(args) => export::export(&args),
    }
}

/// Opens an existing ledger to change it, and says so if that migrates it.
async fn open_to_change(path: &Path) -> Result<SqliteLedger, Failed> {
    let was_docstokgs = LedgerReader::open(path)?.is_docstokgs();
    let file = path.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        let options = Options {
            existing: Existing::Required,
            ..Options::default()
        };
        SqliteLedger::open(&file, options)
    });
    let ledger = opening.await.map_err(Failed::machine)??;
    if was_docstokgs {
        note(&format!(
            "paperfall: {} was DocsToKG's and now has paperfall's schema; the copy beside it is as it was ({}…)",
            path.display(),
            backup_of(path).display()
        ));
    }
    Ok(ledger)
}

fn backup_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".v3-backup");
    name.into()
}

impl From<LedgerError> for Failed {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoSuchJob { .. } | LedgerError::Key(_) => Self::usage(error),
            _ => Self::machine(error),
        }
    }
}
