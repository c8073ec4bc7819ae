//! Runs of the binary on a ledger, with faults below it.

use paperfall_e2e::{Ran, Rig, finish};
use tokio::process::Child;

use crate::Faults;

/// The list on a ledger, by one worker.
pub const ON_LEDGER: [&str; 7] = [
    "run",
    "works.jsonl",
    "--only",
    "given,arxiv",
    "--enable-idempotency",
    "--workers",
    "1",
];

/// Starts the binary with these faults below it.
pub fn started(rig: &Rig, args: &[&str], faults: Option<&Faults>) -> Child {
    let mut command = rig.command(args.iter().copied());
    if let Some(faults) = faults {
        command.envs(faults.environment());
    }
    command.spawn().expect("the binary starts")
}

/// Runs the binary to its end.
pub async fn run(rig: &Rig, args: &[&str], faults: Option<&Faults>) -> Ran {
    finish(started(rig, args, faults)).await
}

/// Waits until the origin has seen the end of every request.
///
/// # Panics
/// When it does not.
pub async fn ended(rig: &Rig) {
    let bound = std::time::Duration::from_secs(10);
    let all = |requests: &[paperfall_miniweb::LoggedRequest]| {
        requests.iter().all(|request| request.ended.is_some())
    };
    assert!(
        rig.web.wait_until(bound, all).await,
        "{:?}",
        rig.web.requests()
    );
}
