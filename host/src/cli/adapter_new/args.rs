//! The flags of `adapter new`.

use clap::Args;

/// `paperfall adapter new`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  paperfall adapter new acme --lang python")]
pub(crate) struct AdapterNewArgs {
    /// The adapter's name, and the new folder's: a-z, 0-9 and _, a letter first
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The language it is written in: rust, python or js
    #[arg(long, value_name = "LANG")]
    pub(crate) lang: String,
    /// The tier it is tried in; a name of your own makes a new one, after direct_oa [default: direct_oa]
    #[arg(long, value_name = "TIER")]
    pub(crate) tier: Option<String>,
}
