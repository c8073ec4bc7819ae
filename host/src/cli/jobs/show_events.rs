//! The events in a job's story: what each process told of it, in order.

use paperfall_identifiers::visible;
use serde_json::Value;

use super::words;
use crate::cli::tally::counted;
use crate::ledger::ToldEvent;

/// Events that are shown; `--json` has all of them.
const SHOWN: usize = 40;
/// Characters of one event's fields that are shown.
const WIDTH: usize = 120;
/// Fields that the story has told already, or that only programs read.
const LEFT_OUT: [&str; 6] = [
    "op_key",
    "job_id",
    "work_id",
    "artifact_id",
    "idempotency_key",
    "url",
];

/// The events of a job; nothing where none are kept.
pub(super) fn tell(events: Option<&[ToldEvent]>) -> String {
    let Some(events) = events else {
        return "\nno events: the ledger has no table of them\n".to_owned();
    };
    let mut runs: Vec<&str> = events.iter().map(|event| event.run_id.as_str()).collect();
    runs.sort_unstable();
    runs.dedup();
    let mut text = format!(
        "\n{} of {}\n",
        counted(events.len(), "event"),
        counted(runs.len(), "process")
    );
    let mut run = "";
    for event in events.iter().take(SHOWN) {
        if runs.len() > 1 && event.run_id != run {
            run = &event.run_id;
            text.push_str(&format!("  run {}\n", visible(run)));
        }
        text.push_str(&format!(
            "  {}  {:<20}  {}\n",
            words::time(Some(event.ts)),
            visible(&event.event),
            fields(event.fields.as_ref())
        ));
    }
    if events.len() > SHOWN {
        text.push_str(&format!(
            "  … and {} more (--json has them)\n",
            events.len() - SHOWN
        ));
    }
    text
}

fn fields(fields: Option<&Value>) -> String {
    let Some(fields) = fields.and_then(Value::as_object) else {
        return String::new();
    };
    let told: Vec<String> = fields
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name} {text}"),
            other => format!("{name} {other}"),
        })
        .collect();
    let told = told.join(", ");
    match told.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", visible(told.get(..end).unwrap_or_default())),
        None => visible(&told),
    }
}
