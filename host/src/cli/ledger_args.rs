//! The flags of runs on a ledger.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};

use super::exit::Failed;
use super::once::OnLedgerError;
use crate::ledger::{Durability, followed};

/// The file's name in the output folder.
pub(crate) const LEDGER_FILE: &str = "manifest.sqlite3";
/// Leases that are shorter would be lost to a busy machine.
const SHORTEST_LEASE_S: u64 = 3;
/// No wait for a lease or a ledger is longer: a day.
const LONGEST_S: u64 = 86_400;

/// Whether works are planned on a ledger, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Ledger")]
pub(crate) struct LedgerArgs {
    // Before the others: what is parsed loses each flag when it is read.
    #[command(flatten)]
    given: Given,
    /// Plan works on a ledger: runs survive kills, several processes share one list
    /// (also DOCSTOKG_ENABLE_IDEMPOTENCY=true)
    #[arg(long, env = "PAPERFALL_ENABLE_IDEMPOTENCY", value_parser = switch)]
    pub(crate) enable_idempotency: bool,
    /// The ledger [default: manifest.sqlite3 in the output folder]
    #[arg(long, value_name = "FILE", env = "PAPERFALL_LEDGER")]
    pub(crate) ledger: Option<PathBuf>,
    /// How long a lease lasts without being renewed, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120, env = "PAPERFALL_LEASE_TTL", value_parser = clap::value_parser!(u64).range(SHORTEST_LEASE_S..=LONGEST_S))]
    pub(crate) lease_ttl: u64,
    /// When a step counts as done
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "full",
        env = "PAPERFALL_LEDGER_DURABILITY"
    )]
    pub(crate) ledger_durability: Level,
    /// What to do when the ledger itself fails in the middle of a run
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "stop",
        env = "PAPERFALL_ON_LEDGER_ERROR"
    )]
    pub(crate) on_ledger_error: OnLedgerError,
    /// How long a run pauses for a ledger that fails, before it stops, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, env = "PAPERFALL_LEDGER_PATIENCE", value_parser = clap::value_parser!(u64).range(..=LONGEST_S))]
    pub(crate) ledger_patience: u64,
    /// Try works again that had no open copy AGE ago or earlier (30d, 12h, 0s): `run` all
    /// of the ledger, `fetch` those it is given
    #[arg(long, value_name = "AGE", env = "PAPERFALL_RETRY_MISSING", value_parser = age)]
    pub(crate) retry_missing: Option<Duration>,
    /// Stay until works that failed for a passing cause were tried again
    #[arg(long, env = "PAPERFALL_WAIT_FOR_RETRIES", value_parser = switch)]
    pub(crate) wait_for_retries: bool,
}

/// How hard a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// It survives a power loss
    Full,
    /// It survives every crash of a process; a power loss may undo the last steps, in order
    Normal,
}

impl From<Level> for Durability {
    fn from(level: Level) -> Self {
        match level {
            Level::Full => Self::Full,
            Level::Normal => Self::Normal,
        }
    }
}

impl LedgerArgs {
    /// The ledger to run on, if works are planned on one.
    pub(crate) fn file(&self, out: &Path) -> Result<Option<PathBuf>, Failed> {
        let asked = self.enable_idempotency || asked_by_docstokg()?;
        if !asked {
            return match self.given.0.first() {
                Some(flag) => Err(Failed::usage(format!(
                    "--{flag} does nothing without a ledger; add --enable-idempotency, or leave it out"
                ))),
                None => Ok(None),
            };
        }
        let file = self.ledger.clone();
        let file = file.unwrap_or_else(|| out.join(LEDGER_FILE));
        Ok(Some(followed(&file)))
    }

    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.ledger_patience)
    }

    pub(crate) fn ttl(&self) -> Duration {
        Duration::from_secs(self.lease_ttl)
    }
}

/// The flags of this group that mean something on a ledger only, as far as they
/// stand on the command line. One from the environment may be meant for all
/// runs, those without a ledger included.
#[derive(Debug, Clone, Default)]
struct Given(Vec<String>);

const ON_A_LEDGER_ONLY: [&str; 7] = [
    "ledger",
    "lease_ttl",
    "ledger_durability",
    "on_ledger_error",
    "ledger_patience",
    "retry_missing",
    "wait_for_retries",
];

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let given = ON_A_LEDGER_ONLY.into_iter().filter(is_given);
        Ok(Self(given.map(|id| id.replace('_', "-")).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// It has no flags of its own: it looks at the others.
impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

/// DocsToKG's own switch.
fn asked_by_docstokg() -> Result<bool, Failed> {
    const NAME: &str = "DOCSTOKG_ENABLE_IDEMPOTENCY";
    let Some(value) = std::env::var_os(NAME) else {
        return Ok(false);
    };
    let value = value.to_string_lossy();
    switch(&value).map_err(|said| Failed::usage(format!("{NAME}: {said}")))
}

/// A yes or a no in the environment; a variable that is set to nothing is a no.
fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" | "" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

/// A span such as `30d`, `12h`, `5m`, `0s`.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let refuse =
        || format!("{text:?} is no age; write a whole number and s, m, h or d, such as 30d");
    let text_only = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds: u64 = match text.get(text_only.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        Some("d") => 86_400,
        _ => return Err(refuse()),
    };
    if text_only.is_empty() || !text_only.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse());
    }
    let number: u64 = text_only.parse().map_err(|_| refuse())?;
    number
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_a_yes_or_a_no_in_any_spelling() {
        for yes in ["true", "1", "yes", "on", " TRUE "] {
            assert_eq!(switch(yes), Ok(true), "{yes}");
        }
        for no in ["false", "0", "no", "off", ""] {
            assert_eq!(switch(no), Ok(false), "{no}");
        }
        assert!(switch("maybe").is_err_and(|said| said.contains("neither true nor false")));
    }

    #[test]
    fn an_age_is_a_whole_number_and_a_unit() {
        assert_eq!(age("0s"), Ok(Duration::ZERO));
        assert_eq!(age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(age("12h"), Ok(Duration::from_secs(12 * 3600)));
        assert_eq!(age("5m"), Ok(Duration::from_secs(300)));
        for bad in [
            "",
            "d",
            "30",
            "-1d",
            "+1d",
            "1.5h",
            "1w",
            "1 d",
            "99999999999999999999d",
        ] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }
}
