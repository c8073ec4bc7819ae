//! The metadata cache from both sides: what a second run asks of its origins,
//! and what becomes of a damaged folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::{Path, PathBuf};

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, LoggedRequest, Paper, Script, Service, World};
use serde_json::json;

const DOI: &str = "10.5555/kept";
const WORK: &str = "doi:10.5555/kept";

fn closed() -> Answer {
    Answer::json(&json!({"doi": DOI, "is_oa": false, "oa_locations": []}))
}

/// A work that Unpaywall knows to be closed, in these words.
async fn rig(answer: impl Into<Script>) -> Rig {
    let paper = Paper::new("Kept").doi(DOI);
    Rig::new(World::new().paper(paper.when_asked(Service::Unpaywall, answer))).await
}

fn cache(rig: &Rig) -> PathBuf {
    rig.folder().join("cache")
}

/// Asks Unpaywall about the work, with a cache of this test's own.
async fn fetch(rig: &Rig) -> Ran {
    run(rig, &["fetch", DOI, "--only", "unpaywall"]).await
}

async fn run(rig: &Rig, args: &[&str]) -> Ran {
    let cache = cache(rig);
    let own = [
        "--http-cache-mib",
        "16",
        "--cache-dir",
        cache.to_str().unwrap(),
    ];
    rig.paperfall(args.iter().chain(&own).copied()).await
}

fn asked(rig: &Rig) -> Vec<LoggedRequest> {
    let mut requests = rig.web.requests();
    requests.retain(|request| request.host == "api.unpaywall.org");
    requests
}

fn assert_closed(rig: &Rig, ran: &Ran) {
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(rig.attempts(WORK), ["unpaywall no_pdf not_oa"], "{ran}");
    std::fs::remove_dir_all(rig.out()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_fresh_is_not_asked_for_again_by_the_next_process() {
    let rig = rig(closed().header("Cache-Control", "max-age=3600")).await;
    for _ in 0..3 {
        let ran = fetch(&rig).await;
        assert_closed(&rig, &ran);
    }
    assert_eq!(asked(&rig).len(), 1);
    let told = run(&rig, &["resolve", DOI, "--only", "unpaywall", "--explain"]).await;
    assert!(told.stdout.contains("→ cache fresh → 200"), "{told}");
    assert!(
        told.stdout
            .contains(", 0 requests (0 of them retries), 0 bytes,"),
        "{told}"
    );
    assert_eq!(asked(&rig).len(), 1);
    let without = rig.paperfall(["fetch", DOI, "--only", "unpaywall"]).await;
    assert_closed(&rig, &without);
    assert_eq!(asked(&rig).len(), 2, "no cache, and it is asked again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_stale_is_confirmed_and_not_sent_again() {
    let rig = rig(closed().etag("\"v1\"").header("Cache-Control", "no-cache")).await;
    for _ in 0..2 {
        let ran = fetch(&rig).await;
        assert_closed(&rig, &ran);
    }
    let asked = asked(&rig);
    let seen: Vec<_> = asked
        .iter()
        .map(|request| (request.header("if-none-match"), request.status))
        .collect();
    assert_eq!(seen, [(None, Some(200)), (Some("\"v1\""), Some(304))]);
}

/// Everything below a folder that is a file.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_cache_costs_one_line_and_a_request() {
    let spoil: [fn(&Path); 3] = [
        |http| {
            for file in files(http) {
                if file.file_name().unwrap().len() == 64 {
                    std::fs::write(file, b"garbage").unwrap();
                }
            }
        },
        |http| {
            for file in files(http) {
                std::fs::write(file, b"garbage").unwrap();
            }
        },
        |http| {
            std::fs::remove_dir_all(http).unwrap();
            std::fs::write(http, b"garbage").unwrap();
        },
    ];
    for (round, spoil) in spoil.iter().enumerate() {
        let rig = rig(closed().header("Cache-Control", "max-age=3600")).await;
        let ran = fetch(&rig).await;
        assert_closed(&rig, &ran);
        spoil(&cache(&rig).join("http"));
        let ran = fetch(&rig).await;
        assert_closed(&rig, &ran);
        let lines: Vec<&str> = ran.stderr.lines().filter(|l| l.contains("cache")).collect();
        assert_eq!(lines.len(), 1, "round {round}: {ran}");
        assert!(lines[0].contains("set aside"), "{ran}");
        ran.assert_orderly();
        let garbage = |path: &PathBuf| std::fs::read(path).unwrap() == b"garbage";
        assert!(files(&cache(&rig)).iter().any(garbage), "nothing is lost");
        // And it works again.
        let ran = fetch(&rig).await;
        assert!(!ran.stderr.contains("cache"), "{ran}");
        assert_eq!(asked(&rig).len(), 2, "round {round}");
    }
}
