//! The command line: parse, call the library, render.

mod adapter;
mod adapter_new;
mod args;
mod attempted;
mod author;
mod batch;
mod completions;
mod demo;
mod desk;
mod earlier;
mod exit;
mod explain;
mod history_args;
mod interrupt;
mod jobs;
mod jobs_args;
mod ledger_args;
mod named;
mod obtain;
mod once;
mod output;
mod plan;
mod progress;
mod race_events;
mod reading;
mod report;
mod resolve;
mod run;
mod setup;
mod shelf;
mod slo;
mod stats;
mod table;
mod tally;
mod telemetry_args;
mod variables;

pub use args::{Cli, command};
pub use exit::{Exit, Failed};
pub use variables::refuse;

use args::Command;

/// SIGXFSZ of Linux, macOS and the BSDs.
#[cfg(unix)]
const FILE_SIZE_LIMIT_EXCEEDED: i32 = 25;

/// Makes a write beyond the file size limit (`ulimit -f`) fail with an error
/// that is reported, instead of a signal that kills.
fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Where it cannot be caught, the system's way stands.
        let _ = signal(SignalKind::from_raw(FILE_SIZE_LIMIT_EXCEEDED));
    }
}

/// Runs a parsed command line to its exit code.
pub async fn execute(cli: Cli) -> Exit {
    survive_file_size_limit();
    crate::telemetry::init(crate::telemetry::Verbosity::from_count(cli.verbose));
    let ended = match cli.command {
        Command::Demo(args) => demo::demo(args).await,
        Command::Fetch(args) => run::fetch(args).await,
        Command::Run(args) => run::run(args).await,
        Command::Resolve(args) => resolve::resolve(args).await,
        Command::Plan(args) => plan::plan(&args),
        Command::Adapter(args) => adapter::adapter(args).await,
        Command::Jobs(args) => jobs::jobs(args).await,
        Command::Slo(args) => slo::slo(&args),
        Command::Stats(args) => stats::stats(&args),
        Command::Report(args) => report::report(&args),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&args),
    };
    match ended {
        Ok(exit) => exit,
        Err(failed) => {
            output::note(&format!("paperfall: {}", failed.message));
            failed.exit
        }
    }
}
