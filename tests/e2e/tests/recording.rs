//! Runs that are recorded, and replayed where there is no network at all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use paperfall_e2e::{EMAIL, Ran, Rig, binary, finish};
use paperfall_miniweb::{Answer, Location, Paper, Pdf, UnpaywallRecord, World};
use serde_json::{Value, json};
use tokio::process::Command;

const DOI: &str = "10.5555/taped";
const WORK: &str = "doi:10.5555/taped";
const FILE: &str = "https://press.example/taped.pdf";

async fn rig() -> Rig {
    let record = UnpaywallRecord::open([Location::pdf(FILE, "https://press.example/taped")]);
    let paper = Paper::new("Taped")
        .doi(DOI)
        .unpaywall(record)
        .page(FILE, Answer::pdf(Pdf::new("Taped", 7, 400_000)));
    Rig::new(World::new().paper(paper)).await
}

fn har(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).expect("the recording is JSON")
}

fn entries(path: &Path) -> Vec<Value> {
    har(path)["log"]["entries"].as_array().unwrap().clone()
}

/// Results by work, without what a clock decides.
fn timeless(out: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(out.join("results.jsonl")).unwrap();
    let results = text.lines().map(|line| {
        let mut result: Value = serde_json::from_str(line).unwrap();
        let object = result.as_object_mut().unwrap();
        object.remove("elapsed_ms");
        object.remove("finished_at");
        for attempt in object["attempts"].as_array_mut().unwrap() {
            attempt.as_object_mut().unwrap().remove("elapsed_ms");
        }
        (result["work_id"].as_str().unwrap().to_owned(), result)
    });
    results.collect()
}

/// The binary where there is no network, not even loopback; none where this
/// machine does not let us make such a place.
fn nowhere(args: &[&str]) -> Option<Command> {
    let made = std::process::Command::new("unshare")
        .args(["-n", "true"])
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine allows no network namespace");
        return None;
    }
    let mut command = Command::new("unshare");
    command.arg("-n").arg(binary()).args(args);
    Some(command)
}

/// Runs a demo, in the folder of a rig, with its environment.
async fn demo(rig: &Rig, mut command: Command) -> Ran {
    let model = rig.command([""; 0]);
    command
        .current_dir(rig.folder())
        .env_clear()
        .envs(model.as_std().get_envs().filter_map(|(name, value)| {
            let kept = ["HOME", "PAPERFALL_CACHE_DIR"]
                .iter()
                .any(|kept| name == *kept);
            kept.then_some((name, value?))
        }))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    finish(command.spawn().unwrap()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_demo_replays_where_there_is_no_network() {
    let replay = ["demo", "--out", "again", "--replay-har", "demo.har"];
    let Some(nowhere) = nowhere(&replay) else {
        return;
    };
    let rig = Rig::new(World::new()).await;
    let mut live = Command::new(binary());
    live.args(["demo", "--out", "live", "--record-har", "demo.har"]);
    let live = demo(&rig, live).await;
    assert_eq!(live.code, 0, "{live}");
    let replayed = demo(&rig, nowhere).await;
    assert_eq!(replayed.code, 0, "{replayed}");
    let (live, replayed) = (
        timeless(&rig.folder().join("live")),
        timeless(&rig.folder().join("again")),
    );
    assert_eq!(live.len(), 64);
    for (work, result) in &live {
        assert_eq!(Some(result), replayed.get(work), "{work}");
    }
    assert_eq!(live.len(), replayed.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_replays_for_another_operator_and_names_nobody() {
    let rig = rig().await;
    let ran = rig
        .paperfall(["fetch", DOI, "--record-har", "run.har"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let path = rig.folder().join("run.har");
    let text = std::fs::read_to_string(&path).unwrap();
    let encoded = EMAIL.replace('@', "%40");
    assert!(!text.contains(EMAIL) && !text.contains(&encoded));
    assert!(text.contains("email={{email}}"));
    let recorded = timeless(&rig.out());
    std::fs::remove_dir_all(rig.out()).unwrap();
    let asked = rig.web.requests().len();
    let mut replay = rig.command(["fetch", DOI, "--replay-har", "run.har"]);
    replay.env("PAPERFALL_EMAIL", "somebody.else@paperfall.example");
    replay.env_remove("PAPERFALL_RESOLVE");
    let ran = finish(replay.spawn().unwrap()).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(timeless(&rig.out()), recorded);
    assert_eq!(rig.web.requests().len(), asked, "nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_recorded_is_named_with_what_is_near() {
    let rig = rig().await;
    let ran = rig
        .paperfall(["resolve", DOI, "--record-har", "run.har"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let asked = rig.web.requests().len();
    let other = "10.5555/tapes";
    let ran = rig
        .paperfall([
            "resolve",
            other,
            "--explain",
            "--only",
            "unpaywall",
            "--replay-har",
            "run.har",
            "--record-har",
            "copy.har",
        ])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    for said in [&ran.stdout, &ran.stderr] {
        assert!(
            said.contains(
                "not recorded: GET https://api.unpaywall.org/v2/10.5555/tapes?email={{email}}"
            ) && said.contains(
                "nearest: GET https://api.unpaywall.org/v2/10.5555/taped?email={{email}}"
            ),
            "{ran}"
        );
    }
    assert_eq!(rig.web.requests().len(), asked, "nobody was asked");
    let misses = entries(&rig.folder().join("copy.har"));
    assert_eq!(misses.len(), 1);
    assert_eq!(misses[0]["_error"], "not-recorded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_by_a_browser_answers() {
    let rig = rig().await;
    let record = json!({
        "doi": DOI, "is_oa": true,
        "oa_locations": [{"url_for_pdf": FILE, "version": "publishedVersion"}],
    });
    let entry = |url: &str, range: Option<&str>, content: Value| {
        let headers: Vec<Value> = range
            .map(|range| json!({"name": "Range", "value": range}))
            .into_iter()
            .collect();
        json!({
            "request": {"method": "GET", "url": url, "headers": headers},
            "response": {"status": 200, "content": content},
        })
    };
    let pdf = [&b"%PDF-1.7\n"[..], &[b' '; 2000], b"%%EOF\n"].concat();
    let browser = json!({"log": {"version": "1.2", "entries": [
        entry(
            &format!("https://api.unpaywall.org/v2/{DOI}?email=me@home.example"),
            None,
            json!({"mimeType": "application/json", "text": record.to_string()}),
        ),
        entry(FILE, Some("bytes=0-4095"), json!({
            "mimeType": "application/pdf", "encoding": "base64", "text": base64(&pdf),
        })),
    ]}});
    let path = rig.file("browser.har", browser.to_string());
    let path = path.to_str().unwrap();
    let args = ["resolve", DOI, "--only", "unpaywall", "--replay-har", path];
    let ran = rig.paperfall(args).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains(FILE), "{ran}");
    assert!(rig.web.requests().is_empty());
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..=three.len() {
            let index = usize::try_from(bits >> (18 - 6 * n) & 63).unwrap();
            text.push(char::from(LETTERS[index]));
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_run_leaves_a_recording_of_what_had_ended() {
    for signal in ["INT", "KILL"] {
        let slow = "https://press.example/slow.pdf";
        let paper = Paper::new("Slow")
            .doi("10.5555/slow")
            .doi_leads_to(slow)
            .page(slow, Answer::never());
        let record = UnpaywallRecord::open([Location::pdf(FILE, "https://press.example/taped")]);
        let quick = Paper::new("Taped")
            .doi(DOI)
            .unpaywall(record)
            .page(FILE, Answer::pdf(Pdf::new("Taped", 7, 400_000)));
        let rig = Rig::new(World::new().paper(paper).paper(quick)).await;
        let args = ["fetch", DOI, "10.5555/slow", "--record-har", "run.har"];
        let child = rig.command(args).spawn().unwrap();
        let pid = child.id().unwrap().to_string();
        let waiting = async {
            let done = || rig.out().join("results.jsonl");
            let finished = || std::fs::read_to_string(done()).is_ok_and(|text| text.contains(WORK));
            while !finished() || rig.requests_of(slow).is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .unwrap();
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &pid])
            .status();
        assert!(sent.unwrap().success());
        let ran = finish(child).await;
        assert_ne!(ran.code, 0, "{ran}");
        let path = rig.folder().join("run.har");
        let urls: Vec<String> = entries(&path)
            .iter()
            .map(|entry| entry["request"]["url"].as_str().unwrap().to_owned())
            .collect();
        assert!(urls.iter().any(|url| url == FILE), "{signal}: {urls:?}");
        // And it replays.
        let ran = rig
            .paperfall(["resolve", DOI, "--replay-har", "run.har"])
            .await;
        assert_eq!(ran.code, 0, "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_refused_or_asks_nobody_leaves_an_older_recording_whole() {
    let rig = rig().await;
    let record = ["fetch", DOI, "--record-har", "run.har"];
    let ran = rig.paperfall(record).await;
    assert_eq!(ran.code, 0, "{ran}");
    let path = rig.folder().join("run.har");
    let recorded = std::fs::read_to_string(&path).unwrap();
    let beside = |rig: &Rig| {
        let names = std::fs::read_dir(rig.folder()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name());
        let is_recording = |name: &std::ffi::OsString| name.to_string_lossy().contains("har");
        names.filter(is_recording).count()
    };
    rig.file("taken", b"no folder");
    let refused = rig
        .paperfall(record.iter().chain(&["--out", "taken"]))
        .await;
    assert_ne!(refused.code, 0, "{refused}");
    let second = rig.paperfall(record).await;
    assert_eq!(second.code, 0, "{second}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), recorded);
    assert_eq!(beside(&rig), 1);

    let asking = rig.paperfall(record.iter().chain(&["--out", "anew"])).await;
    assert_eq!(asking.code, 0, "{asking}");
    assert_ne!(std::fs::read_to_string(&path).unwrap(), recorded);
    assert!(!entries(&path).is_empty());
    assert_eq!(beside(&rig), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_recording_is_refused_in_one_line() {
    let rig = Rig::new(World::new()).await;
    rig.file("empty.har", b"");
    rig.file("text.har", b"GET / HTTP/1.1");
    rig.file("half.har", b"{\"log\":{\"entries\":[{\"request\"");
    rig.file("other.json", b"{\"works\":[]}");
    rig.file("valid.har", b"{\"log\":{\"entries\":[]}}");
    std::fs::create_dir(rig.folder().join("folder")).unwrap();
    for (args, words) in [
        (
            &["--replay-har", "empty.har"][..],
            &["empty.har", "empty"][..],
        ),
        (&["--replay-har", "text.har"], &["text.har", "line 1"]),
        (&["--replay-har", "half.har"], &["half.har", "EOF"]),
        (&["--replay-har", "other.json"], &["other.json", "\"log\""]),
        (&["--replay-har", "folder"], &["folder", "name a HAR file"]),
        (
            &["--replay-har", "no/such.har"],
            &["no/such.har", "no such file"],
        ),
        (&["--record-har", "folder"], &["folder", "name a file"]),
        (&["--record-har", "no/such.har"], &["no/such.har"]),
        (
            &["--record-har", "valid.har", "--replay-har", "valid.har"],
            &["valid.har", "another file"],
        ),
    ] {
        let args: Vec<&str> = ["resolve", DOI].iter().chain(args).copied().collect();
        let ran = rig.paperfall(args).await;
        ran.assert_refused(2, words);
    }
    let kept: PathBuf = rig.folder().join("valid.har");
    assert_eq!(entries(&kept), [Value::Null; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_takes_the_place_of_no_other_file() {
    let rig = rig().await;
    for content in ["\0asm\u{1}", "{\"work_id\":\"log\"}\n", "notes of mine"] {
        let path = rig.file("mine", content);
        let ran = rig.paperfall(["fetch", DOI, "--record-har", "mine"]).await;
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains("is no recording"), "{ran}");
        assert_eq!(std::fs::read_to_string(path).unwrap(), content);
    }
    assert!(rig.web.requests().is_empty());
    // A recording may be made again.
    for _ in 0..2 {
        let ran = rig
            .paperfall(["fetch", DOI, "--record-har", "again.har"])
            .await;
        assert_eq!(ran.code, 0, "{ran}");
    }
}
