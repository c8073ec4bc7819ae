//! One work from start to end: race, download, and again from the race when
//! a candidate turns out bad.

use std::collections::BTreeMap;
use std::time::Instant;

use super::setup::App;
use crate::download::{DownloadError, Fetched, Store, StoreError, WorkResult, fetch_pdf};
use crate::fallback::{Loss, Race, StoryEntry, Win};
use crate::intake::Work;
use crate::outcome::Outcome;

/// A work's result and how it came about.
#[derive(Debug)]
pub(crate) struct Obtained {
    pub(crate) result: WorkResult,
    pub(crate) story: Vec<StoryEntry>,
}

/// Obtains one work; without a store it is only resolved. Dropping the future
/// aborts whatever is under way and leaves nothing behind.
pub(crate) async fn obtain(
    app: &App,
    work: Work,
    store: Option<&Store>,
) -> Result<Obtained, StoreError> {
    let started = Instant::now();
    let session = app.http.session_for(work.work_id.as_str());
    let mut race = Race::new(work, &app.roster, app.sandbox.clone(), session.clone());
    let ending = loop {
        let win = match race.next().await {
            Ok(win) => win,
            Err(loss) => break Ending::Lost(loss),
        };
        let Some(store) = store else {
            break Ending::Won(Box::new(win), None);
        };
        let session = session.under(app.roster.download_policy(&win.source));
        match fetch_pdf(&session, &win.candidate, store).await {
            Ok(fetched) => {
                // The paper is stored; that its readable name could not be
                // made is no reason to lose it.
                if let Err(error) = store.link_paper(
                    race.work().work_id.as_str(),
                    &fetched.stored,
                    &uuid::Uuid::new_v4().to_string(),
                ) {
                    tracing::warn!("{error}");
                }
                break Ending::Won(Box::new(win), Some(fetched));
            }
            Err(DownloadError::Candidate {
                outcome,
                reason,
                message,
            }) => race.strike(outcome, &reason, &message),
            Err(DownloadError::Store(error)) => return Err(error),
        }
    };
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let result = match ending {
        Ending::Lost(loss) => lost_result(&race, loss, elapsed_ms),
        Ending::Won(win, fetched) => {
            let mut result = won_result(&race, *win, elapsed_ms);
            if let Some(fetched) = fetched {
                if fetched.encrypted {
                    result.notes.push("encrypted".to_owned());
                }
                result.sha256 = Some(fetched.stored.sha256);
                result.bytes = Some(fetched.stored.bytes);
                result.path = Some(fetched.stored.path);
            }
            result
        }
    };
    Ok(Obtained {
        result,
        story: race.story().to_vec(),
    })
}

enum Ending {
    Won(Box<Win>, Option<Fetched>),
    Lost(Loss),
}

/// The result of a work without a paper.
pub(crate) fn lost_result(race: &Race, loss: Loss, elapsed_ms: u64) -> WorkResult {
    let work = race.work();
    let identifiers: BTreeMap<String, String> = work
        .identifiers
        .iter()
        .map(|(scheme, value)| (scheme.to_owned(), value.to_owned()))
        .collect();
    WorkResult {
        work_id: work.work_id.to_string(),
        artifact_id: work.artifact_id,
        outcome: loss.outcome,
        reason: loss.reason,
        tier: None,
        source: None,
        url: None,
        sha256: None,
        bytes: None,
        version: None,
        license: None,
        path: None,
        elapsed_ms,
        attempts: race.records().to_vec(),
        identifiers,
        notes: Vec::new(),
        finished_at: timestamp(),
    }
}

/// The result of a work whose paper was found; its file is still to come.
pub(crate) fn won_result(race: &Race, win: Win, elapsed_ms: u64) -> WorkResult {
    let won = Loss {
        outcome: Outcome::Success,
        reason: win.candidate.reason,
    };
    WorkResult {
        tier: Some(win.tier),
        source: Some(win.source),
        url: Some(win.candidate.url.to_string()),
        version: win.candidate.version,
        license: win.candidate.license,
        notes: win.candidate.notes,
        ..lost_result(race, won, elapsed_ms)
    }
}

/// Now, RFC 3339 in UTC, to the second.
pub(crate) fn timestamp() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .unwrap_or_else(|_| jiff::Timestamp::now())
        .to_string()
}
