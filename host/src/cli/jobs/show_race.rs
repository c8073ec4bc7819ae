//! The race in a job's story: who was asked under which rule, each hop, and the
//! verdict. Made of the RESOLUTION and FALLBACK effects that the ledger keeps.

use std::collections::BTreeMap;

use paperfall_identifiers::visible;
use serde_json::Value;

use crate::cli::attempted::{Attempted, HopMade};
use crate::cli::tally::{counted, human_bytes};
use crate::fallback::AttemptRecord;
use crate::ledger::{JobStory, OpRecord, OpType};

/// Rounds that are told in full; of earlier ones only how they ended.
const ROUNDS: usize = 2;

/// What the race of one round left.
#[derive(Default)]
struct Round<'s> {
    plan: Option<&'s str>,
    /// By their place in the race.
    attempts: BTreeMap<u64, Attempted>,
    /// The last result that a RESOLUTION, or the file's end, came to.
    result: Option<&'s Value>,
}

/// The races of a job, round by round; nothing when it was never looked for.
pub(super) fn tell(story: &JobStory) -> String {
    let rounds = rounds(story);
    let first_told = rounds.len().saturating_sub(ROUNDS);
    let mut text = String::new();
    for (place, (number, round)) in rounds.iter().enumerate() {
        let plan: String = round.plan.unwrap_or("unknown").chars().take(16).collect();
        text.push_str(&format!(
            "\nround {}, by plan {}\n",
            number.saturating_add(1),
            visible(&plan)
        ));
        if place < first_told {
            text.push_str(&format!(
                "  {} attempts and skips (--json has them)\n",
                round.attempts.len()
            ));
        } else {
            for attempt in round.attempts.values() {
                tell_attempt(&mut text, attempt);
            }
        }
        text.push_str(&format!("  verdict: {}\n", verdict(round.result)));
    }
    text
}

/// Whether an effect is told by [`tell`], so that its row need not tell it again.
pub(super) fn is_told(op: &OpRecord) -> bool {
    match OpType::parse(&op.op_type) {
        Some(OpType::Fallback) => attempted(op).is_some(),
        Some(OpType::Resolution | OpType::Index) => result(op).is_some(),
        _ => false,
    }
}

fn rounds(story: &JobStory) -> BTreeMap<u64, Round<'_>> {
    let mut rounds: BTreeMap<u64, Round<'_>> = BTreeMap::new();
    for op in &story.ops {
        let context = |key: &str| op.context.as_ref().and_then(|context| context.get(key));
        let kind = OpType::parse(&op.op_type);
        let Some(number) = context("round").and_then(Value::as_u64) else {
            continue;
        };
        match kind {
            Some(OpType::Resolution) => {
                let round = rounds.entry(number).or_default();
                let plan = op.intent.as_ref().and_then(|intent| intent.get("plan"));
                round.plan = plan.and_then(Value::as_str).or(round.plan);
                if let Some(result) = result(op) {
                    for (place, record) in (0..).zip(records(result)) {
                        let bare = Attempted {
                            record,
                            rule: None,
                            hops: Vec::new(),
                            more_hops: 0,
                        };
                        round.attempts.entry(place).or_insert(bare);
                    }
                    round.result = Some(result);
                }
            }
            Some(OpType::Fallback) => {
                if let (Some(place), Some(attempt)) =
                    (context("attempt").and_then(Value::as_u64), attempted(op))
                {
                    let round = rounds.entry(number).or_default();
                    round.attempts.insert(place, attempt);
                }
            }
            Some(OpType::Index | OpType::Dedupe) => {
                if let Some(result) = result(op) {
                    rounds.entry(number).or_default().result = Some(result);
                }
            }
            _ => {}
        }
    }
    rounds.retain(|_, round| round.plan.is_some() || !round.attempts.is_empty());
    rounds
}

fn attempted(op: &OpRecord) -> Option<Attempted> {
    serde_json::from_value(op.result.clone()?).ok()
}

/// The work's result within an effect's.
fn result(op: &OpRecord) -> Option<&Value> {
    let result = op.result.as_ref()?.get("result")?;
    result.get("outcome").is_some().then_some(result)
}

fn records(result: &Value) -> Vec<AttemptRecord> {
    let attempts = result.get("attempts").and_then(Value::as_array);
    let attempts = attempts.map(Vec::as_slice).unwrap_or_default();
    attempts
        .iter()
        .filter_map(|attempt| serde_json::from_value(attempt.clone()).ok())
        .collect()
}

fn tell_attempt(text: &mut String, attempt: &Attempted) {
    let record = &attempt.record;
    text.push_str(&format!(
        "  {}/{}: {} {}",
        visible(&record.tier),
        visible(&record.source),
        record.outcome,
        visible(&record.reason.to_string())
    ));
    if record.counts() {
        text.push_str(&format!(
            " ({}, {} repeated, {}, {} ms)",
            counted(record.requests, "request"),
            record.retries,
            human_bytes(record.bytes),
            record.elapsed_ms
        ));
    }
    text.push('\n');
    if let Some(rule) = &attempt.rule {
        text.push_str(&format!(
            "    rule  {} at once in its tier, {} ms, {} retries, robots.txt {}\n",
            rule.parallel,
            rule.timeout_ms,
            rule.retries_max,
            if rule.robots_respect {
                "respected"
            } else {
                "not asked"
            }
        ));
    }
    for hop in &attempt.hops {
        tell_hop(text, hop);
    }
    if attempt.more_hops > 0 {
        text.push_str(&format!(
            "    and {} more\n",
            counted(attempt.more_hops, "hop")
        ));
    }
    if let (true, Some(url)) = (attempt.hops.is_empty(), &record.url) {
        let status = record.status.map(|status| format!(" → {status}"));
        text.push_str(&format!(
            "    {}{}\n",
            visible(url),
            status.unwrap_or_default()
        ));
    }
}

fn tell_hop(text: &mut String, hop: &HopMade) {
    let ending = match (hop.status, &hop.failed) {
        (Some(status), None) => status.to_string(),
        (Some(status), Some(failed)) => format!("{status}, {}", visible(failed)),
        (None, Some(failed)) => visible(failed),
        (None, None) => "no answer".to_owned(),
    };
    let mut notes = Vec::new();
    if let Some(grant) = &hop.grant {
        notes.push(format!("granted by {}", visible(grant)));
    }
    if let Some(cache) = &hop.cache {
        notes.push(format!("cache {}", visible(cache)));
    }
    if hop.waited_ms > 0 {
        notes.push(format!("waited {} ms", hop.waited_ms));
    }
    notes.push(format!("{} ms", hop.elapsed_ms));
    text.push_str(&format!(
        "    {:<5} {} → {ending} ({})\n",
        visible(&hop.what),
        visible(&hop.url),
        notes.join(", ")
    ));
}

fn verdict(result: Option<&Value>) -> String {
    let Some(result) = result else {
        return "none yet".to_owned();
    };
    let said = |key: &str| result.get(key).and_then(Value::as_str).map(visible);
    let or_dash = |key: &str| said(key).unwrap_or_else(|| "-".to_owned());
    let mut text = format!("{} {}", or_dash("outcome"), or_dash("reason"));
    if let (Some(tier), Some(source)) = (said("tier"), said("source")) {
        text.push_str(&format!(" by {tier}/{source}"));
    }
    if let Some(url) = said("url") {
        text.push_str(&format!(", {url}"));
    }
    for key in ["version", "license"] {
        if let Some(value) = said(key) {
            text.push_str(&format!(", {value}"));
        }
    }
    text
}
