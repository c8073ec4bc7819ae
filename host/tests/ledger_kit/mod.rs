//! What the ledger's tests share: a ledger in a folder of its own, a clock that
//! stands until moved, a sink that remembers, and short words for long calls.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use paperfall::ledger::{
    Clock, Context, Durability, Event, EventSink, Existing, Failure, Finish, IndexEntry, Indexed,
    JobState, Lease, LeaseRequest, Leased, Ledger, ManualClock, NewJob, Op, OpType, Options,
    PartName, RetryPolicy, Sha256Hex, Shelf, SqliteLedger, StoredObject, Timestamp,
};
use serde_json::{Value, json};

pub const TTL: Duration = Duration::from_secs(120);

/// A folder with a ledger in it.
pub struct House {
    pub dir: tempfile::TempDir,
    pub clock: Arc<ManualClock>,
    pub events: Arc<Recorder>,
}

impl House {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::at(Timestamp::from_millis(1_760_000_000_000))),
            events: Arc::new(Recorder::default()),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("manifest.sqlite3")
    }

    pub fn options(&self) -> Options {
        Options {
            existing: Existing::OrNew,
            durability: Durability::Normal,
            retry: RetryPolicy::default(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            sink: Arc::clone(&self.events) as Arc<dyn EventSink>,
            ..Options::default()
        }
    }

    /// Another process's handle on the ledger, as far as the ledger can tell.
    pub fn open(&self) -> SqliteLedger {
        SqliteLedger::open(&self.path(), self.options()).unwrap()
    }

    /// A connection of somebody who knows nothing of our rules.
    pub fn raw(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.busy_timeout(Duration::from_secs(5)).unwrap();
        db
    }

    pub fn one<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        self.raw().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub fn state(&self) -> String {
        self.one("SELECT state FROM artifact_jobs ORDER BY job_no LIMIT 1")
    }

    /// Everything the ledger holds of jobs, effects and files.
    pub fn everything(&self) -> Vec<String> {
        let db = self.raw();
        let mut all = Vec::new();
        for table in ["ledger_jobs", "ledger_ops", "ledger_objects", "ledger_urls"] {
            let mut rows = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let cells: Vec<String> = (0..columns)
                    .map(|c| format!("{:?}", row.get::<_, rusqlite::types::Value>(c).unwrap()))
                    .collect();
                all.push(format!("{table}: {}", cells.join(", ")));
            }
        }
        all
    }

    pub fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Remembers every event.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    pub fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.all().iter().map(Event::name).collect()
    }

    pub fn count(&self, name: &str) -> usize {
        self.names().into_iter().filter(|n| *n == name).count()
    }
}

impl EventSink for Recorder {
    fn emit(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

pub fn work(n: usize) -> NewJob {
    NewJob {
        work_id: format!("W{n}"),
        artifact_id: format!("W{n}:pdf"),
        canonical_url: format!("https://doi.org/10.1/{n}"),
        payload: Some(json!({"n": n}).to_string()),
    }
}

pub async fn plan(ledger: &SqliteLedger, jobs: usize) {
    ledger.plan((0..jobs).map(work).collect()).await.unwrap();
}

pub async fn try_lease(ledger: &SqliteLedger) -> Leased {
    ledger.lease(LeaseRequest::one(TTL)).await.unwrap()
}

pub async fn lease(ledger: &SqliteLedger) -> Lease {
    try_lease(ledger).await.leases.pop().expect("a job is due")
}

pub fn op(lease: &Lease, kind: OpType, context: Value) -> Op {
    Op::new(kind, lease.job_id, Context::new(context).unwrap())
}

pub fn head(lease: &Lease) -> Op {
    op(
        lease,
        OpType::Head,
        json!({"url": "https://example.org/a.pdf"}),
    )
}

pub fn stream(lease: &Lease) -> Op {
    op(
        lease,
        OpType::Stream,
        json!({"url": "https://example.org/a.pdf"}),
    )
}

pub fn begin(op: Op, intent: Value) -> paperfall::ledger::Begin {
    let intent = intent.into();
    paperfall::ledger::Begin { op, intent }
}

pub fn hash(text: &str) -> Sha256Hex {
    Sha256Hex::of(text.as_bytes())
}

pub fn object(text: &str) -> StoredObject {
    let sha256 = hash(text);
    let name = sha256.to_string();
    StoredObject {
        sha256,
        path: format!("objects/{}/{name}.pdf", &name[..2]),
        bytes: text.len() as u64,
    }
}

pub fn finalize(lease: &Lease, text: &str) -> Op {
    op(
        lease,
        OpType::Finalize,
        json!({"sha256": hash(text).to_string()}),
    )
}

/// Takes a leased job to this state, effect by effect.
pub async fn drive(ledger: &SqliteLedger, lease: &Lease, text: &str, to: JobState) {
    if to >= JobState::HeadDone {
        let done = Finish::ok(head(lease), json!({"etag": "x"})).advancing(JobState::HeadDone);
        ledger.finish(lease, done).await.unwrap();
    }
    if to >= JobState::ResumeOk {
        ledger.advance(lease, JobState::ResumeOk).await.unwrap();
    }
    if to >= JobState::Streaming {
        ledger
            .begin(lease, begin(stream(lease), json!({"part": "p"})))
            .await
            .unwrap();
        ledger.advance(lease, JobState::Streaming).await.unwrap();
    }
    if to >= JobState::Finalized {
        let next = Finish::ok(stream(lease), json!({"sha256": hash(text).to_string()}))
            .then(finalize(lease, text), json!({"final": "f"}));
        ledger.finish(lease, next).await.unwrap();
        let done = Finish::ok(finalize(lease, text), json!({}))
            .advancing(JobState::Finalized)
            .storing(hash(text));
        ledger.finish(lease, done).await.unwrap();
    }
    if to >= JobState::Indexed {
        index(ledger, lease, text, "https://example.org/a.pdf").await;
    }
}

pub async fn index(ledger: &SqliteLedger, lease: &Lease, text: &str, url: &str) -> Indexed {
    let entry = IndexEntry {
        op: op(
            lease,
            OpType::Index,
            json!({"sha256": hash(text).to_string()}),
        ),
        finalize: None,
        object: object(text),
        urls: vec![url.to_owned()],
        result: json!({"ok": true}).into(),
    };
    ledger.index(lease, entry).await.unwrap()
}

/// A shelf of names only.
#[derive(Default)]
pub struct PaperShelf {
    pub files: Mutex<BTreeSet<String>>,
    pub aliases: Mutex<BTreeSet<String>>,
    pub parts: Mutex<Vec<PartName>>,
}

impl Shelf for PaperShelf {
    fn has(&self, sha256: &Sha256Hex, _: Option<u64>) -> io::Result<bool> {
        Ok(self.files.lock().unwrap().contains(&sha256.to_string()))
    }

    fn restore(&self, sha256: &Sha256Hex, _: Option<&str>) -> io::Result<bool> {
        let found = self.aliases.lock().unwrap().contains(&sha256.to_string());
        if found {
            self.files.lock().unwrap().insert(sha256.to_string());
        }
        Ok(found)
    }

    fn parts(&self) -> io::Result<Vec<PartName>> {
        Ok(self.parts.lock().unwrap().clone())
    }

    fn remove_part(&self, part: &PartName) -> io::Result<()> {
        self.parts.lock().unwrap().retain(|p| p != part);
        Ok(())
    }
}

/// The states in which a lease may be held.
pub const LIVE: [JobState; 5] = [
    JobState::Leased,
    JobState::HeadDone,
    JobState::ResumeOk,
    JobState::Streaming,
    JobState::Finalized,
];

pub fn retryable(reason: &str) -> Failure {
    Failure {
        reason: reason.to_owned(),
        retryable: true,
        op: None,
        also: Vec::new(),
    }
}
