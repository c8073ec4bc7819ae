//! The reconciler: puts right what crashes left behind, in short transactions
//! between the others' and with the files looked at outside of them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::ending::Wanted;
use super::store::SqliteLedger;
use super::{effect, ending, lease};
use crate::ledger::error::LedgerError;
use crate::ledger::event::Event;
use crate::ledger::failpoint::failpoint;
use crate::ledger::owner;
use crate::ledger::reconcile::{Reconciled, Shelf, Thoroughness};

/// Stored files looked at between two transactions.
const PAGE: u32 = 500;

pub(super) async fn reconcile(
    ledger: &SqliteLedger,
    shelf: Arc<dyn Shelf>,
    thoroughness: Thoroughness,
) -> Result<Reconciled, LedgerError> {
    ledger.bury_dead().await?;
    let longest = ledger.shared.retry.longest_wait;
    let (recovered_leases, abandoned_ops) = ledger
        .write(move |tx| {
            lease::clamp(tx, longest)?;
            Ok((
                ending::count_expired(tx.db, tx.now)?,
                effect::abandon_dead(tx)?,
            ))
        })
        .await?;
    failpoint!("reconcile.after_leases");
    let swept_parts = sweep_parts(ledger, Arc::clone(&shelf)).await?;
    let healed_jobs = match thoroughness {
        Thoroughness::Quick => 0,
        Thoroughness::Full => heal(ledger, shelf).await?,
    };
    failpoint!("reconcile.after_files");
    ledger
        .read(|db, shared| Ok(sweep_locks(db, &shared.locks, shared.owner.as_str())?))
        .await?;
    ledger.tell(&Event::CrashRecoveryEvent {
        recovered_leases,
        abandoned_ops,
        healed_jobs,
        swept_parts,
    });
    Ok(Reconciled {
        recovered_leases,
        abandoned_ops,
        healed_jobs,
        swept_parts,
    })
}

/// Removes part files nobody will continue. The list is read before the ledger
/// is asked about its entries, so a lease younger than the list is seen.
async fn sweep_parts(ledger: &SqliteLedger, shelf: Arc<dyn Shelf>) -> Result<u64, LedgerError> {
    ledger
        .read(move |db, shared| {
            let failed = |error: io::Error| LedgerError::io(&shared.path, &error);
            let mut swept = 0;
            for part in shelf.parts().map_err(failed)? {
                let wanted =
                    ending::part_is_wanted(db, part.job, part.fence.raw(), shared.clock.now())?;
                let keep = match wanted {
                    Wanted::No => false,
                    // What no later worker has taken over is not lost for being old.
                    Wanted::ToContinue => shelf.can_continue(&part).map_err(failed)?,
                    Wanted::Yes => true,
                };
                if !keep {
                    shelf.remove_part(&part).map_err(failed)?;
                    swept += 1;
                }
            }
            Ok(swept)
        })
        .await
}

/// Restores stored files that are gone, or sends their jobs to fetch them again.
async fn heal(ledger: &SqliteLedger, shelf: Arc<dyn Shelf>) -> Result<u64, LedgerError> {
    let (mut healed, mut after) = (0, 0);
    loop {
        let files = Arc::clone(&shelf);
        let (last, restored, gone) = ledger
            .read(move |db, shared| {
                let failed = |error: io::Error| LedgerError::io(&shared.path, &error);
                let page = ending::stored_after(db, after, PAGE)?;
                let last = page.last().map(|stored| stored.row);
                let (mut restored, mut gone) = (0, Vec::new());
                for stored in page {
                    if files.has(&stored.sha256, stored.bytes).map_err(failed)? {
                        continue;
                    }
                    if files
                        .restore(&stored.sha256, stored.path.as_deref())
                        .map_err(failed)?
                    {
                        restored += 1;
                    } else {
                        gone.push(stored);
                    }
                }
                Ok((last, restored, gone))
            })
            .await?;
        healed += restored;
        if !gone.is_empty() {
            healed += ledger
                .write(move |tx| {
                    let mut again = 0;
                    for stored in &gone {
                        again += u64::from(ending::fetch_again(tx, stored)?);
                    }
                    Ok(again)
                })
                .await?;
        }
        match last {
            Some(last) => after = last,
            None => return Ok(healed),
        }
    }
}

/// Removes lock files of owners that are gone and hold nothing.
pub(super) fn sweep_locks(
    db: &rusqlite::Connection,
    locks: &Path,
    me: &str,
) -> rusqlite::Result<u64> {
    let mut holding = db.prepare(
        "SELECT name FROM ledger_owners WHERE id IN (SELECT DISTINCT owner FROM ledger_jobs INDEXED BY ledger_due
           WHERE due_at IS NOT NULL AND owner IS NOT NULL)",
    )?;
    let names = holding
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(owner::sweep(locks, |name| {
        name == me || names.iter().any(|n| n == name)
    }))
}
