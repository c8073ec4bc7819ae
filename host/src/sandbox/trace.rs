//! What an attempt did, kept even when the attempt is cut off.

use std::time::Duration;

use crate::http::{Hop, HttpErrorKind};

/// A line of a guest's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// `debug`, `info`, `warn`, `stdout` or `stderr`.
    pub level: &'static str,
    /// The text, control characters escaped.
    pub message: String,
}

/// One request of an attempt, the guest's own or the host's probe.
#[derive(Debug, Clone)]
pub struct HostCall {
    /// `GET`, `HEAD` or `PROBE`.
    pub what: &'static str,
    /// The URL asked for, secrets redacted.
    pub url: String,
    /// Every hop that was made.
    pub hops: Vec<Hop>,
    /// The final status, or why there is none.
    pub result: Result<u16, (HttpErrorKind, String)>,
    /// From the call to its answer.
    pub elapsed: Duration,
}

/// Something of a guest's answer that the host did not take; it stands in the
/// log too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// A value that is not what it should be.
    Malformed(String),
    /// More of something than is considered.
    TooMany(String),
}

/// Everything an attempt left behind.
#[derive(Debug, Clone, Default)]
pub struct AttemptTrace {
    /// Requests in the order they ended.
    pub calls: Vec<HostCall>,
    /// The guest's log, at most 64 KiB.
    pub log: Vec<LogLine>,
    /// Bytes of log dropped over that.
    pub log_dropped: usize,
    /// Bytes of log kept so far.
    log_bytes: usize,
    /// What of the guest's answer the host did not take.
    pub objections: Vec<Objection>,
    /// Most linear memory held at once, in bytes.
    pub memory_peak: usize,
    /// Time the component itself computed, starting up included.
    pub wasm_time: Duration,
    /// Time it waited for the host: for answers, and for its turn.
    pub host_wait: Duration,
}

impl AttemptTrace {
    /// Notes what is not taken of the guest's answer. As many objections as an
    /// answer has values that are looked at can come together, no more.
    pub(crate) fn object(&mut self, objection: Objection) {
        let (Objection::Malformed(message) | Objection::TooMany(message)) = &objection;
        self.push_log("warn", message);
        self.objections.push(objection);
    }

    /// Adds a line while there is room.
    pub(crate) fn push_log(&mut self, level: &'static str, message: &str) {
        let room = super::limits::LOG_BYTES.saturating_sub(self.log_bytes);
        let mut kept = message;
        if message.len() > room {
            let end = (0..=room)
                .rev()
                .find(|&end| message.is_char_boundary(end))
                .unwrap_or(0);
            kept = message.get(..end).unwrap_or_default();
            self.log_dropped = self.log_dropped.saturating_add(message.len() - kept.len());
        }
        if kept.is_empty() {
            return;
        }
        // An empty or tiny line costs its bookkeeping too.
        self.log_bytes = self
            .log_bytes
            .saturating_add(kept.len().max(size_of::<LogLine>()));
        self.log.push(LogLine {
            level,
            message: escape_controls(kept),
        });
    }
}

/// Makes text harmless for terminals and line-based files.
pub(crate) fn escape_controls(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let plain = !c.is_control() && !is_bidi_control(c);
            let escaped = (!plain).then(|| c.escape_unicode());
            escaped.into_iter().flatten().chain(plain.then_some(c))
        })
        .collect()
}

/// Characters that reorder what a terminal shows.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_log_is_cut_at_the_limit_and_counted() {
        let mut trace = AttemptTrace::default();
        for _ in 0..100 {
            trace.push_log("info", &"x".repeat(10_000));
        }
        let kept: usize = trace.log.iter().map(|line| line.message.len()).sum();
        assert_eq!(kept, super::super::limits::LOG_BYTES);
        assert_eq!(trace.log_dropped, 1_000_000 - kept);
    }

    #[test]
    fn a_line_cut_within_a_character_ends_before_it() {
        let limit = super::super::limits::LOG_BYTES;
        let mut trace = AttemptTrace::default();
        // Three bytes each; the limit falls into the last one that begins.
        let line = "€".repeat(limit / 3 + 1);
        assert_ne!(limit % 3, 0);
        trace.push_log("info", &line);
        let kept: Vec<&str> = trace.log.iter().map(|l| l.message.as_str()).collect();
        assert_eq!(kept, ["€".repeat(limit / 3)]);
        assert_eq!(trace.log_dropped, 3);
    }

    #[test]
    fn empty_lines_do_not_grow_the_log_for_ever() {
        let mut trace = AttemptTrace::default();
        for _ in 0..1_000_000 {
            trace.push_log("info", "");
            trace.push_log("info", "x");
        }
        assert!(trace.log.len() <= super::super::limits::LOG_BYTES / size_of::<LogLine>() + 1);
    }

    #[test]
    fn terminal_escapes_and_direction_marks_are_made_visible() {
        assert_eq!(
            escape_controls("a\u{1b}[2Jb\u{202E}"),
            "a\\u{1b}[2Jb\\u{202e}"
        );
    }
}
