//! From what an operator types to the one job it means.

use paperfall_identifiers::{AnyId, printable};

use crate::cli::exit::Failed;
use crate::intake::Work;
use crate::ledger::{JobKey, JobRecord, LedgerReader, MOST_FOUND, SHORTEST_PREFIX};

/// Candidates an ambiguous name is answered with.
const SHOWN: usize = 5;

/// The one job this names: by its id or the beginning of one, by a work id or an
/// artifact id, or by whatever intake reads as a work.
pub(super) fn locate(reader: &LedgerReader, needle: &str) -> Result<JobRecord, Failed> {
    let needle = needle.trim();
    let work = AnyId::parse(needle).ok().map(|id| Work::from_id(&id));
    if let Some(work) = &work {
        // The job that a run plans for it; no need to read all the others.
        let key = JobKey::new(
            work.work_id.as_str(),
            &work.artifact_id,
            &work.canonical_url,
        );
        if let Some(job) = reader.by_key(&key)? {
            return Ok(job);
        }
    }
    let mut found = reader.find(needle)?;
    if let Some(work) = work.filter(|_| found.is_empty()) {
        // Other identifiers of the work may have named the job.
        found = reader.named(&[work.work_id.as_str(), &work.canonical_url])?;
    }
    if found.len() > 1 {
        return Err(ambiguous(needle, &found));
    }
    found.pop().ok_or_else(|| {
        Failed::usage(format!(
            "no job is called \"{}\"; give a job id (or at least {SHORTEST_PREFIX} characters of its beginning), \
             a work id, an artifact id, a DOI, an arXiv id, a PMCID or a URL; `paperfall jobs list` shows what there is",
            printable(needle)
        ))
    })
}

fn ambiguous(needle: &str, found: &[JobRecord]) -> Failed {
    let many = u32::try_from(found.len()).is_ok_and(|found| found > MOST_FOUND);
    let count = if many {
        format!("more than {MOST_FOUND}")
    } else {
        found.len().to_string()
    };
    let mut lines: Vec<String> = found
        .iter()
        .take(SHOWN)
        .map(|job| {
            format!(
                "  {}  {}  {}",
                printable(&job.job_id),
                printable(&job.state),
                printable(&job.artifact_id)
            )
        })
        .collect();
    if found.len() > SHOWN {
        lines.push("  …".to_owned());
    }
    Failed::usage(format!(
        "\"{}\" may be any of {count} jobs; give more of the id, or an artifact id:\n{}",
        printable(needle),
        lines.join("\n")
    ))
}
