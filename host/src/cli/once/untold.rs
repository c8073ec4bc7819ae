//! Results without a line in `results.jsonl`. A process that is killed between
//! the ledger's commit and the line leaves one, of whichever list; the last one
//! out of the folder writes them all. Only that can tell: the line of another may
//! be on its way.

use std::collections::HashMap;

use super::book::Book;
use super::recorded::recorded;
use crate::cli::desk::Desk;
use crate::cli::exit::Failed;
use crate::cli::output::note;
use crate::download::{End, Journal, Store};
use crate::ledger::{JobEnd, JobId, JobState, Ledger, LedgerError};
use crate::outcome::Outcome;

/// Jobs looked at at once.
const PAGE: u32 = 2_000;

/// Writes the lines that are missing for good: of every job of the ledger that has
/// ended, and of these works that have not, if nothing is known of them.
pub(super) async fn tell_untold(
    book: &Book,
    desk: &mut Desk<'_>,
    store: &Store,
    open: Vec<(String, JobId)>,
) -> Result<(), Failed> {
    desk.journal.read_news()?;
    let ledger = book.ledger().as_ref();
    let mut untold = match untold(ledger, &desk.journal).await {
        Ok(untold) => untold,
        Err(error) if book.goes_on() => {
            note(&format!(
                "paperfall: not known: which results have no line: {error}"
            ));
            Vec::new()
        }
        Err(error) => return Err(Failed::machine(error)),
    };
    untold.extend(
        open.into_iter()
            .filter(|(work, _)| !desk.journal.knows(work)),
    );
    for (work_id, job) in untold {
        match recorded(ledger, job).await {
            Ok(Some(result)) => {
                let end = match result.outcome {
                    Outcome::Success => End::Stored(result.sha256.as_deref()),
                    _ => End::Without(Some(result.reason.as_str())),
                };
                // What ended the job may have left no result: this is an older one
                // then. And a run without a ledger may have brought the paper.
                let is_newer = !desk.journal.tells(&work_id, end);
                let is_lost = result.outcome != Outcome::Success;
                if is_newer && !(is_lost && desk.journal.has_paper(&work_id, store)) {
                    desk.write_earlier(&result);
                }
            }
            Ok(None) => {}
            Err(error) if book.goes_on() => note(&format!(
                "paperfall: not known: the result of {work_id}: {error}"
            )),
            Err(error) => return Err(Failed::machine(error)),
        }
    }
    Ok(())
}

/// The jobs whose ends the results file does not tell, in the order they ended.
/// Where several jobs are of one work, the one that ended last is what its line is
/// to be about.
async fn untold(
    ledger: &dyn Ledger,
    journal: &Journal,
) -> Result<Vec<(String, JobId)>, LedgerError> {
    let mut last: HashMap<String, JobEnd> = HashMap::new();
    each_end(ledger, |end| {
        if !is_told(journal, &end) {
            last.insert(end.work_id.clone(), end);
        }
    })
    .await?;
    if last.is_empty() {
        return Ok(Vec::new());
    }
    let order = |end: &JobEnd| (end.finished_at, end.job_id);
    each_end(ledger, |end| {
        if let Some(known) = last.get_mut(&end.work_id)
            && order(&end) > order(known)
        {
            *known = end;
        }
    })
    .await?;
    let mut untold: Vec<JobEnd> = last.into_values().collect();
    untold.retain(|end| !is_told(journal, end));
    untold.sort_unstable_by_key(order);
    Ok(untold
        .into_iter()
        .map(|end| (end.work_id, end.job_id))
        .collect())
}

async fn each_end(ledger: &dyn Ledger, mut each: impl FnMut(JobEnd)) -> Result<(), LedgerError> {
    let mut after = None;
    loop {
        let page = ledger.ended_after(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.job_id);
        page.into_iter().for_each(&mut each);
    }
}

/// Whether the results file tells how this job ended.
fn is_told(journal: &Journal, end: &JobEnd) -> bool {
    let sha256 = end.sha256.as_ref().map(ToString::to_string);
    let told = match end.state {
        JobState::Failed => End::Without(end.reason.as_deref()),
        _ => End::Stored(sha256.as_deref()),
    };
    journal.tells(&end.work_id, told)
}
