//! What people see while works are obtained: a bar on a terminal, a line a
//! work when piped. It goes to standard error; results go to standard output.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use paperfall_identifiers::visible;

use super::output::{keep_below, note};
use super::tally::human_bytes;
use crate::download::WorkResult;
use crate::outcome::Outcome;

/// Progress over a list of works.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    piped: bool,
    /// Whether the bar was shown.
    shown: AtomicBool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let piped = !std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(0),
            if piped {
                ProgressDrawTarget::hidden()
            } else {
                ProgressDrawTarget::stderr()
            },
        );
        if let Ok(style) = ProgressStyle::with_template(
            "{bar:30} {pos}/{len} works  {elapsed_precise}  {wide_msg}",
        ) {
            bar.set_style(style);
        }
        Self {
            bar,
            piped,
            shown: AtomicBool::new(false),
        }
    }

    /// More works are known of. The first of them has the bar shown: one of
    /// nothing tells nothing.
    pub(crate) fn expect(&self, works: u64) {
        self.bar.inc_length(works);
        if !self.piped && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.enable_steady_tick(Duration::from_millis(250));
            keep_below(Some(self.bar.clone()));
        }
    }

    /// A work ended; `paper` is where it is, for those who asked for this very
    /// work.
    pub(crate) fn ended(&self, result: &WorkResult, paper: Option<&Path>) {
        let mut line = line(result);
        if let Some(paper) = paper {
            line.push_str(&format!(" → {}", visible(&paper.to_string_lossy())));
        }
        if self.piped {
            note(&line);
        } else {
            self.bar.inc(1);
            if result.outcome == Outcome::Success && paper.is_none() {
                self.bar.set_message(result.work_id.clone());
            } else {
                self.bar.println(line);
            }
        }
    }

    /// A line for people, above the bar.
    pub(crate) fn say(&self, line: &str) {
        note(line);
    }

    pub(crate) fn finish(&self) {
        keep_below(None);
        self.bar.finish_and_clear();
    }
}

/// One work in one line.
fn line(result: &WorkResult) -> String {
    let seconds = Duration::from_millis(result.elapsed_ms).as_secs_f64();
    let source = result.source.as_deref().unwrap_or("-");
    let size = result.bytes.map(human_bytes).unwrap_or_default();
    format!(
        "{:<9} {} {source} {} {size}{}{seconds:.1} s",
        result.outcome.as_str(),
        result.work_id,
        result.reason,
        if size.is_empty() { "" } else { " " },
    )
}

/// Shown while adapters are loaded; nothing when piped.
pub(crate) fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Shown while services are asked, which may take minutes; nothing when piped.
/// Whatever is said meanwhile stands above it. It goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(ProgressBar);

impl Waiting {
    pub(crate) fn new() -> Self {
        let bar = spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        keep_below(Some(bar.clone()));
        Self(bar)
    }

    /// What is waited for now.
    pub(crate) fn say(&self, what: &str) {
        self.0.set_message(paperfall_identifiers::visible(what));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        keep_below(None);
        self.0.finish_and_clear();
    }
}
