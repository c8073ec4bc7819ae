//! Processes that are killed at random and started again until they end by
//! themselves.

use std::io::{Read as _, Seek as _};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::process::Child;

use crate::{Ran, Rig, Seeds};

/// A life ends after so many more requests at the web, whoever asks: by what has
/// been done and not by the clock, so that a fast machine kills as often as a slow
/// one. The web's answers should be [`delayed`](ShortLives::DELAY), or more than
/// that is asked for by others while a process starts.
const REQUESTS: usize = 80;
/// And then this much later, in microseconds: a kill may come anywhere, not only
/// where a request does.
const LATER: usize = 30_000;
/// A life that is not to see a request may end while it starts, so soon (ms).
const START: usize = 100;
/// Between two looks at the web.
const GLANCE: Duration = Duration::from_millis(2);

/// So many kills; all processes of a test share them.
pub struct ShortLives {
    wanted: usize,
    kills: AtomicUsize,
}

impl ShortLives {
    /// What a start takes is short beside some answers that take so long each.
    pub const DELAY: Duration = Duration::from_millis(20);

    /// After so many kills everybody is left alone.
    #[must_use]
    pub fn new(wanted: usize) -> Self {
        Self {
            wanted,
            kills: AtomicUsize::new(0),
        }
    }

    /// Kills so far.
    pub fn kills(&self) -> usize {
        self.kills.load(Ordering::Relaxed)
    }

    /// Runs the binary over and over, until it ends by itself. The last one's
    /// standard output is not read.
    pub async fn live(&self, rig: &Rig, args: &[&str], mut seeds: Seeds) -> Ran {
        loop {
            let mut stderr = tempfile::tempfile().expect("a temporary file");
            let mut child = rig
                .command(args)
                .stdout(Stdio::null())
                .stderr(stderr.try_clone().expect("a second handle"))
                .spawn()
                .expect("the binary starts");
            let ended = if self.kills() >= self.wanted {
                Some(child.wait().await.expect("it can be waited for"))
            } else {
                ends_in_time(rig, &mut child, &mut seeds).await
            };
            if let Some(ended) = ended {
                let mut said = String::new();
                stderr.rewind().expect("it is a file");
                stderr.read_to_string(&mut said).expect("it is text");
                return Ran {
                    code: ended.code().unwrap_or(-1),
                    stdout: String::new(),
                    stderr: said,
                };
            }
            child.start_kill().expect("it can be killed");
            child.wait().await.expect("it can be waited for");
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How it ended, if it did within a life drawn by chance.
async fn ends_in_time(rig: &Rig, child: &mut Child, seeds: &mut Seeds) -> Option<ExitStatus> {
    // One in eight does not get to work.
    let (requests, later) = match seeds.below(8) {
        0 => (0, 1_000 * seeds.below(START)),
        _ => (1 + seeds.below(REQUESTS), seeds.below(LATER)),
    };
    let later = u64::try_from(later).expect("it fits");
    let until = rig.web.requests().len() + requests;
    let life = async {
        while rig.web.requests().len() < until {
            tokio::time::sleep(GLANCE).await;
        }
        tokio::time::sleep(Duration::from_micros(later)).await;
    };
    tokio::select! {
        ended = child.wait() => Some(ended.expect("it can be waited for")),
        () = life => None,
    }
}
