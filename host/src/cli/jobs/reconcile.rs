//! `paperfall jobs reconcile`: what a run does at its start, on demand.

use std::sync::Arc;

use super::open_to_change;
use crate::cli::exit::{Exit, Failed};
use crate::cli::jobs_args::ReconcileArgs;
use crate::cli::once::{belongs, wrong_folder};
use crate::cli::output::outln;
use crate::cli::shelf::OutputShelf;
use crate::download::OutFolder;
use crate::ledger::{Ledger, LedgerReader, Reconciled, Thoroughness};

/// Goes through the ledger and its files, and tells what was put right.
pub(super) async fn reconcile(args: &ReconcileArgs) -> Result<Exit, Failed> {
    let path = args.ledger.path();
    // A missing or unusable ledger is said before anything about folders.
    drop(LedgerReader::open(&path)?);
    let folder = args.ledger.folder();
    let papers = OutFolder::new(folder.clone());
    if args.deep && !papers.is_there() {
        return Err(Failed::usage(format!(
            "{} holds no papers (it has no folder objects): every one would count as lost; \
             name the folder of this ledger's papers with --out",
            folder.display()
        )));
    }
    let thoroughness = if args.deep {
        Thoroughness::Full
    } else {
        Thoroughness::Quick
    };
    let ledger = open_to_change(&path).await?;
    // Part files and papers of another ledger are none of this one's business.
    if folder.is_dir()
        && let Err(stands) = belongs(&ledger, &path, &folder).await?
    {
        ledger.close().await;
        return Err(wrong_folder(&path, &folder, &stands));
    }
    let done = ledger
        .reconcile(Arc::new(OutputShelf::new(papers)), thoroughness)
        .await;
    ledger.close().await;
    let done = done?;
    if args.json {
        let text = serde_json::to_string(&done).map_err(Failed::machine)?;
        outln!("{text}")?;
    } else {
        tell(&done)?;
    }
    Ok(Exit::Complete)
}

fn tell(done: &Reconciled) -> Result<(), Failed> {
    if *done == Reconciled::default() {
        return outln!("nothing to put right");
    }
    for (count, what) in [
        (
            done.recovered_leases,
            "leases of workers that are gone can be taken now",
        ),
        (
            done.abandoned_ops,
            "effects of workers that are gone marked as abandoned",
        ),
        (
            done.healed_jobs,
            "lost papers restored, or to be fetched again by the next run",
        ),
        (
            done.swept_parts,
            "part files that nobody will continue removed",
        ),
    ] {
        outln!("{count:>8}  {what}")?;
    }
    Ok(())
}
