//! A worker process, and waiting for it. Whoever waits too long gets a story: every
//! process of the house, where its threads stand, what it holds, what it did last.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any worker takes that is not stuck, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_micros(500);

/// A worker process; dropping it kills it.
pub struct Process {
    child: Child,
    root: PathBuf,
    said: PathBuf,
}

/// How a process ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The signal.
    pub signal: Option<i32>,
    /// What it wrote to its standard error.
    pub said: String,
}

impl Ended {
    /// It ended because it was killed.
    #[must_use]
    pub fn was_killed(&self) -> bool {
        self.signal == Some(Signal::KILL.as_raw())
    }

    /// What is wrong with it, if it should have ended with one of these codes.
    #[must_use]
    pub fn wrong(&self, who: &str, codes: &[u8]) -> Vec<String> {
        let fine = self
            .code
            .is_some_and(|code| codes.iter().any(|c| i32::from(*c) == code));
        if fine {
            return Vec::new();
        }
        let Self { code, signal, said } = self;
        vec![format!(
            "{who} ended with code {code:?}, signal {signal:?}: {said}"
        )]
    }
}

impl Process {
    /// Starts `command` as the `nth` process of the house at `root`.
    #[must_use]
    pub fn start(mut command: Command, root: &Path, nth: usize) -> Self {
        // A file, not a pipe: nobody needs to read it for the process to go on.
        let said = root.join(format!("said.{nth}"));
        let child = command
            .env("WORKER_STORY", root.join(format!("story.{nth}")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            root: root.to_owned(),
            said,
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// The story, if it takes too long.
    pub fn ended(self) -> Result<Ended, String> {
        self.ended_within(PATIENCE)
    }

    /// The same, with this much patience.
    ///
    /// # Errors
    /// The story, if it takes longer.
    pub fn ended_within(mut self, patience: Duration) -> Result<Ended, String> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Ok(Ended {
                    code: status.code(),
                    signal: status.signal(),
                    said: self.said(),
                });
            }
            if began.elapsed() > patience {
                return Err(self.story("did not end", patience));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until it stands still, or has ended: whether it stands still.
    ///
    /// # Errors
    /// The story, if it does neither.
    pub fn stopped(&mut self) -> Result<bool, String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if self.child.try_wait().unwrap().is_some() {
                return Ok(false);
            }
            // All of them: the signal reaches one thread first.
            let threads = threads(self.child.id());
            if !threads.is_empty() && threads.iter().all(|thread| is_stopped(thread)) {
                return Ok(true);
            }
            thread::sleep(PAUSE);
        }
        Err(self.story("neither stopped nor ended", PATIENCE))
    }

    /// Waits until it has said this.
    ///
    /// # Errors
    /// The story, if it does not.
    pub fn says(&mut self, words: &str) -> Result<(), String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if self.said().contains(words) {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(self.story(&format!("did not say {words:?}"), PATIENCE))
    }

    /// What it wrote to its standard error so far.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// Continues it.
    pub fn go_on(&self) {
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    fn story(&self, what: &str, patience: Duration) -> String {
        format!(
            "process {} {what} in {patience:?}\n{}",
            self.child.id(),
            story(&self.root)
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A stopped one too; nothing is left behind, not even a zombie.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn threads(pid: u32) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn is_stopped(thread: &Path) -> bool {
    let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
    stat.rsplit(") ").next().unwrap_or_default().starts_with('T')
}

/// Everything that can be said about the processes that work in this folder.
fn story(root: &Path) -> String {
    let mut story = String::new();
    let here = format!("WORKER_ROOT={}", root.display());
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let pid = entry.file_name().to_string_lossy().into_owned();
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let variables: Vec<String> = environment
            .split(|byte| *byte == 0)
            .map(|variable| String::from_utf8_lossy(variable).into_owned())
            .collect();
        if !variables.contains(&here) {
            continue;
        }
        let asked = |name: &str| {
            let found = variables.iter().find(|v| v.starts_with(name));
            found.cloned().unwrap_or_default()
        };
        story += &format!(
            "process {pid}, {} {}\n",
            asked("PAPERFALL_FAILPOINT="),
            asked("PAPERFALL_MUTANT=")
        );
        for thread in threads(pid.parse().unwrap_or(0)) {
            let read = |file: &str| {
                let text = fs::read_to_string(thread.join(file)).unwrap_or_default();
                text.trim().to_owned()
            };
            let stands = if is_stopped(&thread) { " (stopped)" } else { "" };
            let (name, place, call) = (read("comm"), read("wchan"), read("syscall"));
            story += &format!("  thread {name}{stands}: in {place}, system call {call}\n");
        }
        for lock in fs::read_to_string("/proc/locks").unwrap_or_default().lines() {
            if lock.split_whitespace().any(|word| word == pid) {
                story += &format!("  lock {lock}\n");
            }
        }
        let last = asked("WORKER_STORY=").replace("WORKER_STORY=", "");
        let last = fs::read_to_string(last).unwrap_or_default();
        let lines: Vec<&str> = last.lines().collect();
        for line in lines.iter().rev().take(8).rev() {
            story += &format!("  {line}\n");
        }
    }
    story + &rows(root)
}

/// The jobs, as far as they can be read.
fn rows(root: &Path) -> String {
    let ledger = root.join("manifest.sqlite3");
    let text = rusqlite::Connection::open(ledger).and_then(|db| {
        db.busy_timeout(Duration::from_secs(1))?;
        db.query_row(
            "SELECT group_concat(work_id || ' ' || state || ' held by ' || coalesce(lease_owner, 'nobody'), char(10))
             FROM artifact_jobs",
            [],
            |row| row.get::<_, Option<String>>(0),
        )
    });
    match text {
        Ok(rows) => rows.unwrap_or_else(|| "no jobs".to_owned()),
        Err(error) => format!("the jobs cannot be read: {error}"),
    }
}
