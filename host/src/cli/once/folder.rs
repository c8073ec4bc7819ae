//! The output folder beside a ledger: which one it is.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::exit::Failed;
use crate::download::{Sharing, Store, StoreError};
use crate::ledger::{Existing, Ledger, LedgerError, Options, SqliteLedger};

/// The fact a ledger keeps of its folder.
const FOLDER: &str = "objects_folder";

/// Opens the output folder for several processes, and the ledger that belongs
/// to it.
pub(crate) async fn open(
    out: &Path,
    ledger: &Path,
    options: Options,
) -> Result<(Arc<Store>, Arc<SqliteLedger>), Failed> {
    // Before either is named in full: what is not there yet has no full name.
    std::fs::create_dir_all(out).map_err(|error| StoreError::io("make the folder", out, error))?;
    if let Some(folder) = ledger.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failed::machine(LedgerError::io(ledger, &error)))?;
    }
    let store = Store::open(out, &Sharing::OfLedger(whole(ledger)?))?;
    let path = ledger.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        SqliteLedger::open(
            &path,
            Options {
                existing: Existing::OrNew,
                ..options
            },
        )
    })
    .await
    .map_err(Failed::machine)?
    .map_err(Failed::machine)?;
    if let Err(stands) = belongs(&opened, ledger, out).await? {
        opened.close().await;
        return Err(wrong_folder(ledger, out, &stands));
    }
    Ok((Arc::new(store), Arc::new(opened)))
}

/// The ledger's path as every process sees it, there or not yet.
fn whole(ledger: &Path) -> Result<PathBuf, StoreError> {
    let name = ledger.file_name().unwrap_or_default();
    let folder = beside(ledger)
        .map_err(|error| StoreError::io("find the folder of the ledger", ledger, error))?;
    Ok(folder.join(name))
}

/// The folder a ledger is in, in full.
fn beside(ledger: &Path) -> io::Result<PathBuf> {
    match ledger.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.canonicalize(),
        _ => Path::new(".").canonicalize(),
    }
}

/// The error for a folder that holds another ledger's papers.
pub(crate) fn wrong_folder(ledger: &Path, out: &Path, stands: &str) -> Failed {
    Failed::usage(format!(
        "{}: its papers are in the folder {stands} (seen from the ledger), not in {}; \
         use that --out, or another --ledger",
        ledger.display(),
        out.display()
    ))
}

/// Whether a ledger's papers are in this folder; none where it does not say.
pub(crate) async fn belongs(
    ledger: &SqliteLedger,
    path: &Path,
    out: &Path,
) -> Result<Result<(), String>, Failed> {
    let here = relative(path, out).map_err(Failed::machine)?;
    let stands = ledger
        .settle(FOLDER, here.clone())
        .await
        .map_err(Failed::machine)?;
    Ok(if stands == here { Ok(()) } else { Err(stands) })
}

/// The folder as seen from the ledger, so that both may be moved together.
fn relative(ledger: &Path, out: &Path) -> io::Result<String> {
    let beside = beside(ledger)?;
    let out = out.canonicalize()?;
    let relative = match out.strip_prefix(&beside) {
        Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Ok(below) => below.to_owned(),
        Err(_) => match beside.strip_prefix(&out) {
            // The ledger is in the folder: count the steps up.
            Ok(below) => below.components().map(|_| "..").collect(),
            Err(_) => out,
        },
    };
    Ok(relative.to_string_lossy().into_owned())
}
