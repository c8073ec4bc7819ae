//! Sets tracing up for the command line.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Warnings of everybody, but for wasmtime's cache: two processes that compile
/// the same component side by side make it warn that the file exists already.
const QUIET_NEIGHBOURS: &str = "warn,wasmtime_internal_cache=error";

/// How much is logged unless `RUST_LOG` says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Warnings only.
    Quiet,
    /// What an operator wants to know (`-v`).
    Info,
    /// Every step (`-vv`).
    Debug,
}

impl Verbosity {
    /// From how often `-v` was given.
    #[must_use]
    pub fn from_count(count: u8) -> Self {
        match count {
            0 => Self::Quiet,
            1 => Self::Info,
            _ => Self::Debug,
        }
    }

    fn filter(self) -> String {
        let ours = match self {
            Self::Quiet => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        };
        format!("{QUIET_NEIGHBOURS},paperfall={ours}")
    }
}

/// Sends tracing to standard error; `RUST_LOG` overrides `verbosity`.
pub fn init(verbosity: Verbosity) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(verbosity.filter()));
    // A second call (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .with_target(false)
        .try_init();
}
