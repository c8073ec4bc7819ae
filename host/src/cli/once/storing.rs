//! FINALIZE, INDEX and DEDUPE: the file under its content's name, once.

use serde_json::json;

use super::download::Streamed;
use super::ending::{Ended, Stopped};
use super::found::Found;
use super::program::{Program, Resolved};
use super::resolution::{AtTheEnd, to_json};
use crate::download::{OutFolder, StoreError, Stored, hash_of_file};
use crate::ledger::{
    Begun, FILE_MISSING, Finish, IndexEntry, Indexed, JobState, Json, LedgerError, Op, OpType,
    Sha256Hex, StoredObject,
};
use crate::outcome::{Outcome, Reason};
use crate::sandbox::Candidate;

/// The note of a work whose bytes another work had brought.
pub(crate) const DEDUPED: &str = "deduped";

impl Program<'_> {
    pub(super) fn finalize_op(&self, streamed: &Streamed) -> Result<Op, Stopped> {
        self.op(OpType::Finalize, json!({ "sha256": streamed.sha256 }))
    }

    pub(super) fn finalize_intent(&self, streamed: &Streamed) -> Json {
        json!({ "sha256": streamed.sha256, "bytes": streamed.bytes, "part": streamed.part }).into()
    }

    /// Stores a streamed file and ends the job.
    pub(super) async fn put_away(
        &mut self,
        found: &Found,
        candidate: &Candidate,
        streamed: Streamed,
    ) -> Result<Ended, Stopped> {
        let finalize = self.finalize_op(&streamed)?;
        // Otherwise it was begun together with the end of STREAM.
        if !std::mem::take(&mut self.is_finalize_begun) {
            let intent = self.finalize_intent(&streamed);
            match self.book.begin(self.lease, &finalize, intent).await {
                Ok(_) | Err(LedgerError::InProgress { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let Some(stored) = self.place(&streamed).await? else {
            return self.bytes_are_gone(found).await;
        };
        self.link_paper(&stored)?;

        let mut result = found.result.clone();
        if streamed.encrypted {
            result.notes.push("encrypted".to_owned());
        }
        result.elapsed_ms = result.elapsed_ms.max(self.elapsed_ms());
        result.sha256 = Some(stored.sha256.clone());
        result.bytes = Some(stored.bytes);
        result.path = Some(stored.path.clone());
        result.finished_at = crate::cli::obtain::timestamp();

        let sha256 = Sha256Hex::parse(&stored.sha256).map_err(LedgerError::from)?;
        let mut urls = vec![candidate.url.to_string()];
        if !urls.contains(&streamed.final_url) {
            urls.push(streamed.final_url.clone());
        }
        let entry = IndexEntry {
            op: self.op(OpType::Index, json!({ "sha256": stored.sha256 }))?,
            finalize: Some((finalize, json!({ "path": stored.path }).into())),
            object: StoredObject {
                sha256,
                path: stored.path.clone(),
                bytes: stored.bytes,
            },
            urls,
            result: to_json(&AtTheEnd { result: &result })?,
        };
        self.announce_end();
        if let Indexed::Duplicate { by, .. } = self.book.index(self.lease, &entry).await? {
            result.notes.push(DEDUPED.to_owned());
            let dedupe = self.op(OpType::Dedupe, json!({ "sha256": stored.sha256 }))?;
            let intent = json!({ "alias": self.lease.work_id, "target": stored.path, "of": by });
            let begun = self.book.begin(self.lease, &dedupe, intent).await?;
            if !matches!(begun, Begun::Replay(_)) {
                self.link_paper(&stored)?;
                let finish = Finish::ok(dedupe, to_json(&AtTheEnd { result: &result })?)
                    .advancing(JobState::Deduped);
                self.book.finish(self.lease, finish).await?;
            }
        }
        self.sweep();
        self.tell_race(&result);
        Ok(Ended {
            result,
            again: None,
            resumed: self.resumed(),
            resumed_at: streamed.resumed_at,
        })
    }

    /// Gives the part file its content's name. What stands under it already is
    /// adopted if it has the right bytes. `None`: neither is there.
    async fn place(&self, streamed: &Streamed) -> Result<Option<Stored>, Stopped> {
        let store = std::sync::Arc::clone(self.store);
        let streamed = streamed.clone();
        let own = format!("{}.", self.part_stem());
        let placed = tokio::task::spawn_blocking(move || {
            let folder = store.folder();
            let part = folder.part_path(&streamed.part);
            // What another lease left may have changed since it was looked through.
            let is_whole = || -> Result<bool, StoreError> {
                if streamed.part.starts_with(&own) {
                    return Ok(part.is_file());
                }
                let found =
                    hash_of_file(&part).map_err(|error| StoreError::io("read", &part, error))?;
                Ok(found.is_some_and(|found| found == streamed.sha256))
            };
            if is_whole()? {
                return folder
                    .keep_part(&part, &streamed.sha256, streamed.bytes)
                    .map(Some);
            }
            let stored = OutFolder::stored_as(&streamed.sha256, streamed.bytes);
            let path = store.root().join(&stored.path);
            match hash_of_file(&path) {
                Ok(Some(found)) if found == streamed.sha256 => Ok(Some(stored)),
                Ok(_) => Ok(None),
                Err(error) => Err(StoreError::io("read", &path, error)),
            }
        });
        match placed.await {
            Ok(placed) => Ok(placed?),
            Err(error) => Err(Stopped::Store(StoreError::record(std::io::Error::other(
                error,
            )))),
        }
    }

    /// The downloaded bytes are nowhere any more (somebody cleaned up): a new
    /// round fetches them again.
    async fn bytes_are_gone(&mut self, found: &Found) -> Result<Ended, Stopped> {
        let mut result = found.result.clone();
        result.outcome = Outcome::Retryable;
        result.reason = Reason::parse(FILE_MISSING).unwrap_or(Reason::Reset);
        match self.fail(result, true, None, Vec::new()).await? {
            Resolved::Over(ended) => Ok(*ended),
            _ => Err(Stopped::LeaseLost),
        }
    }
}
