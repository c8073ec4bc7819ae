//! The flags of the commands that look back: `slo`, `stats`, `report`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};

use super::exit::Failed;
use super::jobs_args::LedgerArgs;
use super::ledger_args::age;
use crate::ledger::Timestamp;
use crate::telemetry::history::{GroupBy, HistoryError};

#[derive(Debug, Args)]
pub(crate) struct SloArgs {
    /// How far back (90m, 12h, 1d, 30d)
    #[arg(long, value_name = "AGE", default_value = "1d", value_parser = window)]
    pub(crate) window: Duration,
    /// Print the levels as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) record: LedgerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Group attempts by
    #[arg(long, value_name = "WHAT", default_value = "source")]
    pub(crate) by: By,
    /// How far back (90m, 12h, 1d, 30d) [default: everything]
    #[arg(long, value_name = "AGE", value_parser = window)]
    pub(crate) window: Option<Duration>,
    /// Print the statistics as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) record: LedgerArgs,
}

/// What attempts are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// The source
    Source,
    /// Its tier
    Tier,
    /// How they ended
    Outcome,
    /// The host that decided them
    Host,
}

impl From<By> for GroupBy {
    fn from(by: By) -> Self {
        match by {
            By::Source => Self::Source,
            By::Tier => Self::Tier,
            By::Outcome => Self::Outcome,
            By::Host => Self::Host,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Write the page to this file (- for standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) html: PathBuf,
    /// How far back (90m, 12h, 1d, 30d) [default: everything]
    #[arg(long, value_name = "AGE", value_parser = window)]
    pub(crate) window: Option<Duration>,
    #[command(flatten)]
    pub(crate) record: LedgerArgs,
}

/// A span that holds something.
fn window(text: &str) -> Result<Duration, String> {
    match age(text)? {
        Duration::ZERO => Err("a window of zero holds nothing; write 1h, 1d or 30d".to_owned()),
        span => Ok(span),
    }
}

/// The wall clock.
pub(super) fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(0).after(since_epoch)
}

/// The beginning of a window that ends at this moment.
pub(super) fn since(now: Timestamp, window: Duration) -> Timestamp {
    let span = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(span))
}

impl From<HistoryError> for Failed {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Ledger(error) => error.into(),
            // As where a ledger is missing that was named.
            HistoryError::Nothing { .. } | HistoryError::Results { .. } => Self::machine(error),
        }
    }
}

/// What the window is called.
pub(super) fn window_text(window: Option<Duration>) -> String {
    let Some(seconds) = window.map(|window| window.as_secs()) else {
        return "everything recorded".to_owned();
    };
    let (number, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "d"),
        s if s % 3_600 == 0 => (s / 3_600, "h"),
        s if s % 60 == 0 => (s / 60, "min"),
        s => (s, "s"),
    };
    format!("the last {number} {unit}")
}

/// The path as it is shown.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_something_and_is_shown_as_it_was_meant() {
        assert!(window("0d").is_err_and(|error| error.contains("a window of zero")));
        assert!(window("soon").is_err());
        assert_eq!(window("90m"), Ok(Duration::from_secs(5400)));
        for (text, words) in [
            ("1d", "the last 1 d"),
            ("36h", "the last 36 h"),
            ("90m", "the last 90 min"),
            ("45s", "the last 45 s"),
        ] {
            assert_eq!(window_text(window(text).ok()), words);
        }
    }
}
