//! The result of a job as the ledger keeps it: whoever did not see a work end
//! learns here how it did.

use super::resolution::skipped;
use crate::download::WorkResult;
use crate::ledger::{JobId, Ledger, LedgerError};
use crate::outcome::Outcome;

/// The last result of a job; none where the ledger keeps none that is an end.
///
/// # Errors
/// The ledger cannot be read.
pub(super) async fn recorded(
    ledger: &dyn Ledger,
    job: JobId,
) -> Result<Option<WorkResult>, LedgerError> {
    let stored = ledger.last_result(job).await?;
    let result = stored.and_then(|stored| {
        serde_json::from_value::<WorkResult>(stored.result.get("result")?.clone()).ok()
    });
    let Some(mut result) = result else {
        return Ok(None);
    };
    // A takeover may have found out after the resolution was recorded that
    // the bytes are stored already.
    if let (Outcome::Success, None, Some(url)) = (result.outcome, &result.path, &result.url)
        && let Some(object) = ledger.stored_from(url).await?
    {
        skipped(&mut result, &object);
    }
    // What was found but not stored is no end.
    let is_end = result.outcome != Outcome::Success || result.path.is_some();
    Ok(is_end.then_some(result))
}
