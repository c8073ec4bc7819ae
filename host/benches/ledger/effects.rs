//! Effects: begin and finish against two bare UPDATEs, replay beside a writer,
//! and the commits of a whole job.

use std::path::Path;
use std::time::Instant;

use paperfall::ledger::{
    Begin, Context, Durability, Finish, FirstOp, IndexEntry, Indexed, JobState, Lease,
    LeaseRequest, Ledger, Op, OpType, ResultCode, Sha256Hex, SqliteLedger, StoredObject,
};
use serde_json::json;

use crate::common::{Cost, Goal, Spread, interleave, judged, ratios, report};
use crate::leases::bare_update;
use crate::stage::{self, Stage, TTL, commit_each, operations};

const ROUNDS: usize = 41;
/// Jobs a worker leases at once in the measurement of commits.
const LEASED: usize = 14;
/// Measurements of commits; each ends before the log is folded back.
const COUNTS: usize = 5;

pub fn measure(stage: &Stage, durability: Durability) {
    let runtime = stage::runtime();
    let ledger = stage.open(durability);
    let bare = stage.bare(durability);
    let count = operations(durability);
    // An effect of a job of its own each time, as in life.
    let held = runtime.block_on(stage::leases(&ledger, count * (ROUNDS + 1)));
    let mut jobs = held.iter();
    let mut id = 0;
    let rounds = interleave(
        ROUNDS,
        || {
            runtime.block_on(async {
                for held in jobs.by_ref().take(count) {
                    effect(&ledger, held, ResultCode::Ok).await;
                }
            });
        },
        || {
            commit_each(&bare, count, |db| bare_update(db, &mut id));
            commit_each(&bare, count, |db| bare_update(db, &mut id));
        },
    );
    report(
        "effect (begin + finish) / two bare UPDATEs, a commit each",
        "×",
        &ratios(&rounds, |cost| cost.wall),
        Some(Goal::AtMost(1.4)),
    );
    report(
        "  by CPU time",
        "×",
        &ratios(&rounds, |cost| cost.cpu),
        None,
    );
    let each = |cost: &Cost| cost.wall.as_secs_f64() * 1e6 / count as f64;
    report(
        "  one effect",
        "µs",
        &Spread::new(rounds.iter().map(|(ours, _)| each(ours)).collect()),
        None,
    );
    replay(&runtime, &ledger, &held[0], &stage.ours());
    runtime.block_on(ledger.close());
    let ours = stage::connect(&stage.ours(), Durability::Normal);
    stage::undo(&ours);
    drop(ours);
    let counts: Vec<f64> = (0..COUNTS)
        .map(|_| runtime.block_on(commits(stage, durability)))
        .collect();
    report(
        &format!("commits a job of six effects, {LEASED} leased at once"),
        "commits",
        &Spread::new(counts),
        Some(Goal::AtMost(4.1)),
    );
}

fn numbered(held: &Lease, kind: OpType, n: usize) -> Op {
    let context = Context::new(json!({"url": "https://example.org/a.pdf", "n": n}));
    Op::new(kind, held.job_id, context.expect("a context"))
}

/// One effect with an intent and a result as they are.
pub async fn effect(ledger: &SqliteLedger, held: &Lease, code: ResultCode) {
    let op = numbered(held, OpType::Stream, 1);
    let begin = Begin {
        op: op.clone(),
        intent: json!({"part": "a.part", "etag": "\"abc\"", "length": 123_456}).into(),
    };
    ledger.begin(held, begin).await.expect("begun");
    let result = json!({"sha256": "ab".repeat(32), "bytes": 123_456});
    let finish = Finish {
        code,
        ..Finish::ok(op, result)
    };
    ledger.finish(held, finish).await.expect("finished");
}

/// Replays while another program has the write lock, which it must not need.
fn replay(runtime: &tokio::runtime::Runtime, ledger: &SqliteLedger, held: &Lease, path: &Path) {
    const TIMES: u32 = 500;
    let began = Instant::now();
    let replayed = stage::beside_a_writer(runtime, path, async {
        for _ in 0..TIMES {
            let op = numbered(held, OpType::Stream, 1);
            if !ledger
                .replay(held, &op)
                .await
                .is_ok_and(|replay| replay.is_some())
            {
                return false;
            }
        }
        true
    });
    let each = began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES);
    let verdict = judged("never takes it", replayed == Some(true));
    println!("replay: {each:.1} µs, while another has the write lock{verdict}");
}

/// Whole jobs with six effects, RESOLUTION and a source's attempt included,
/// counted in the write-ahead log from outside.
async fn commits(stage: &Stage, durability: Durability) -> f64 {
    let ledger = stage.open(durability);
    let before = committed(&stage.ours());
    let request = LeaseRequest {
        limit: LEASED,
        first: Some(FirstOp {
            kind: OpType::Resolution,
            intent: json!({"plan": "digest"}).into(),
        }),
        ..LeaseRequest::one(TTL)
    };
    let leases = ledger.lease(request).await.expect("leases").leases;
    assert_eq!(leases.len(), LEASED);
    for held in &leases {
        whole_job(&ledger, held).await;
    }
    let commits = committed(&stage.ours()) - before;
    ledger.close().await;
    commits as f64 / LEASED as f64
}

async fn whole_job(ledger: &SqliteLedger, held: &Lease) {
    let resolution = Op::new(OpType::Resolution, held.job_id, Context::round(held.round));
    let attempt = numbered(held, OpType::Fallback, 0);
    let (head, stream) = (
        numbered(held, OpType::Head, 0),
        numbered(held, OpType::Stream, 0),
    );
    let finalize = numbered(held, OpType::Finalize, 0);
    let tried = vec![(
        attempt,
        ResultCode::Ok,
        json!({"outcome": "success"}).into(),
    )];
    let resolved = Finish::ok(resolution, json!({"url": "u"})).along_with(tried);
    ledger.finish(held, resolved).await.expect("resolved");
    let done = Finish::ok(head, json!({"etag": "x"}))
        .advancing(JobState::HeadDone)
        .then(stream.clone(), json!({"part": "p"}));
    ledger.finish(held, done).await.expect("asked");
    let done = Finish::ok(stream, json!({"bytes": 1}))
        .advancing(JobState::Streaming)
        .then(finalize.clone(), json!({"final": "f"}));
    ledger.finish(held, done).await.expect("streamed");
    let sha256 = Sha256Hex::of(held.work_id.as_bytes());
    let entry = IndexEntry {
        op: numbered(held, OpType::Index, 0),
        finalize: Some((finalize, json!({}).into())),
        object: StoredObject {
            sha256,
            path: format!("objects/{sha256}.pdf"),
            bytes: 1,
        },
        urls: vec![format!("https://example.org/{sha256}")],
        result: json!({}).into(),
    };
    let indexed = ledger.index(held, entry).await.expect("indexed");
    assert_eq!(indexed, Indexed::New);
}

/// Commits in the write-ahead log. (SQLite's format: a header of 32 bytes, then
/// frames of 24 bytes and a page; one that ends a commit has the database's size
/// in its second word, and frames of older logs have other salts.)
fn committed(database: &Path) -> usize {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let bytes = std::fs::read(log).unwrap_or_default();
    let word = |at: usize| {
        let word = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes(word.try_into().ok()?))
    };
    let Some(page) = word(8) else {
        return 0;
    };
    let frame = 24 + usize::try_from(page).expect("a page size");
    let (mut commits, mut at) = (0, 32);
    while at + frame <= bytes.len() && bytes[at + 8..at + 16] == bytes[16..24] {
        commits += usize::from(word(at + 4) != Some(0));
        at += frame;
    }
    commits
}
