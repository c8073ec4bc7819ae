//! `paperfall jobs show`: the whole story of one job on one page: what it is, the
//! race with its rules and hops, the ledger's rows, the file, the events.

use std::path::Path;

use paperfall_identifiers::visible;
use serde::Serialize;

use super::locate::locate;
use super::{show_events, show_race, words};
use crate::cli::exit::{Exit, Failed};
use crate::cli::jobs_args::ShowArgs;
use crate::cli::output::{out, outln};
use crate::cli::table;
use crate::cli::tally::{counted, human_bytes};
use crate::ledger::{JobRecord, JobStory, LedgerReader, Liveness, OpRecord, Sha256Hex, ToldEvent};

/// A story with what only this machine can say.
#[derive(Serialize)]
struct Shown<'s> {
    #[serde(flatten)]
    story: &'s JobStory,
    /// Whether the process that holds the lease is alive.
    lease_holder: Option<Liveness>,
    /// The stored file, if there should be one.
    file: Option<Stored>,
    /// What was told of it; null where no events are kept.
    events: Option<Vec<ToldEvent>>,
}

/// The job's file as it is found now.
#[derive(Serialize)]
struct Stored {
    /// Within the output folder.
    path: String,
    /// Its size; null when it is not there.
    bytes: Option<u64>,
}

impl Stored {
    /// The file with this hash; none if that is no hash.
    fn look(folder: &Path, sha256: &str) -> Option<Self> {
        let name = Sha256Hex::parse(sha256).ok()?.to_string();
        let path = format!("objects/{}/{name}.pdf", name.get(..2)?);
        let found = folder.join(&path).metadata().ok();
        Some(Self {
            path,
            bytes: found
                .filter(std::fs::Metadata::is_file)
                .map(|file| file.len()),
        })
    }

    fn told(&self) -> String {
        match self.bytes {
            Some(bytes) => format!("{} ({})", self.path, human_bytes(bytes)),
            None => format!(
                "{} (not there; see --out, or jobs reconcile --deep)",
                self.path
            ),
        }
    }
}

/// Tells the story of the job that was named.
pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failed> {
    let reader = LedgerReader::open(&args.ledger.path())?;
    let job = locate(&reader, &args.id)?;
    let story = reader
        .story(&job)?
        .ok_or_else(|| Failed::usage(format!("job {} was removed just now", job.job_id)))?;
    let sha256 = story.job.sha256.as_deref();
    let shown = Shown {
        lease_holder: reader.holder(&story.job),
        file: sha256.and_then(|sha256| Stored::look(&args.ledger.folder(), sha256)),
        events: reader.told_of(&story.job),
        story: &story,
    };
    if args.json {
        let text = serde_json::to_string_pretty(&shown).map_err(Failed::machine)?;
        outln!("{text}")?;
    } else {
        out(&tell(&shown))?;
    }
    Ok(Exit::Complete)
}

fn tell(shown: &Shown<'_>) -> String {
    let story = shown.story;
    let job = &story.job;
    let now = words::now();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    row("job", visible(&job.job_id));
    row("work", visible(&job.work_id));
    row("artifact", visible(&job.artifact_id));
    row("page", visible(&job.canonical_url));
    row("state", visible(&job.state));
    if let Some(owner) = &job.lease_owner {
        row("held by", held(job, owner, shown.lease_holder, now));
    }
    let due = words::due(job, now);
    if job.lease_owner.is_none() && due != "-" {
        row("due", due);
    }
    if let (Some(attempts), Some(failures)) = (job.attempts, job.failures) {
        let round = job.round.unwrap_or(0).saturating_add(1);
        row(
            "round",
            format!(
                "{round} ({}, {} since it was planned or retried)",
                counted(attempts, "lease"),
                counted(failures, "failure")
            ),
        );
    }
    if let Some(reason) = &job.failure_reason {
        let word = if job.state == "FAILED" {
            "failed"
        } else {
            "failed last"
        };
        row(word, visible(reason));
    }
    if let Some(file) = &shown.file {
        row("file", file.told());
    } else if let Some(sha256) = &job.sha256 {
        row("file", format!("sha256 {}", visible(sha256)));
    }
    row("planned", words::time(Some(job.created_at)));
    row("updated", words::time(Some(job.updated_at)));
    if job.finished_at.is_some() {
        row("finished", words::time(job.finished_at));
    }
    if let Some(fence) = job.fence.filter(|fence| *fence != 0) {
        row("fence", fence.to_string());
    }
    row("key", visible(&job.idempotency_key));
    let mut text = table::render(&rows);
    if let Some(payload) = &story.payload {
        push_json(&mut text, "", "payload", payload);
    }
    text.push_str(&show_race::tell(story));
    text.push_str(match story.ops.len() {
        0 => "\nno effects yet\n",
        _ => "\neffects, as the ledger has them\n",
    });
    for (number, op) in story.ops.iter().enumerate() {
        tell_op(&mut text, number.saturating_add(1), op);
    }
    text.push_str(&show_events::tell(shown.events.as_deref()));
    text
}

/// Who holds the job, and for how long.
fn held(job: &JobRecord, owner: &str, holder: Option<Liveness>, now: f64) -> String {
    let lease = match job.lease_until {
        Some(until) if until > now => format!("lease ends in {}", words::span(until - now)),
        Some(until) => format!("lease ended {} ago", words::span(now - until)),
        None => "no lease".to_owned(),
    };
    let life = match holder {
        Some(Liveness::Alive) => "its process is alive",
        Some(Liveness::Gone) => "its process is gone: the next worker takes the job over",
        _ => "whether its process is alive cannot be told from here",
    };
    format!("{} ({lease}; {life})", visible(owner))
}

fn tell_op(text: &mut String, number: usize, op: &OpRecord) {
    let ending = op.result_code.as_deref().unwrap_or("not finished");
    let took = match (op.started_at, op.finished_at) {
        (Some(started), Some(finished)) => format!(", took {}", words::span(finished - started)),
        _ => String::new(),
    };
    let tries = match op.tries {
        Some(tries) if tries > 1 => format!(", {tries} tries"),
        _ => String::new(),
    };
    text.push_str(&format!(
        "{number}. {}: {} (began {}{took}{tries})\n",
        visible(&op.op_type),
        visible(ending),
        words::time(op.started_at),
    ));
    for (name, value) in [
        ("context", &op.context),
        ("intent", &op.intent),
        ("result", &op.result),
    ] {
        if name == "result" && show_race::is_told(op) {
            continue;
        }
        if let Some(value) = value.as_ref().filter(|value| !is_empty(value)) {
            push_json(text, "   ", name, value);
        }
    }
}

fn is_empty(value: &serde_json::Value) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn push_json(text: &mut String, indent: &str, name: &str, value: &serde_json::Value) {
    for (line_number, line) in words::json(value).iter().enumerate() {
        let label = if line_number == 0 { name } else { "" };
        text.push_str(&format!("{indent}{label:<8} {line}\n"));
    }
}
