//! One test's world.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use paperfall_miniweb::{Miniweb, World};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::binary;

/// The contact address the tests use.
pub const EMAIL: &str = "tests@paperfall.example";

/// The miniature archive bears more than the real one; tests of limits say what
/// theirs are.
const HOST_LIMITS: &str = "web.archive.org/cdx:per_second=1000;web.archive.org/web:per_second=1000";

/// No command of a test takes longer; one that does hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A miniature web, an empty folder, and the binary ready to be run on both.
pub struct Rig {
    /// The web, with its request log.
    pub web: Miniweb,
    folder: TempDir,
}

/// What a run of the binary came to.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said on the side.
    pub stderr: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "exit {}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

impl Rig {
    /// Starts the web.
    pub async fn new(world: World) -> Self {
        let web = Miniweb::start(world).await.expect("the miniweb starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        web.write_ca(folder.path().join("ca.pem"))
            .expect("the CA is written");
        Self { web, folder }
    }

    /// The test's own folder; the output folder is `out` in it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The output folder commands use unless told otherwise.
    pub fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Writes a file into the test's folder and returns its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("folders are made");
        }
        std::fs::write(&path, content).expect("the file is written");
        path
    }

    /// The binary, to be started with these arguments: an environment of its
    /// own, names mapped to the miniature web.
    pub fn command<I, S>(&self, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        self.command_of(binary(), args)
    }

    /// The same of another program.
    pub(crate) fn command_of<I, S>(&self, program: impl AsRef<OsStr>, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        let mut command = Command::new(program);
        command
            .args(args.into_iter().map(Into::into))
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PAPERFALL_EMAIL", EMAIL)
            .env("PAPERFALL_OUT", self.out())
            .env("PAPERFALL_CA_FILE", self.folder.path().join("ca.pem"))
            .env("PAPERFALL_HOST_LIMIT", HOST_LIMITS)
            .env("PAPERFALL_RESOLVE", self.web.pins().join(";"))
            // Compiled adapters are shared by all tests.
            .env("PAPERFALL_CACHE_DIR", cache())
            // What one test was answered is nothing to another.
            .env("PAPERFALL_HTTP_CACHE_MIB", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the binary to its end.
    pub async fn paperfall<I, S>(&self, args: I) -> Ran
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        finish(self.command(args).spawn().expect("the binary starts")).await
    }

    /// Runs the binary with something on its standard input.
    pub async fn paperfall_reading<I, S>(&self, args: I, input: &[u8]) -> Ran
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // It may end before it has read everything.
        let _ = stdin.write_all(input).await;
        drop(stdin);
        finish(child).await
    }

    /// Every line of `results.jsonl` by work id; each must be there once.
    pub fn results(&self) -> BTreeMap<String, Value> {
        let text = std::fs::read_to_string(self.out().join("results.jsonl")).unwrap_or_default();
        let mut results = BTreeMap::new();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).expect("every line is JSON");
            let id = value["work_id"].as_str().expect("a work_id").to_owned();
            let old = results.insert(id.clone(), value);
            assert!(old.is_none(), "{id} has two lines");
        }
        results
    }

    /// The result of one work.
    pub fn result(&self, work_id: &str) -> Value {
        let results = self.results();
        results
            .get(work_id)
            .unwrap_or_else(|| panic!("no result for {work_id} among {:?}", results.keys()))
            .clone()
    }

    /// The attempts of one work as `source outcome reason`.
    pub fn attempts(&self, work_id: &str) -> Vec<String> {
        let result = self.result(work_id);
        let attempts = result["attempts"].as_array().expect("attempts");
        attempts
            .iter()
            .map(|attempt| {
                let text = |key: &str| attempt[key].as_str().unwrap_or("-").to_owned();
                format!("{} {} {}", text("source"), text("outcome"), text("reason"))
            })
            .collect()
    }

    /// The bytes of the stored paper of a work.
    pub fn paper(&self, work_id: &str) -> Vec<u8> {
        let result = self.result(work_id);
        let path = result["path"].as_str().expect("a path");
        std::fs::read(self.out().join(path)).expect("the object is there")
    }
}

/// Waits for a started binary.
///
/// # Panics
///
/// When it does not end in time.
pub async fn finish(child: Child) -> Ran {
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .expect("the command ends in time")
        .expect("the command can be waited for");
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Beside the binary, so that a rebuilt one starts with the same cache.
pub(crate) fn cache() -> PathBuf {
    binary()
        .parent()
        .map(|folder| folder.join("e2e-cache"))
        .expect("the binary is in a folder")
}
