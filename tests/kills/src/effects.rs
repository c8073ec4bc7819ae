//! A worker's effects, in the order of a job: the intent is durable before each,
//! its result after it, and what an earlier worker began is probed or adopted.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::failpoints::{pass, without};
use crate::ledger::{
    Begin, Begun, Context, Failure, Finish, IndexEntry, Indexed, JobState, Lease, Ledger,
    LedgerError, Op, OpType, PartName, ResultCode, Sha256Hex, StoredObject,
};
use crate::origin::ask;
use crate::worker::Worker;

const CHUNK: usize = 1000;

fn op(lease: &Lease, kind: OpType, context: Value) -> Op {
    Op::new(kind, lease.job_id, Context::new(context).unwrap())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn fenced(lease: &Lease) -> LedgerError {
    LedgerError::Fenced {
        job: lease.job_id,
        fence: lease.fence,
    }
}

/// Where the file is, or nothing if the round failed.
pub(crate) async fn resolution(
    worker: &Worker,
    lease: &Lease,
) -> Result<Option<String>, LedgerError> {
    let (_, begun) = lease.first.clone().unwrap();
    let resolution = Op::new(
        OpType::Resolution,
        lease.job_id,
        Context::round(lease.round),
    );
    if let Begun::Replay(replay) = begun {
        return Ok(replay.result["url"].as_str().map(str::to_owned));
    }
    pass("RESOLUTION.mid_effect");
    let url = fallback(worker, lease).await?;
    if lease.work_id == "W2" && lease.round == 0 {
        let result = json!({"error": "connect"});
        let failure = Failure {
            reason: "connect".to_owned(),
            retryable: true,
            op: Some((resolution, ResultCode::Retryable, result.into())),
            also: Vec::new(),
        };
        worker.ledger.fail(lease, failure).await?;
        return Ok(None);
    }
    pass("RESOLUTION.after_effect");
    worker
        .ledger
        .finish(lease, Finish::ok(resolution, json!({"url": url})))
        .await?;
    Ok(Some(url))
}

/// One source's attempt.
async fn fallback(worker: &Worker, lease: &Lease) -> Result<String, LedgerError> {
    let context = json!({"source": "a", "attempt": 1, "round": lease.round});
    let fallback = op(lease, OpType::Fallback, context);
    if let Some(replay) = worker.ledger.replay(lease, &fallback).await? {
        return Ok(text(&replay.result["url"]));
    }
    pass("FALLBACK.mid_effect");
    let url = ask(worker.origin, &format!("RESOLVE {}", lease.work_id));
    let url = String::from_utf8_lossy(&url).into_owned();
    pass("FALLBACK.after_effect");
    worker
        .ledger
        .finish(lease, Finish::ok(fallback, json!({"url": url})))
        .await?;
    Ok(url)
}

/// The validator of what the origin serves.
pub(crate) async fn head(
    worker: &Worker,
    lease: &Lease,
    url: &str,
) -> Result<String, LedgerError> {
    let head = op(lease, OpType::Head, json!({"url": url}));
    if let Some(replay) = worker.ledger.replay(lease, &head).await? {
        return Ok(text(&replay.result["etag"]));
    }
    pass("HEAD.mid_effect");
    let etag = ask(worker.origin, &format!("HEAD {}", lease.work_id));
    let etag = String::from_utf8_lossy(&etag).into_owned();
    pass("HEAD.after_effect");
    let done = Finish::ok(head, json!({"etag": etag})).advancing(JobState::HeadDone);
    worker.ledger.finish(lease, done).await?;
    Ok(etag)
}

/// The part file with the bytes, and their hash.
pub(crate) async fn stream(
    worker: &Worker,
    lease: &Lease,
    url: &str,
    etag: &str,
) -> Result<(PathBuf, String), LedgerError> {
    let stream = op(lease, OpType::Stream, json!({"url": url}));
    let name = if without("part_per_fence") {
        format!("{}.part", lease.job_id)
    } else {
        let (job, fence) = (lease.job_id, lease.fence);
        PartName { job, fence }.to_string()
    };
    let part = worker.place.part(&name);
    // Beginning the stream moves the job on; what comes before is said by itself.
    worker.ledger.advance(lease, JobState::ResumeOk).await?;
    pass("advance.after");
    let begin = Begin {
        op: stream.clone(),
        intent: json!({"part": name, "etag": etag}).into(),
    };
    let earlier = match worker.ledger.begin(lease, begin).await? {
        Begun::Replay(replay) => {
            let part = worker.place.part(&text(&replay.result["part"]));
            return Ok((part, text(&replay.result["sha256"])));
        }
        Begun::Recover { intent, .. } => Some(intent),
        Begun::Run => None,
    };
    // The validators decide whether the earlier bytes are of the same file.
    let earlier = earlier
        .filter(|intent| intent["etag"] == etag)
        .map(|intent| worker.place.part(&text(&intent["part"])));
    download(worker, lease, &part, earlier.as_deref());
    // A part that is gone was swept: the job was finished by somebody else.
    let bytes = fs::read(&part).map_err(|_| fenced(lease))?;
    let sha256 = Sha256Hex::of(&bytes).to_string();
    pass("STREAM.after_effect");
    let finalize = op(lease, OpType::Finalize, json!({"sha256": sha256}));
    let done = Finish::ok(stream, json!({"part": name, "sha256": sha256}))
        .then(finalize, json!({"final": sha256}));
    worker.ledger.finish(lease, done).await?;
    if let Some(earlier) = earlier.filter(|earlier| *earlier != part) {
        let _ = fs::remove_file(earlier);
    }
    Ok((part, sha256))
}

/// Copies what an earlier worker has of the file, and fetches the rest.
fn download(worker: &Worker, lease: &Lease, part: &Path, earlier: Option<&Path>) {
    let shared = without("part_per_fence");
    let mut prefix = Vec::new();
    if let Some(earlier) = earlier.filter(|earlier| *earlier != part || shared) {
        let _ = File::open(earlier).and_then(|mut file| file.read_to_end(&mut prefix));
    }
    let mut file = if shared {
        File::options().append(true).create(true).open(part).unwrap()
    } else {
        let mut file = File::create(part).unwrap();
        file.write_all(&prefix).unwrap();
        file
    };
    let question = format!("GET {} {}", lease.work_id, prefix.len());
    let rest = ask(worker.origin, &question);
    for (n, chunk) in rest.chunks(CHUNK).enumerate() {
        file.write_all(chunk).unwrap();
        if n == 2 {
            pass("STREAM.mid_effect");
        }
    }
    file.sync_all().unwrap();
}

fn is_whole(path: &Path, sha256: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| Sha256Hex::of(&bytes).to_string() == sha256)
}

fn sync_folder(folder: &Path) {
    File::open(folder).unwrap().sync_all().unwrap();
}

/// Gives the file its content's name.
pub(crate) async fn finalize(
    worker: &Worker,
    lease: &Lease,
    part: &Path,
    sha256: &str,
) -> Result<(), LedgerError> {
    let finalize = op(lease, OpType::Finalize, json!({"sha256": sha256}));
    let begin = Begin {
        op: finalize.clone(),
        intent: json!({"final": sha256}).into(),
    };
    match worker.ledger.begin(lease, begin).await {
        Ok(Begun::Replay(_)) => return Ok(()),
        // Begun together with the end of STREAM.
        Ok(_) | Err(LedgerError::InProgress { .. }) => {}
        Err(error) => return Err(error),
    }
    let object = worker.place.object(sha256);
    if !is_whole(&object, sha256) {
        let _ = fs::remove_file(&object);
        fs::hard_link(part, &object).unwrap();
        pass("FINALIZE.mid_effect");
        sync_folder(&worker.place.root().join("objects"));
    }
    pass("FINALIZE.after_effect");
    let done = Finish::ok(finalize, json!({"final": sha256}))
        .advancing(JobState::Finalized)
        .storing(Sha256Hex::parse(sha256).unwrap());
    worker.ledger.finish(lease, done).await?;
    Ok(())
}

/// Enters the file into the index, or links to the bytes that are there.
pub(crate) async fn index(
    worker: &Worker,
    lease: &Lease,
    url: &str,
    sha256: &str,
) -> Result<(), LedgerError> {
    pass("INDEX.before");
    if without("index_in_tx") {
        let mut index = File::options()
            .append(true)
            .create(true)
            .open(worker.place.root().join("index.txt"))
            .unwrap();
        writeln!(index, "{} {sha256}", lease.work_id).unwrap();
        pass("INDEX.half_done");
    }
    let bytes = fs::metadata(worker.place.object(sha256)).map_or(0, |m| m.len());
    let entry = IndexEntry {
        op: op(lease, OpType::Index, json!({"sha256": sha256})),
        finalize: None,
        object: StoredObject {
            sha256: Sha256Hex::parse(sha256).unwrap(),
            path: format!("objects/{sha256}"),
            bytes,
        },
        urls: vec![url.to_owned()],
        result: json!({}).into(),
    };
    if worker.ledger.index(lease, entry).await? == Indexed::New {
        return Ok(());
    }
    dedupe(worker, lease, sha256).await
}

async fn dedupe(worker: &Worker, lease: &Lease, sha256: &str) -> Result<(), LedgerError> {
    let dedupe = op(lease, OpType::Dedupe, json!({"sha256": sha256}));
    let begin = Begin {
        op: dedupe.clone(),
        intent: json!({"alias": lease.work_id}).into(),
    };
    if let Begun::Replay(_) = worker.ledger.begin(lease, begin).await? {
        return Ok(());
    }
    let alias = worker.place.alias(&lease.work_id);
    if !is_whole(&alias, sha256) {
        let temporary = worker
            .place
            .alias(&format!("{}.{}.tmp", lease.work_id, lease.fence));
        let _ = fs::remove_file(&temporary);
        fs::hard_link(worker.place.object(sha256), &temporary).unwrap();
        pass("DEDUPE.mid_effect");
        fs::rename(&temporary, &alias).unwrap();
        sync_folder(&worker.place.root().join("papers"));
    }
    pass("DEDUPE.after_effect");
    let done = Finish::ok(dedupe, json!({})).advancing(JobState::Deduped);
    worker.ledger.finish(lease, done).await?;
    Ok(())
}
