//! A process of the binary that a test lets run, listens to, signals or kills.

use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::{Ran, Rig};

/// Nothing a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(10);

/// A binary under way. It is killed when dropped.
pub struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
}

/// What came out of a pipe so far, and who reads on.
struct Heard(Arc<Mutex<Vec<u8>>>, JoinHandle<()>);

impl Heard {
    fn listen(pipe: Option<impl AsyncRead + Send + Unpin + 'static>) -> Self {
        let mut pipe = pipe.expect("it is piped");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let mut some = [0_u8; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut some).await {
                lock(&to).extend_from_slice(&some[..count]);
            }
        });
        Self(heard, task)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0)).into_owned()
    }

    async fn all(self) -> String {
        let Self(heard, task) = self;
        task.await.expect("the pipe is read to its end");
        String::from_utf8_lossy(&lock(&heard)).into_owned()
    }
}

fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rig {
    /// Starts the binary and lets it run.
    pub fn start<I, S>(&self, args: I) -> Running
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        Running::of(self.command(args))
    }

    /// The same through another program, which turns into the binary: that and
    /// its arguments come behind the program's own.
    pub fn start_through<I, S>(&self, program: &str, own: &[&str], args: I) -> Running
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        let own = own.iter().map(OsString::from);
        let binary = std::iter::once(crate::binary().into_os_string());
        let args = args.into_iter().map(Into::into);
        Running::of(self.command_of(program, own.chain(binary).chain(args)))
    }
}

impl Running {
    fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        Self {
            stdout: Heard::listen(child.stdout.take()),
            stderr: Heard::listen(child.stderr.take()),
            child,
        }
    }

    /// Sends it a signal (`INT`, `HUP`, `KILL`, `STOP`, `CONT`).
    pub fn signal(&self, name: &str) {
        let id = self.child.id().expect("it still runs");
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
            let ended = self.child.try_wait().expect("it can be looked at");
            let said = self.stderr.text();
            assert!(ended.is_none(), "it ended before: {what}: {said}");
            assert!(Instant::now() < deadline, "in vain: {what}: {said}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Lets it run until it has said these words on standard error.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn until_it_says(&mut self, words: &str) {
        let heard = Arc::clone(&self.stderr.0);
        let said = || String::from_utf8_lossy(&lock(&heard)).contains(words);
        self.until(words, said).await;
    }

    /// What it has said on standard error so far.
    pub fn said(&self) -> String {
        self.stderr.text()
    }

    /// Kills it, as a crash or a power button would.
    ///
    /// # Panics
    ///
    /// When it had ended before.
    pub async fn kill(self) -> Ran {
        self.signal("KILL");
        let ran = self.end().await;
        assert_eq!(ran.code, -1, "it had ended before the kill: {ran}");
        ran
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not end in time.
    pub async fn end(mut self) -> Ran {
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("it does not end: {}", self.stderr.text()))
            .expect("it can be waited for");
        Ran {
            code: status.code().unwrap_or(-1),
            stdout: self.stdout.all().await,
            stderr: self.stderr.all().await,
        }
    }
}
