//! The `paperfall` command: parse, run, exit.

use std::process::ExitCode;

use clap::Parser;
use paperfall::cli::{Cli, execute, refuse};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("paperfall: cannot start its threads: {error}");
            return ExitCode::from(3);
        }
    };
    let exit = runtime.block_on(execute(cli));
    // A thread blocked on standard input must not keep the process.
    runtime.shutdown_background();
    exit.into()
}
