//! The flags of `paperfall jobs`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};

use crate::ledger::{JobState, followed};

/// The output folder of those who name none.
const DEFAULT_OUT: &str = "paperfall-out";
/// The file in an output folder that holds its ledger.
pub(crate) const LEDGER_NAME: &str = "manifest.sqlite3";

#[derive(Debug, Args)]
#[command(
    after_help = "Any ledger will do, one that DocsToKG wrote included: list, show and export only \
    read it; retry and reconcile bring it to the present schema first and leave a copy of the \
    file beside it.\n\nExamples:\n  \
    paperfall jobs list --state FAILED --limit 20\n  \
    paperfall jobs show 10.7717/peerj.4375\n  \
    paperfall jobs retry --failed --reason rate_limited\n  \
    paperfall jobs export --ledger old/manifest.sqlite3 | jq -r '.work_id + \" \" + .state'"
)]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    pub(crate) command: JobsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List the jobs, oldest first
    #[command(
        after_help = "Examples:\n  paperfall jobs list --state FAILED,PLANNED\n  \
        paperfall jobs list --json --out my-papers | jq -r .work_id"
    )]
    List(ListArgs),
    /// Tell the whole story of a job
    #[command(after_help = "Examples:\n  paperfall jobs show 17ed6c55\n  \
        paperfall jobs show arXiv:2101.00001 --json")]
    Show(ShowArgs),
    /// Give FAILED jobs another round, with all their tries
    #[command(
        after_help = "Examples:\n  paperfall jobs retry 17ed6c55 10.7717/peerj.4375\n  \
        paperfall jobs retry --failed\n  \
        paperfall jobs retry --failed --reason rate_limited --reason http_5xx\n\n\
        Exit codes: 0 done, 1 a named job was not FAILED and is left as it is, \
        2 an unknown name or reason, 3 the machine's side failed."
    )]
    Retry(RetryArgs),
    /// Put right what crashes left: leases, half-done effects, part files, lost papers
    #[command(
        after_help = "It may run beside others: what a live worker holds is not touched.\n\n\
        Examples:\n  paperfall jobs reconcile\n  paperfall jobs reconcile --deep --out my-papers"
    )]
    Reconcile(ReconcileArgs),
    /// Write every job with its effects, one JSON object a line
    #[command(after_help = "Examples:\n  paperfall jobs export --out jobs.jsonl\n  \
        paperfall jobs export --ledger my-papers/manifest.sqlite3 | gzip > jobs.jsonl.gz")]
    Export(ExportArgs),
}

/// Which ledger.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub(crate) struct LedgerArgs {
    /// The ledger's file [default: manifest.sqlite3 in the output folder]
    #[arg(long, value_name = "FILE", env = "PAPERFALL_LEDGER")]
    pub(crate) ledger: Option<PathBuf>,
    /// The output folder it belongs to [default: paperfall-out, or where the ledger lies]
    #[arg(long, value_name = "DIR", env = "PAPERFALL_OUT")]
    pub(crate) out: Option<PathBuf>,
}

impl LedgerArgs {
    /// The ledger's file.
    pub(crate) fn path(&self) -> PathBuf {
        followed(&match (&self.ledger, &self.out) {
            (Some(ledger), _) => ledger.clone(),
            (None, Some(out)) => out.join(LEDGER_NAME),
            (None, None) => PathBuf::from(DEFAULT_OUT).join(LEDGER_NAME),
        })
    }

    /// The folder of the ledger's papers.
    pub(crate) fn folder(&self) -> PathBuf {
        match (&self.ledger, &self.out) {
            (_, Some(out)) => out.clone(),
            (Some(_), None) => match self.path().parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                _ => PathBuf::from("."),
            },
            (None, None) => PathBuf::from(DEFAULT_OUT),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only jobs in these states
    #[arg(
        long,
        value_name = "STATE",
        value_delimiter = ',',
        ignore_case = true,
        hide_possible_values = true,
        value_parser = states(),
        long_help = "Only jobs in these states: PLANNED, LEASED, HEAD_DONE, RESUME_OK, STREAMING, \
        FINALIZED, INDEXED, DEDUPED, SKIPPED_DUPLICATE or FAILED"
    )]
    pub(crate) state: Vec<JobState>,
    /// At most this many jobs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Print one JSON object a line instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A job id or its beginning, a work id, an artifact id, a DOI, an arXiv id, a PMCID, a URL
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").args(["ids", "failed"]).required(true)))]
pub(crate) struct RetryArgs {
    /// Jobs, named as for `jobs show`
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// All FAILED jobs
    #[arg(long)]
    pub(crate) failed: bool,
    /// With --failed: only those that failed for this reason; repeatable
    #[arg(
        long,
        value_name = "REASON",
        value_delimiter = ',',
        conflicts_with = "ids"
    )]
    pub(crate) reason: Vec<String>,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// Look after every stored paper too: one that is gone is restored, or fetched again by the next run
    #[arg(long)]
    pub(crate) deep: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Write to this file, whole or not at all; - for standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) out: PathBuf,
    /// The ledger's file [default: manifest.sqlite3 in PAPERFALL_OUT, or in paperfall-out]
    #[arg(long, value_name = "FILE", env = "PAPERFALL_LEDGER")]
    pub(crate) ledger: Option<PathBuf>,
    /// Only for its environment variable: `--out` is where the export goes.
    #[arg(
        long = "output-folder",
        hide = true,
        default_value = DEFAULT_OUT,
        env = "PAPERFALL_OUT"
    )]
    pub(crate) folder: PathBuf,
}

impl ExportArgs {
    /// The ledger's file.
    pub(crate) fn path(&self) -> PathBuf {
        let ledger = self.ledger.clone();
        followed(&ledger.unwrap_or_else(|| self.folder.join(LEDGER_NAME)))
    }
}

/// The names of states; clap suggests the nearest.
fn states() -> impl TypedValueParser<Value = JobState> {
    PossibleValuesParser::new(JobState::ALL.map(JobState::as_str))
        .try_map(|name| JobState::parse(&name).ok_or_else(|| format!("{name} is no state")))
}
