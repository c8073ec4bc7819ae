//! A race told to people: every attempt, hop, candidate and verdict.

use std::borrow::Cow;
use std::fmt::Write;

use super::tally::counted;
use crate::download::WorkResult;
use crate::fallback::{AttemptRecord, StoryEntry};
use crate::http::{BreakerVerdict, Hop};
use crate::outcome::Outcome;
use crate::sandbox::{ADAPTER_SAYS, HostCall};

/// The whole story, indented under its attempts.
pub(crate) fn story(entries: &[StoryEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        // Writing to a String cannot fail.
        let _ = match entry {
            StoryEntry::Skipped(record) => writeln!(text, "{}", head(record)),
            StoryEntry::Attempt {
                record,
                trace,
                message,
                candidates,
            } => {
                let _ = writeln!(
                    text,
                    "{}  {} ms, {} ({} of them retries), {} bytes, {} KiB of memory",
                    head(record),
                    record.elapsed_ms,
                    counted(record.requests, "request"),
                    record.retries,
                    record.bytes,
                    trace.memory_peak / 1024,
                );
                for call in &trace.calls {
                    write_call(&mut text, call);
                }
                // What a call said is not said again by who passes it on.
                let is_told = |message: &str| trace.calls.iter().any(|call| repeats(message, call));
                for line in trace.log.iter().filter(|line| !is_told(&line.message)) {
                    let _ = writeln!(text, "    log    {}: {}", line.level, line.message);
                }
                if trace.log_dropped > 0 {
                    let _ = writeln!(text, "    log    {} bytes dropped", trace.log_dropped);
                }
                for candidate in candidates {
                    let verdict = match &candidate.refused {
                        None => "a PDF".to_owned(),
                        Some(reason) => format!("{reason} ({})", candidate.message),
                    };
                    let _ = writeln!(
                        text,
                        "    candidate {} [{}] → {verdict}",
                        candidate.url, candidate.proposed_as
                    );
                }
                let verdict = format!("{ADAPTER_SAYS} {}", record.reason);
                message
                    .iter()
                    .flat_map(|message| message.lines())
                    .filter(|line| *line != verdict)
                    .try_for_each(|line| writeln!(text, "    {line}"))
            }
            StoryEntry::Dropped {
                tier,
                source,
                trace,
            } => {
                let _ = writeln!(text, "{tier}/{source}: dropped, another source won");
                for call in &trace.calls {
                    write_call(&mut text, call);
                }
                Ok(())
            }
            StoryEntry::Struck {
                url,
                reason,
                message,
            } => writeln!(text, "struck {url}: {reason} ({message})"),
            StoryEntry::Rearmed { tier, source } => {
                writeln!(
                    text,
                    "{tier}/{source}: what it was missing arrived, it gets its turn"
                )
            }
        };
    }
    text
}

/// The end of it in one line.
pub(crate) fn verdict(result: &WorkResult) -> String {
    match (&result.url, &result.source) {
        (Some(url), Some(source)) if result.outcome == Outcome::Success => {
            let version = result
                .version
                .as_deref()
                .map(|version| format!(", {version}"))
                .unwrap_or_default();
            format!(
                "{}: {url} ({source}, {}{version}) in {} ms",
                result.work_id, result.reason, result.elapsed_ms
            )
        }
        _ => format!(
            "{}: {} ({}) after {} in {} ms{}",
            result.work_id,
            result.outcome,
            result.reason,
            counted(
                result
                    .attempts
                    .iter()
                    .filter(|attempt| attempt.outcome != Outcome::Skipped)
                    .count(),
                "attempt"
            ),
            result.elapsed_ms,
            result
                .reason
                .meaning()
                .map(|meaning| format!(". {meaning}"))
                .unwrap_or_default()
        ),
    }
}

fn head(record: &AttemptRecord) -> String {
    format!(
        "{}/{}: {} ({})",
        record.tier, record.source, record.outcome, record.reason
    )
}

/// One request and its hops.
pub(crate) fn write_call(text: &mut String, call: &HostCall) {
    let ending = match &call.result {
        Ok(status) => format!("status {status}"),
        Err((kind, message)) => format!("{kind}: {}", without_url(message, &call.url)),
    };
    let _ = writeln!(
        text,
        "    {:<6} {} → {ending} ({} ms)",
        call.what,
        call.url,
        call.elapsed.as_millis()
    );
    for hop in call.hops.iter().filter(|hop| tells_more(hop, call)) {
        write_hop(text, hop);
    }
}

/// Whether a message says what a failed call said, with its URL before it or
/// without.
fn repeats(message: &str, call: &HostCall) -> bool {
    let Err((_, said)) = &call.result else {
        return false;
    };
    let after_url = message
        .strip_prefix(call.url.as_str())
        .and_then(|rest| rest.strip_prefix(": "));
    message == said || after_url == Some(said.as_str())
}

/// A message about a URL, after that URL.
fn without_url<'a>(message: &'a str, url: &str) -> Cow<'a, str> {
    match message.strip_prefix(url) {
        Some(rest) if rest.starts_with(' ') => Cow::Owned(format!("it{rest}")),
        _ => Cow::Borrowed(message),
    }
}

/// Whether a hop tells more than its call: one that reached nobody and was not
/// held up does not.
fn tells_more(hop: &Hop, call: &HostCall) -> bool {
    let reached = hop.address.is_some() || hop.status.is_some();
    let verdicts = &hop.verdicts;
    let held_up = verdicts.waited.as_millis() > 0
        || verdicts.retries > 0
        || matches!(
            verdicts.breaker,
            BreakerVerdict::HalfOpen | BreakerVerdict::Open
        );
    reached || held_up || !hop.notes.is_empty() || hop.url.as_str() != call.url
}

fn write_hop(text: &mut String, hop: &Hop) {
    let address = hop
        .address
        .map_or_else(|| "no address".to_owned(), |address| address.to_string());
    let status = hop
        .status
        .map_or_else(|| "no status".to_owned(), |status| status.to_string());
    let verdicts = &hop.verdicts;
    let _ = writeln!(
        text,
        "      hop  {} [{}] → {address} → waited {} ms → breaker {} → cache {} → {status}{}, \
         {} bytes, {} ms",
        hop.url,
        hop.rule,
        verdicts.waited.as_millis(),
        verdicts.breaker,
        verdicts.cache,
        match verdicts.retries {
            0 => String::new(),
            retries => format!(" after {retries} retries"),
        },
        hop.bytes,
        hop.elapsed.as_millis()
    );
    for note in &hop.notes {
        let _ = writeln!(text, "           {note}");
    }
}
