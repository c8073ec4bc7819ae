//! Runs on a ledger: lists of papers by their URLs, and what the ledger and the
//! origin say of them afterwards, seen with plain SQLite and in the log.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use paperfall_miniweb::LoggedRequest;
use rusqlite::Connection;

use crate::{Ran, Rig};

/// `run list.txt` on a ledger, with nothing but the URLs in the list: a plan
/// wants a source, and arXiv has nothing to say about works without its ids.
pub const RUN: [&str; 5] = [
    "run",
    "list.txt",
    "--enable-idempotency",
    "--only",
    "given,arxiv",
];

/// Where a test's n-th paper is.
#[must_use]
pub fn paper_url(n: u32) -> String {
    format!("https://papers.example/{n}.pdf")
}

/// The work of a list that has it by its address.
#[must_use]
pub fn paper_work(n: u32) -> String {
    format!("url:{}", paper_url(n))
}

/// One job, as anybody can read it with `sqlite3`.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its state's name.
    pub state: String,
    /// Who holds it.
    pub owner: Option<String>,
    /// How often it was begun anew.
    pub round: u32,
    /// Rounds that failed.
    pub failures: u32,
    /// When it may be tried again, if it waits for that.
    pub not_before: Option<f64>,
}

impl Rig {
    /// Writes `list.txt`, the list of [`RUN`]: one URL or work a line.
    pub fn list<S: AsRef<str>>(&self, lines: impl IntoIterator<Item = S>) -> PathBuf {
        let text: String = lines
            .into_iter()
            .map(|line| format!("{}\n", line.as_ref()))
            .collect();
        self.file("list.txt", text)
    }

    /// Runs the list on the ledger.
    pub async fn run(&self, flags: &[&str]) -> Ran {
        let ran = self.paperfall(RUN.iter().chain(flags)).await;
        ran.assert_orderly();
        ran
    }

    /// The ledger's file unless another is named.
    pub fn ledger_path(&self) -> PathBuf {
        self.out().join("manifest.sqlite3")
    }

    /// The ledger, opened as the `sqlite3` shell opens it.
    pub fn ledger(&self) -> Connection {
        let ledger = Connection::open(self.ledger_path()).expect("the ledger opens");
        ledger
            .busy_timeout(Duration::from_secs(10))
            .expect("a timeout can be set");
        ledger
    }

    /// Every job by its work.
    pub fn jobs(&self) -> BTreeMap<String, Job> {
        let ledger = self.ledger();
        let mut jobs = ledger
            .prepare("SELECT work_id, state, lease_owner, round, failures, not_before FROM artifact_jobs")
            .expect("the public table is there");
        let rows = jobs
            .query_map([], |row| {
                let job = Job {
                    state: row.get(1)?,
                    owner: row.get(2)?,
                    round: row.get(3)?,
                    failures: row.get(4)?,
                    not_before: row.get(5)?,
                };
                Ok((row.get(0)?, job))
            })
            .expect("it can be read");
        rows.map(|row| row.expect("a job")).collect()
    }

    /// The state of every job, by its work.
    pub fn states(&self) -> BTreeMap<String, String> {
        let jobs = self.jobs().into_iter();
        jobs.map(|(work, job)| (work, job.state)).collect()
    }

    /// Puts off every job that waits for its next round to so many seconds
    /// from now.
    pub fn put_off(&self, seconds: u32) {
        self.ledger()
            .execute(
                "UPDATE ledger_jobs SET due_at = (unixepoch('subsec') + ?1) * 1000
                 WHERE owner IS NULL AND due_at IS NOT NULL",
                [seconds],
            )
            .expect("jobs can be put off");
    }

    /// Requests for the file at this URL, or for the rest of it: neither HEAD
    /// nor the looks at its first bytes.
    pub fn downloads(&self, url: &str) -> Vec<LoggedRequest> {
        let mut requests = self.requests_of(url);
        requests.retain(|request| {
            let range = request.header("range").unwrap_or_default();
            request.method == "GET" && !["bytes=0-4095", "bytes=0-0"].contains(&range)
        });
        requests
    }

    /// The URLs whose files were asked for, each as often as it was.
    pub fn downloaded(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in self.web.requests() {
            counts.entry(request.url()).or_insert(0);
        }
        for (url, count) in &mut counts {
            *count = self.downloads(url).len();
        }
        counts
    }

    /// Part files that were left, without their marks.
    pub fn parts(&self) -> Vec<PathBuf> {
        let mut files = self.files(".parts");
        files.retain(|name| name.ends_with(".part"));
        files.iter().map(|name| self.out().join(name)).collect()
    }
}

impl Ran {
    /// What a run on a ledger says at its end: `3 done before, …`.
    ///
    /// # Panics
    ///
    /// When it says nothing.
    pub fn account(&self) -> &str {
        self.stdout
            .lines()
            .find(|line| line.contains(" done before, "))
            .unwrap_or_else(|| panic!("no account: {self}"))
    }

    /// The number before these words in the account; none is zero.
    pub fn counted(&self, words: &str) -> u64 {
        let found = self.account().split(", ").find_map(|part| {
            let (number, rest) = part.split_once(' ')?;
            rest.starts_with(words)
                .then(|| number.replace(',', "").parse().ok())?
        });
        found.unwrap_or(0)
    }
}
