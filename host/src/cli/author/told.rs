//! A trial told to people.

use std::fmt::Write;
use std::time::Duration;

use super::super::explain::write_call;
use super::super::tally::{counted, human_bytes};
use crate::testing::{Receipt, Trial};

/// Everything about one work.
pub(super) fn trial(trial: &Trial) -> String {
    let mut text = String::new();
    let url = trial.url.as_deref().filter(|_| trial.won());
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}: {} ({}){}{}",
        trial.work_id,
        trial.outcome,
        trial.reason,
        if url.is_some() { " " } else { "" },
        url.unwrap_or_default()
    );
    if let Some(findings) = &trial.findings {
        for candidate in &findings.candidates {
            let proposed = candidate.url.to_string();
            let verdict = trial.candidates.iter().find(|seen| seen.url == proposed);
            let verdict = match verdict.map(|seen| (&seen.refused, &seen.message)) {
                None => "not looked at".to_owned(),
                Some((None, _)) => "a PDF".to_owned(),
                Some((Some(reason), message)) => format!("{reason} ({message})"),
            };
            let mut about = vec![candidate.reason.to_string()];
            about.extend(candidate.version.clone());
            about.extend(candidate.license.clone());
            about.extend(candidate.checksum.as_ref().map(ToString::to_string));
            about.extend(candidate.notes.clone());
            let _ = writeln!(
                text,
                "    candidate {proposed} [{}] → {verdict}",
                about.join(", ")
            );
        }
        for url in &findings.landing_urls {
            let _ = writeln!(text, "    landing page {url}");
        }
        for identifier in &findings.identifiers {
            let _ = writeln!(
                text,
                "    identifier {}: {}",
                identifier.scheme, identifier.value
            );
        }
    }
    for call in &trial.calls {
        write_call(&mut text, call);
    }
    for line in &trial.log {
        let _ = writeln!(text, "    log    {}: {}", line.level, line.message);
    }
    if trial.log_dropped > 0 {
        let _ = writeln!(text, "    log    {} bytes dropped", trial.log_dropped);
    }
    for line in trial.message.iter().flat_map(|message| message.lines()) {
        let _ = writeln!(text, "    {line}");
    }
    let _ = writeln!(text, "    receipt: {}", receipt(&trial.receipt));
    text
}

/// What it cost, in one line.
fn receipt(receipt: &Receipt) -> String {
    format!(
        "{} of memory; {} of wasm against {} of host wait, {} in all; {} \
         ({} of them retries), {} received",
        human_bytes(receipt.memory_peak_bytes),
        millis(receipt.wasm_time),
        millis(receipt.host_wait),
        millis(receipt.elapsed),
        counted(receipt.requests, "request"),
        receipt.retries,
        human_bytes(receipt.bytes)
    )
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
