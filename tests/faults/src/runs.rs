//! Runs of the binary on a ledger, with faults below it.

use std::time::Duration;

use paperfall_e2e::{Ran, Rig, finish};
use tokio::io::{AsyncBufReadExt, BufReader};
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

/// Waits for the end of a started binary; when it says that it pauses, `help` is
/// done a moment later. Tells whether it paused.
pub async fn helped_when_pausing(mut child: Child, help: impl FnOnce()) -> (Ran, bool) {
    let stderr = child.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(stderr).lines();
    let (mut said, mut help) = (String::new(), Some(help));
    while let Some(line) = lines.next_line().await.expect("it can be read") {
        if line.contains("pausing")
            && let Some(help) = help.take()
        {
            tokio::time::sleep(Duration::from_millis(300)).await;
            help();
        }
        said.push_str(&line);
        said.push('\n');
    }
    let mut ran = finish(child).await;
    ran.stderr = said;
    (ran, help.is_none())
}

/// Waits until the origin has seen the end of every request.
///
/// # Panics
/// When it does not.
pub async fn ended(rig: &Rig) {
    let bound = Duration::from_secs(10);
    let all = |requests: &[paperfall_miniweb::LoggedRequest]| {
        requests.iter().all(|request| request.ended.is_some())
    };
    assert!(
        rig.web.wait_until(bound, all).await,
        "{:?}",
        rig.web.requests()
    );
}
