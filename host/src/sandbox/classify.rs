//! What an error of wasmtime's says about the guest: which named way of failing
//! it stands for, in words fit to be printed.

use super::failure::Failure;
use super::trace::escape_controls;
use crate::outcome::Reason;

/// wasmtime's words are cut to so many lines of so many characters.
const WORDS_LINES: usize = 24;
const WORDS_LINE_CHARS: usize = 240;

/// Errors the host raises inside a guest call; they end the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// The guest computed past its deadline.
    #[error("the component computed past its deadline")]
    ComputedPastDeadline,
    /// The deadline passed while the host worked for the guest.
    #[error("the deadline passed while waiting for an answer")]
    DeadlineWhileWaiting,
    /// The guest went on sending requests after its budget was spent.
    #[error("the component kept sending requests after its budget was spent")]
    RequestLimit,
    /// `describe` called an import it must not call.
    #[error("describe() may only use the log")]
    ImportInDescribe,
}

/// wasmtime's words about a component, fit to be printed: a backtrace quotes
/// function names, which are the guest's own.
pub(crate) fn legible(error: &wasmtime::Error) -> String {
    let words = format!("{error:#}");
    let lines = words.lines().take(WORDS_LINES).map(|line| {
        let kept: String = line.chars().take(WORDS_LINE_CHARS).collect();
        escape_controls(&kept)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Names the error a guest call ended with.
pub(crate) fn classify(error: &wasmtime::Error, memory_refused: bool) -> Failure {
    let words = legible(error);
    if let Some(stop) = error.downcast_ref::<Stop>() {
        let reason = match stop {
            Stop::ComputedPastDeadline => Reason::FuelOrEpoch,
            Stop::DeadlineWhileWaiting => Reason::SourceDeadline,
            Stop::RequestLimit => Reason::RequestLimit,
            Stop::ImportInDescribe => Reason::Contract,
        };
        return Failure::host(reason, stop.to_string());
    }
    // A guest whose growth was refused aborts in its own allocator: the trap
    // is `unreachable`, the cause is memory.
    if memory_refused {
        return Failure::host(Reason::MemoryLimit, words);
    }
    if error.is::<wasmtime_wasi::I32Exit>() {
        return Failure::host(
            Reason::Contract,
            "the component called exit instead of returning",
        );
    }
    // wasmtime gives exhausted hostcall fuel no type of its own.
    if error
        .root_cause()
        .to_string()
        .contains("fuel allocated for hostcalls")
    {
        return Failure::host(Reason::OutputLimit, words);
    }
    if error.is::<wasmtime::Trap>() {
        return Failure::host(Reason::Trap, words);
    }
    Failure::host(Reason::Contract, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wasmtimes_words_are_cut_to_24_lines_of_240_characters() {
        let line = format!("\u{1b}{}\n", "x".repeat(1000));
        let words = legible(&wasmtime::Error::msg(line.repeat(1000)));
        let kept = format!("\\u{{1b}}{}", "x".repeat(WORDS_LINE_CHARS - 1));
        assert_eq!(words, vec![kept; WORDS_LINES].join("\n"));
    }

    #[test]
    fn a_component_that_exits_is_told_so() {
        let failure = classify(&wasmtime::Error::new(wasmtime_wasi::I32Exit(0)), false);
        assert_eq!(failure.reason, Reason::Contract);
        assert!(failure.message.contains("called exit"), "{failure:?}");
    }
}
