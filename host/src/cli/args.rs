//! The commands and their flags.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use super::adapter_new::AdapterNewArgs;
use super::author::{CheckArgs, DiffArgs, TestArgs};
use super::history_args::{ReportArgs, SloArgs, StatsArgs};
use super::jobs_args::JobsArgs;
use super::ledger_args::LedgerArgs;
use super::telemetry_args::TelemetryArgs;
use crate::http::CACHE_MAX_BYTES;
use crate::plan::PlanFlags;

/// What the HTTP cache may hold, in MiB.
const HTTP_CACHE_MIB: u64 = CACHE_MAX_BYTES / (1024 * 1024);

/// Gets the open-access PDFs of scholarly works, through sandboxed adapters.
#[derive(Debug, Parser)]
#[command(name = "paperfall", version, propagate_version = true)]
#[command(after_help = "Exit codes: 0 every work obtained, 1 some not, \
    2 wrong usage, configuration or input, 3 the machine's side failed (disk, ledger, permissions), \
    130 interrupted.")]
pub struct Cli {
    /// Say more on standard error; twice for every step (RUST_LOG overrides)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command-line definition, for completions and the man page.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch the real pipeline obtain papers from a miniature web on this machine
    Demo(DemoArgs),
    /// Obtain the PDFs of a few works
    #[command(
        after_help = "Examples:\n  paperfall fetch 10.7717/peerj.4375 --email ada@lovelace.edu\n  \
        paperfall fetch arXiv:2101.00001 PMC7759461 https://peerj.com/articles/4375"
    )]
    Fetch(FetchArgs),
    /// Obtain the PDFs of a list of works; a second run goes on where the first stopped
    Run(RunArgs),
    /// Find out where a work's PDF is, without downloading it
    Resolve(ResolveArgs),
    /// Print the effective plan and where each value came from
    Plan(PlanArgs),
    /// Make adapters, look at them, test and compare them
    Adapter(AdapterArgs),
    /// Look at the jobs of a ledger, and act on them
    Jobs(JobsArgs),
    /// Judge the service levels of a ledger; exit 1 when one is missed
    Slo(SloArgs),
    /// Summarise recorded attempts by source, tier, outcome or host
    Stats(StatsArgs),
    /// Write a page with plots of what was recorded
    Report(ReportArgs),
    /// Print a shell completion script
    Completions(CompletionsArgs),
    /// Print the manual page (roff)
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder for the papers and the results
    #[arg(long, value_name = "DIR", default_value = "paperfall-demo")]
    pub(crate) out: PathBuf,
    /// How many works; the first 64 tell every story once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) works: u32,
    /// Works at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: u16,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
    #[command(flatten)]
    pub(crate) telemetry: TelemetryArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    #[command(flatten)]
    pub(crate) har: HarArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// DOIs, arXiv ids, PMCIDs, pmid:N, OpenAlex ids, URLs, or works as JSON
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Print one JSON result a line instead of the table, of works obtained before too
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) plan: PlanFlags,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A list of works, or - for standard input
    #[arg(value_name = "WORKS")]
    pub(crate) works: PathBuf,
    /// How the list is written [default: detected]
    #[arg(long, value_name = "FORMAT", env = "PAPERFALL_FORMAT")]
    pub(crate) format: Option<ListFormat>,
    /// Print the JSON results of this run, one a line, instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) plan: PlanFlags,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ListFormat {
    /// One id or URL a line, # for comments
    Text,
    /// A header with any of: id, doi, arxiv_id, pmcid, pmid, url, …
    Csv,
    /// One JSON object a line, with any of: doi, arxiv_id, pmcid, pmid, url, …
    Jsonl,
    /// One OpenAlex work a line
    Openalex,
}

#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    /// An id, a URL, or a work as JSON
    #[arg(value_name = "ID|WORK-JSON")]
    pub(crate) work: String,
    /// Print every tier, attempt, hop, candidate and verdict
    #[arg(long, conflicts_with = "json")]
    pub(crate) explain: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) plan: PlanFlags,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

#[derive(Debug, Args)]
pub(crate) struct AdapterArgs {
    #[command(subcommand)]
    pub(crate) command: AdapterCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdapterCommand {
    /// List the adapters of the effective plan, by tier
    List(Box<AdapterListArgs>),
    /// Show what a component declares and imports
    Inspect(AdapterInspectArgs),
    /// Begin an adapter: a project that builds, passes its test and works
    New(AdapterNewArgs),
    /// Run a component on some works and show everything that happened
    Test(Box<TestArgs>),
    /// Judge whether a component is fit to be run; nothing leaves this machine
    Check(CheckArgs),
    /// Compare two versions of a component before an upgrade
    Diff(DiffArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AdapterListArgs {
    /// Print the list as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) plan: PlanFlags,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AdapterInspectArgs {
    /// The name of a bundled adapter, or a component file
    #[arg(value_name = "NAME|FILE.wasm")]
    pub(crate) adapter: String,
    /// Print the description as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write one page a command into this folder instead
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Where papers go, and how many at once.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Folder for the papers and the results
    #[arg(
        long,
        value_name = "DIR",
        default_value = "paperfall-out",
        env = "PAPERFALL_OUT"
    )]
    pub(crate) out: PathBuf,
    /// Works at once
    #[arg(long, value_name = "N", default_value_t = 8, env = "PAPERFALL_WORKERS", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: u16,
    #[command(flatten)]
    pub(crate) ledger: LedgerArgs,
    #[command(flatten)]
    pub(crate) telemetry: TelemetryArgs,
}

/// How the network is reached.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Trust the certificates of this PEM file too; repeatable
    #[arg(
        long,
        value_name = "FILE",
        env = "PAPERFALL_CA_FILE",
        value_delimiter = ';'
    )]
    pub(crate) ca_file: Vec<PathBuf>,
    /// Reach HOST at PORT under this address (ADDR or ADDR:PORT) whatever DNS says; repeatable
    #[arg(
        long,
        value_name = "HOST:PORT:ADDR",
        env = "PAPERFALL_RESOLVE",
        value_delimiter = ';'
    )]
    pub(crate) resolve: Vec<String>,
    /// Allow requests to these private addresses, for tests and intranets; repeatable
    #[arg(
        long,
        value_name = "CIDR",
        env = "PAPERFALL_ALLOW_PRIVATE_NET",
        value_delimiter = ';'
    )]
    pub(crate) allow_private_net: Vec<String>,
    /// Send everything through this HTTP proxy; no other proxy is ever used
    #[arg(long, value_name = "URL", env = "PAPERFALL_PROXY")]
    pub(crate) proxy: Option<String>,
    /// Size of the HTTP cache for metadata, in MiB; 0 for none
    #[arg(
        long,
        value_name = "MIB",
        env = "PAPERFALL_HTTP_CACHE_MIB",
        default_value_t = HTTP_CACHE_MIB
    )]
    pub(crate) http_cache_mib: u64,
    #[command(flatten)]
    pub(crate) har: HarArgs,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// Recordings.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct HarArgs {
    /// Write every exchange to this HAR file, without secrets and e-mail address
    #[arg(long, value_name = "FILE", env = "PAPERFALL_RECORD_HAR")]
    pub(crate) record_har: Option<PathBuf>,
    /// Take every answer from this HAR file; the network is not touched
    ///
    /// Method, URL and Range decide which recorded exchange answers; several
    /// of one kind are used in their order, and races end as they ended. A
    /// request that was not recorded fails and names the nearest ones. With
    /// --record-har too, what is asked for is written down, misses included.
    #[arg(long, value_name = "FILE", env = "PAPERFALL_REPLAY_HAR")]
    pub(crate) replay_har: Option<PathBuf>,
}

/// Where things are kept that can be made again.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CacheArgs {
    /// Where compiled adapters and answers to metadata requests are kept [default: the user's cache folder]
    #[arg(long, value_name = "DIR", env = "PAPERFALL_CACHE_DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
}
