//! `paperfall jobs retry`: another round for FAILED jobs.

use std::path::Path;

use serde::Serialize;

use super::locate::locate;
use super::open_to_change;
use crate::cli::exit::{Exit, Failed};
use crate::cli::jobs_args::RetryArgs;
use crate::cli::output::outln;
use crate::ledger::{JobId, JobState, Ledger, LedgerReader, Timestamp};
use crate::plan::remedy;

/// What was done.
#[derive(Serialize)]
struct Retried {
    retried: Vec<String>,
    not_failed: Vec<NotFailed>,
}

/// A job that has no need of another round.
#[derive(Serialize)]
struct NotFailed {
    job_id: String,
    work_id: String,
    state: String,
}

/// Gives the named jobs, or all that failed, another round.
pub(super) async fn retry(args: &RetryArgs) -> Result<Exit, Failed> {
    let path = args.ledger.path();
    let done = if args.failed {
        all_failed(&path, &args.reason).await?
    } else {
        named(&path, &args.ids).await?
    };
    if args.json {
        let text = serde_json::to_string(&done).map_err(Failed::machine)?;
        outln!("{text}")?;
    } else {
        tell(&done)?;
    }
    Ok(if done.not_failed.is_empty() {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

fn tell(done: &Retried) -> Result<(), Failed> {
    for job in &done.not_failed {
        outln!(
            "{} ({}) is {}, not FAILED: left as it is",
            paperfall_identifiers::printable(&job.job_id),
            paperfall_identifiers::printable(&job.work_id),
            paperfall_identifiers::printable(&job.state)
        )?;
    }
    match done.retried.as_slice() {
        [] => outln!("no job was FAILED: nothing changed"),
        [job] => outln!(
            "job {} gets another round; `paperfall run` works on it next",
            paperfall_identifiers::printable(job)
        ),
        jobs => outln!(
            "{} jobs get another round; `paperfall run` works on them next",
            jobs.len()
        ),
    }
}

async fn all_failed(path: &Path, reasons: &[String]) -> Result<Retried, Failed> {
    check_reasons(&LedgerReader::open(path)?, reasons)?;
    let ledger = open_to_change(path).await?;
    let retried = ledger.retry_failed(Timestamp::MAX, reasons.to_vec()).await;
    ledger.close().await;
    Ok(Retried {
        retried: retried?.iter().map(JobId::to_string).collect(),
        not_failed: Vec::new(),
    })
}

/// A reason nobody failed for is a misspelt one.
fn check_reasons(reader: &LedgerReader, reasons: &[String]) -> Result<(), Failed> {
    if reasons.is_empty() {
        return Ok(());
    }
    let known = reader.failure_reasons()?;
    let names = || known.iter().map(|(reason, _)| reason.as_str());
    for reason in reasons {
        if !names().any(|name| name == reason) {
            let shown = paperfall_identifiers::printable(reason);
            let advice = if known.is_empty() {
                "no FAILED job has one".to_owned()
            } else {
                remedy(reason, names())
            };
            return Err(Failed::usage(format!(
                "--reason \"{shown}\": no job failed for it; {advice}"
            )));
        }
    }
    Ok(())
}

async fn named(path: &Path, ids: &[String]) -> Result<Retried, Failed> {
    let mut jobs = Vec::new();
    let mut not_failed = Vec::new();
    let reader = LedgerReader::open(path)?;
    // All are found before one is changed.
    for id in ids {
        let job = locate(&reader, id)?;
        if job.state != JobState::Failed.as_str() {
            not_failed.push(NotFailed {
                job_id: job.job_id,
                work_id: job.work_id,
                state: job.state,
            });
        } else {
            let id = job.id();
            if !jobs.iter().any(|(known, _)| *known == id) {
                jobs.push((id, job.job_id));
            }
        }
    }
    drop(reader);
    if jobs.is_empty() {
        return Ok(Retried {
            retried: Vec::new(),
            not_failed,
        });
    }
    let ledger = open_to_change(path).await?;
    let retried = ledger.retry(jobs.iter().map(|(id, _)| *id).collect()).await;
    ledger.close().await;
    let retried = retried?;
    // As they are listed.
    jobs.retain(|(id, _)| retried.contains(id));
    Ok(Retried {
        retried: jobs.into_iter().map(|(_, listed)| listed).collect(),
        not_failed,
    })
}
