//! One work from start to end: race, download, and again from the race when
//! a candidate turns out bad.

use std::collections::BTreeMap;
use std::time::Instant;

use super::setup::App;
use crate::download::{DownloadError, Fetched, Store, StoreError, WorkResult, fetch_pdf};
use crate::fallback::{Loss, Race, StoryEntry, Win};
use crate::intake::Work;
use crate::outcome::{Outcome, Reason};

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
    let session = app.http.session();
    let mut race = Race::new(work, &app.roster, app.sandbox.clone(), session.clone());
    let ending = loop {
        let win = match race.next().await {
            Ok(win) => win,
            Err(loss) => break Ending::Lost(loss),
        };
        let Some(store) = store else {
            break Ending::Won(Box::new(win), None);
        };
        match fetch_pdf(&session, &win.candidate, store).await {
            Ok(fetched) => {
                // The paper is stored; that its readable name could not be
                // made is no reason to lose it.
                if let Err(error) = store.link_paper(race.work().work_id.as_str(), &fetched.stored)
                {
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
    Ok(Obtained {
        result: result(&race, ending, started),
        story: race.story().to_vec(),
    })
}

enum Ending {
    Won(Box<Win>, Option<Fetched>),
    Lost(Loss),
}

fn result(race: &Race, ending: Ending, started: Instant) -> WorkResult {
    let work = race.work();
    let identifiers: BTreeMap<String, String> = work
        .identifiers
        .iter()
        .map(|(scheme, value)| (scheme.to_owned(), value.to_owned()))
        .collect();
    let mut result = WorkResult {
        work_id: work.work_id.to_string(),
        artifact_id: work.artifact_id.clone(),
        outcome: Outcome::NoPdf,
        reason: Reason::Exhausted,
        tier: None,
        source: None,
        url: None,
        sha256: None,
        bytes: None,
        version: None,
        license: None,
        path: None,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        attempts: race.records().to_vec(),
        identifiers,
        notes: Vec::new(),
        finished_at: timestamp(),
    };
    match ending {
        Ending::Lost(loss) => {
            result.outcome = loss.outcome;
            result.reason = loss.reason;
        }
        Ending::Won(win, fetched) => {
            result.outcome = Outcome::Success;
            result.reason = win.candidate.reason;
            result.tier = Some(win.tier);
            result.source = Some(win.source);
            result.url = Some(win.candidate.url.to_string());
            result.version = win.candidate.version;
            result.license = win.candidate.license;
            result.notes = win.candidate.notes;
            if let Some(fetched) = fetched {
                if fetched.encrypted {
                    result.notes.push("encrypted".to_owned());
                }
                result.sha256 = Some(fetched.stored.sha256);
                result.bytes = Some(fetched.stored.bytes);
                result.path = Some(fetched.stored.path);
            }
        }
    }
    result
}

/// Now, RFC 3339 in UTC, to the second.
fn timestamp() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .unwrap_or_else(|_| jiff::Timestamp::now())
        .to_string()
}
