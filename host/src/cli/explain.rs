//! A race told to people: every attempt, hop, candidate and verdict.

use std::fmt::Write;

use crate::download::WorkResult;
use crate::fallback::{AttemptRecord, StoryEntry};
use crate::http::Hop;
use crate::outcome::Outcome;
use crate::sandbox::HostCall;

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
                    "{}  {} ms, {} requests ({} of them retries), {} bytes, {} KiB of memory",
                    head(record),
                    record.elapsed_ms,
                    record.requests,
                    record.retries,
                    record.bytes,
                    trace.memory_peak / 1024,
                );
                for call in &trace.calls {
                    write_call(&mut text, call);
                }
                for line in &trace.log {
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
                message.as_ref().map_or(Ok(()), |message| {
                    message
                        .lines()
                        .try_for_each(|line| writeln!(text, "    {line}"))
                })
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
            "{}: {} ({}) after {} attempts in {} ms{}",
            result.work_id,
            result.outcome,
            result.reason,
            result
                .attempts
                .iter()
                .filter(|attempt| attempt.outcome != Outcome::Skipped)
                .count(),
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
        Err((kind, message)) => format!("{kind}: {message}"),
    };
    let _ = writeln!(
        text,
        "    {:<6} {} → {ending} ({} ms)",
        call.what,
        call.url,
        call.elapsed.as_millis()
    );
    for hop in &call.hops {
        write_hop(text, hop);
    }
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
