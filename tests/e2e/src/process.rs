//! A process of the binary that a test lets run, signals, stops or kills.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use tokio::process::Child;

use crate::{Ran, Rig, finish};

/// Nothing a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(10);

/// A binary under way.
pub struct Running(Child);

impl Rig {
    /// Starts the binary and lets it run.
    pub fn start<I, S>(&self, args: I) -> Running
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        Running(self.command(args).spawn().expect("the binary starts"))
    }
}

impl Running {
    /// Sends it a signal (`INT`, `KILL`, `STOP`, `CONT`).
    pub fn signal(&self, name: &str) {
        let id = self.0.id().expect("it still runs");
        let status = std::process::Command::new("kill")
            .args([format!("-{name}"), id.to_string()])
            .status()
            .expect("there is a kill command");
        assert!(status.success(), "kill -{name} {id}");
    }

    /// Lets it run until something is so.
    ///
    /// # Panics
    ///
    /// When it ends before that, or it does not come to be.
    pub async fn until(&mut self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            let ended = self.0.try_wait().expect("it can be looked at");
            assert!(ended.is_none(), "it ended ({ended:?}) before: {what}");
            assert!(Instant::now() < deadline, "waited in vain: {what}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Kills it, as a crash or a power button would.
    pub async fn kill(self) -> Ran {
        self.signal("KILL");
        let ran = self.end().await;
        assert_eq!(ran.code, -1, "it had ended before the kill: {ran}");
        ran
    }

    /// Waits for its end.
    pub async fn end(self) -> Ran {
        finish(self.0).await
    }
}

/// Waits until something is so.
///
/// # Panics
///
/// When it does not come to be.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(GLANCE).await;
    }
}
