//! The worker process that the tests start, kill, stop and continue.

use std::process::ExitCode;

use paperfall_kills::failpoints::tell;
use paperfall_kills::worker::{self, Orders};

fn main() -> ExitCode {
    let Some(orders) = Orders::from_environment() else {
        eprintln!("the tests of paperfall-kills start this program; alone it does nothing");
        return ExitCode::from(2);
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::Level::WARN)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::from(3);
        }
    };
    let worked = runtime.block_on(worker::work(&orders));
    tell(&format!("ended: {worked:?}"));
    match worked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_lost_lease() => ExitCode::from(worker::FENCED),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}
