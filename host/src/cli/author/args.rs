//! The flags of `paperfall adapter test`, `adapter check` and `adapter diff`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::super::args::{CacheArgs, NetworkArgs};
use crate::plan::PlanFlags;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every work obtained (with --expect: every result as expected), \
    1 some not, 2 wrong usage, component, recording or expectation, 3 the machine's side failed.\n\n\
    Examples:\n  paperfall adapter test acme.wasm --work 10.7717/peerj.4375 --live --record-har acme.har\n  \
    paperfall adapter test acme.wasm --work 10.7717/peerj.4375 --replay-har acme.har \
    --expect acme.json --update-expect\n  \
    paperfall adapter test acme.wasm --work 10.7717/peerj.4375 --replay-har acme.har --expect acme.json",
    group(ArgGroup::new("which").args(["work", "works"]).required(true))
)]
pub(crate) struct TestArgs {
    /// The name of a bundled adapter, or a component file
    #[arg(value_name = "NAME|FILE.wasm")]
    pub(crate) adapter: String,
    /// A work as JSON, an id or a URL
    #[arg(long, value_name = "JSON|ID")]
    pub(crate) work: Option<String>,
    /// A list of works, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) works: Option<PathBuf>,
    /// Let it ask the real services
    #[arg(long, conflicts_with = "replay_har")]
    pub(crate) live: bool,
    /// Grant it this host instead of what paperfall.toml grants; repeatable
    ///
    /// Without it, a component that paperfall.toml says nothing about is
    /// granted what it declares, except `*`.
    #[arg(long, value_name = "HOST")]
    pub(crate) grant: Vec<String>,
    /// Compare every result with this file
    #[arg(long, value_name = "FILE")]
    pub(crate) expect: Option<PathBuf>,
    /// Write the results into the file of --expect
    #[arg(long, requires = "expect")]
    pub(crate) update_expect: bool,
    /// Print everything as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) plan: PlanFlags,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Debug, Args)]
#[command(
    long_about = "Judge whether a component is fit to be run; nothing leaves this machine.\n\n\
    The component meets one work many times in the real sandbox and HTTP stack, each time with \
    something amiss: 429 with Retry-After, slow drip, silence, redirects to private addresses and \
    to hosts it does not declare, pages served as PDF, oversize and truncated bodies, junk for \
    JSON, works with missing identifiers or hostile strings, settings and secrets unset. The \
    answers are made up. Every check says what was tried and what was seen, and those that failed \
    what to do.",
    after_help = "Exit codes: 0 fit (warnings included), 1 unfit, 2 no adapter or wrong usage, \
    3 the machine's side failed."
)]
pub(crate) struct CheckArgs {
    /// The name of a bundled adapter, or a component file
    #[arg(value_name = "NAME|FILE.wasm")]
    pub(crate) adapter: String,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing changed, 1 something did, 2 wrong usage, component or \
    recording."
)]
pub(crate) struct DiffArgs {
    /// The component in use, or the name of a bundled adapter
    #[arg(value_name = "OLD.wasm")]
    pub(crate) old: String,
    /// The component to come
    #[arg(value_name = "NEW.wasm")]
    pub(crate) new: String,
    /// Run both over this recording and compare the results; each is granted what it declares
    #[arg(long, value_name = "FILE", requires = "works")]
    pub(crate) replay_har: Option<PathBuf>,
    /// The works of the recording
    #[arg(long, value_name = "FILE", requires = "replay_har")]
    pub(crate) works: Option<PathBuf>,
    /// Print the changes as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}
