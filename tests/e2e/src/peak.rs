//! The most memory a process had resident, as the kernel counts it.

use std::time::Duration;

use tokio::process::Child;
use tokio::task::JoinHandle;

/// Between two looks. The kernel keeps the peak itself, so only what happens
/// between the last look and the end can be missed.
const GLANCE: Duration = Duration::from_millis(5);

/// A watch over a child's memory.
pub struct Peak(JoinHandle<u64>);

impl Peak {
    /// Watches a child that was just started.
    ///
    /// # Panics
    ///
    /// When the child was waited for already.
    #[must_use]
    pub fn of(child: &Child) -> Self {
        let status = format!("/proc/{}/status", child.id().expect("it runs"));
        Self(tokio::spawn(async move {
            let mut peak = 0;
            loop {
                // A process that has ended has no VmHWM any more.
                let text = tokio::fs::read_to_string(&status).await.unwrap_or_default();
                let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:")) else {
                    return peak;
                };
                let kib = line.split_whitespace().nth(1);
                let kib: u64 = kib.and_then(|kib| kib.parse().ok()).expect("a number");
                peak = kib / 1024;
                tokio::time::sleep(GLANCE).await;
            }
        }))
    }

    /// Its peak in MiB, once it has ended.
    ///
    /// # Panics
    ///
    /// When the watch broke off.
    pub async fn mib(self) -> u64 {
        self.0.await.expect("the watch goes on to the end")
    }
}
