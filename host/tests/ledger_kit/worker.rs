//! A worker that runs every effect against real files, so that it can be killed
//! at any point and its successor judged by what stands on the disk.
//!
//! It runs in a process of its own: the test binary starts itself again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code
)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use paperfall::ledger::failpoint::{pass, without};
use paperfall::ledger::{
    Begin, Begun, Clock, Context, Durability, Failure, Finish, FirstOp, IndexEntry, Indexed,
    JobState, Lease, LeaseRequest, Ledger, LedgerError, NewJob, Op, OpType, Options, PartName,
    RetryPolicy, Sha256Hex, Shelf, SqliteLedger, SteadyClock, StoredObject, Thoroughness,
    Timestamp,
};
use serde_json::{Value, json};

pub const JOBS: usize = 4;
const TTL: Duration = Duration::from_secs(60);
const CHUNK: usize = 1000;

/// The folders a worker works in.
pub struct Place(pub PathBuf);

impl Place {
    pub fn new(root: &Path) -> Self {
        for folder in ["server", "parts", "objects", "papers"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        Self(root.to_owned())
    }

    pub fn ledger(&self) -> PathBuf {
        self.0.join("manifest.sqlite3")
    }

    pub fn object(&self, sha256: &str) -> PathBuf {
        self.0.join("objects").join(sha256)
    }

    fn log(&self, effect: &str) {
        let mut log = File::options()
            .append(true)
            .create(true)
            .open(self.0.join("effects.log"))
            .unwrap();
        writeln!(log, "{effect}").unwrap();
    }
}

impl Shelf for Place {
    fn has(&self, sha256: &Sha256Hex) -> io::Result<bool> {
        self.object(&sha256.to_string()).try_exists()
    }

    fn restore(&self, _: &Sha256Hex, _: Option<&str>) -> io::Result<bool> {
        Ok(false)
    }

    fn parts(&self) -> io::Result<Vec<PartName>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.0.join("parts"))? {
            parts.extend(entry?.file_name().to_str().and_then(PartName::parse));
        }
        Ok(parts)
    }

    fn remove_part(&self, part: &PartName) -> io::Result<()> {
        match fs::remove_file(self.0.join("parts").join(part.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The steady clock, ahead by some seconds.
struct Ahead(SteadyClock, Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now().after(self.1)
    }
}

pub fn works() -> Vec<NewJob> {
    let jobs = std::env::var("WORKER_JOBS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(JOBS);
    (0..jobs)
        .map(|n| NewJob {
            work_id: format!("W{n}"),
            artifact_id: format!("W{n}:pdf"),
            canonical_url: format!("https://doi.org/10.1/{n}"),
            payload: None,
        })
        .collect()
}

/// Works until nothing is left to do. Exits 7 when fenced out.
pub async fn work(root: &Path, ahead: Duration) -> Result<(), LedgerError> {
    let place = Arc::new(Place::new(root));
    let options = Options {
        durability: Durability::Normal,
        clock: Arc::new(Ahead(SteadyClock::new(), ahead)),
        retry: RetryPolicy {
            first_wait: Duration::from_millis(2),
            ..RetryPolicy::default()
        },
        ..Options::default()
    };
    let ledger = SqliteLedger::open(&place.ledger(), options)?;
    ledger.plan(works()).await?;
    // Quiet workers meet what a crash left without the reconciler's help.
    let quiet = std::env::var_os("WORKER_QUIET").is_some();
    if !quiet {
        ledger.reconcile(place.clone(), Thoroughness::Full).await?;
    }
    loop {
        let first = FirstOp {
            kind: OpType::Resolution,
            intent: json!({"plan": 1}),
        };
        let request = LeaseRequest {
            first: Some(first),
            ..LeaseRequest::one(TTL)
        };
        let leased = ledger.lease(request).await?;
        let Some(lease) = leased.leases.into_iter().next() else {
            let outlook = leased.outlook.unwrap();
            if outlook.backing_off == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        one(&ledger, &place, &lease).await?;
    }
    ledger.reconcile(place.clone(), Thoroughness::Full).await?;
    if std::env::var("PAPERFALL_FAILPOINT").is_ok_and(|point| point.starts_with("checkpoint")) {
        // The log is folded back beside the work, however busy the disk is.
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    ledger.close().await;
    Ok(())
}

fn op(lease: &Lease, kind: OpType, context: Value) -> Op {
    Op::new(kind, lease.job_id, Context::new(context).unwrap())
}

async fn one(ledger: &SqliteLedger, place: &Place, lease: &Lease) -> Result<(), LedgerError> {
    // Enough commits to fold the log back once.
    let renewals = if std::env::var_os("WORKER_QUIET").is_some() {
        1
    } else {
        60
    };
    for _ in 0..renewals {
        ledger.renew(lease, TTL).await?;
    }
    pass("renew.after");
    let released = place.0.join(format!("{}.released", lease.work_id));
    if lease.work_id == "W1" && !released.exists() {
        File::create(&released).unwrap();
        ledger.release(lease).await?;
        pass("release.after");
        return Ok(());
    }
    let Some(url) = resolution(ledger, place, lease).await? else {
        return Ok(());
    };
    if lease.work_id == "W3"
        && lease.state == JobState::Leased
        && ledger.stored_from(&url).await?.is_some()
    {
        ledger.skip_duplicate(lease, &url).await?;
        pass("skip.after");
        return Ok(());
    }
    let etag = head(ledger, place, lease, &url).await?;
    let (part, sha256) = stream(ledger, place, lease, &url, &etag).await?;
    finalize(ledger, place, lease, &part, &sha256).await?;
    index(ledger, place, lease, &url, &part, &sha256).await
}

async fn resolution(
    ledger: &SqliteLedger,
    place: &Place,
    lease: &Lease,
) -> Result<Option<String>, LedgerError> {
    let (_, begun) = lease.first.clone().unwrap();
    let resolution = Op::new(
        OpType::Resolution,
        lease.job_id,
        Context::round(lease.round),
    );
    match begun {
        Begun::Replay(replay) => Ok(replay.result["url"].as_str().map(str::to_owned)),
        _ => {
            pass("RESOLUTION.mid_effect");
            place.log("RESOLUTION");
            if lease.work_id == "W2" && lease.round == 0 {
                let result = json!({"error": "connect"});
                let failed = Some((resolution, paperfall::ledger::ResultCode::Retryable, result));
                let failure = Failure {
                    reason: "connect".to_owned(),
                    retryable: true,
                    op: failed,
                    also: Vec::new(),
                };
                ledger.fail(lease, failure).await?;
                return Ok(None);
            }
            pass("RESOLUTION.after_effect");
            ledger
                .finish(lease, Finish::ok(resolution, json!({"url": "u"})))
                .await?;
            Ok(Some("u".to_owned()))
        }
    }
}

async fn head(
    ledger: &SqliteLedger,
    place: &Place,
    lease: &Lease,
    url: &str,
) -> Result<String, LedgerError> {
    let head = op(lease, OpType::Head, json!({"url": url}));
    if let Some(replay) = ledger.replay(lease, &head).await? {
        return Ok(replay.result["etag"].as_str().unwrap().to_owned());
    }
    pass("HEAD.mid_effect");
    let etag = Sha256Hex::of(&fs::read(place.0.join("server").join(url)).unwrap()).to_string();
    place.log("HEAD");
    pass("HEAD.after_effect");
    ledger
        .finish(
            lease,
            Finish::ok(head, json!({"etag": etag})).advancing(JobState::HeadDone),
        )
        .await?;
    Ok(etag)
}

async fn stream(
    ledger: &SqliteLedger,
    place: &Place,
    lease: &Lease,
    url: &str,
    etag: &str,
) -> Result<(PathBuf, String), LedgerError> {
    let stream = op(lease, OpType::Stream, json!({"url": url}));
    let mut name = PartName {
        job: lease.job_id,
        fence: lease.fence,
    }
    .to_string();
    if without("part_per_fence") {
        name = format!("{}.part", lease.job_id);
    }
    let part = place.0.join("parts").join(&name);
    let begun = ledger
        .begin(
            lease,
            Begin {
                op: stream.clone(),
                intent: json!({"part": name, "etag": etag}),
            },
        )
        .await?;
    let earlier = match begun {
        Begun::Replay(replay) => {
            let path = place
                .0
                .join("parts")
                .join(replay.result["part"].as_str().unwrap_or_default());
            return Ok((
                path,
                replay.result["sha256"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            ));
        }
        Begun::Recover { intent, .. } => Some(intent),
        Begun::Run => None,
    };
    ledger.advance(lease, JobState::Streaming).await?;
    pass("advance.after");
    // The validators decide whether the earlier bytes are of the same file.
    let earlier = earlier.filter(|intent| intent["etag"] == etag);
    let earlier = earlier.and_then(|intent| {
        intent["part"]
            .as_str()
            .map(|part| place.0.join("parts").join(part))
    });
    let mut prefix = Vec::new();
    if let Some(earlier) = earlier
        .as_ref()
        .filter(|earlier| **earlier != part || without("part_per_fence"))
    {
        let _ = File::open(earlier).and_then(|mut file| file.read_to_end(&mut prefix));
    }
    let served = fs::read(place.0.join("server").join(url)).unwrap();
    let mut file = if without("part_per_fence") {
        File::options()
            .append(true)
            .create(true)
            .open(&part)
            .unwrap()
    } else {
        let mut file = File::create(&part).unwrap();
        file.write_all(&prefix).unwrap();
        file
    };
    for (n, chunk) in served[prefix.len().min(served.len())..]
        .chunks(CHUNK)
        .enumerate()
    {
        file.write_all(chunk).unwrap();
        if n == 2 {
            pass("STREAM.mid_effect");
        }
    }
    file.sync_all().unwrap();
    place.log("STREAM");
    // A part that is gone was swept: the job was finished by somebody else.
    let Ok(bytes) = fs::read(&part) else {
        return Err(LedgerError::Fenced {
            job: lease.job_id,
            fence: lease.fence,
        });
    };
    let sha256 = Sha256Hex::of(&bytes).to_string();
    pass("STREAM.after_effect");
    let finalize = op(lease, OpType::Finalize, json!({"sha256": sha256}));
    ledger
        .finish(
            lease,
            Finish::ok(stream, json!({"part": name, "sha256": sha256}))
                .then(finalize, json!({"final": sha256})),
        )
        .await?;
    if let Some(earlier) = earlier.filter(|earlier| *earlier != part) {
        let _ = fs::remove_file(earlier);
    }
    Ok((part, sha256))
}

fn is_whole(path: &Path, sha256: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| Sha256Hex::of(&bytes).to_string() == sha256)
}

fn sync_folder(folder: &Path) {
    File::open(folder).unwrap().sync_all().unwrap();
}

async fn finalize(
    ledger: &SqliteLedger,
    place: &Place,
    lease: &Lease,
    part: &Path,
    sha256: &str,
) -> Result<(), LedgerError> {
    let finalize = op(lease, OpType::Finalize, json!({"sha256": sha256}));
    let begun = ledger
        .begin(
            lease,
            Begin {
                op: finalize.clone(),
                intent: json!({"final": sha256}),
            },
        )
        .await;
    match begun {
        Ok(Begun::Replay(_)) => return Ok(()),
        // Begun together with the end of STREAM.
        Ok(_) | Err(LedgerError::InProgress { .. }) => {}
        Err(error) => return Err(error),
    }
    let object = place.object(sha256);
    if !is_whole(&object, sha256) {
        let _ = fs::remove_file(&object);
        fs::hard_link(part, &object).unwrap();
        pass("FINALIZE.mid_effect");
        sync_folder(&place.0.join("objects"));
        place.log("FINALIZE");
    }
    pass("FINALIZE.after_effect");
    let done = Finish::ok(finalize, json!({"final": sha256})).advancing(JobState::Finalized);
    ledger
        .finish(lease, done.storing(Sha256Hex::parse(sha256).unwrap()))
        .await?;
    Ok(())
}

async fn index(
    ledger: &SqliteLedger,
    place: &Place,
    lease: &Lease,
    url: &str,
    part: &Path,
    sha256: &str,
) -> Result<(), LedgerError> {
    pass("INDEX.before");
    if without("index_in_tx") {
        let mut index = File::options()
            .append(true)
            .create(true)
            .open(place.0.join("index.txt"))
            .unwrap();
        writeln!(index, "{} {sha256}", lease.work_id).unwrap();
        pass("INDEX.half_done");
    }
    let entry = IndexEntry {
        op: op(lease, OpType::Index, json!({"sha256": sha256})),
        finalize: None,
        object: StoredObject {
            sha256: Sha256Hex::parse(sha256).unwrap(),
            path: format!("objects/{sha256}"),
            bytes: fs::metadata(place.object(sha256))
                .map(|m| m.len())
                .unwrap_or(0),
        },
        urls: vec![url.to_owned()],
        result: json!({}),
    };
    let found = ledger.index(lease, entry).await?;
    if found != Indexed::New {
        let alias = place.0.join("papers").join(&lease.work_id);
        let dedupe = op(lease, OpType::Dedupe, json!({"sha256": sha256}));
        let begun = ledger
            .begin(
                lease,
                Begin {
                    op: dedupe.clone(),
                    intent: json!({"alias": lease.work_id}),
                },
            )
            .await?;
        if !matches!(begun, Begun::Replay(_)) {
            if !is_whole(&alias, sha256) {
                let temporary = place
                    .0
                    .join("papers")
                    .join(format!("{}.{}.tmp", lease.work_id, lease.fence));
                let _ = fs::remove_file(&temporary);
                fs::hard_link(place.object(sha256), &temporary).unwrap();
                pass("DEDUPE.mid_effect");
                fs::rename(&temporary, &alias).unwrap();
                sync_folder(&place.0.join("papers"));
                place.log("DEDUPE");
            }
            pass("DEDUPE.after_effect");
            ledger
                .finish(
                    lease,
                    Finish::ok(dedupe, json!({})).advancing(JobState::Deduped),
                )
                .await?;
        }
    }
    let _ = fs::remove_file(part);
    Ok(())
}
