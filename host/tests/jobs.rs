//! `paperfall jobs` as an operator uses it: looking at jobs, retrying them,
//! putting right what crashes left, taking everything elsewhere.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "ledger_kit/docstokg.rs"]
mod docstokg_kit;
mod jobs_kit;
mod ledger_kit;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use docstokg_kit::docstokg;
use jobs_kit::*;
use ledger_kit::*;
use paperfall::ledger::{Finish, JobState, Lease, Ledger, NewJob, OpType, PartName, SqliteLedger};
use serde_json::{Value, json};

/// Six jobs: INDEXED, STREAMING (held), two FAILED, two PLANNED.
async fn mixed(house: &House) -> SqliteLedger {
    let ledger = SqliteLedger::open(&house.path(), present(house)).unwrap();
    plan(&ledger, 5).await;
    ledger.plan(vec![doi("10.7717/peerj.4375")]).await.unwrap();
    let held = lease(&ledger).await;
    drive(&ledger, &held, "paper", JobState::Indexed).await;
    let held = lease(&ledger).await;
    drive(&ledger, &held, "other", JobState::Streaming).await;
    fail_next(&ledger, "paywalled").await;
    fail_next(&ledger, "rate_limited").await;
    ledger
}

fn states(listed: &[Value]) -> Vec<&str> {
    listed
        .iter()
        .map(|job| job["state"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_list_has_a_row_a_job_and_counts_them_by_state() {
    let house = House::new();
    let _ledger = mixed(&house).await;
    let ran = jobs(house.dir.path(), &["list"]);
    let lines: Vec<&str> = ran.quiet().lines().collect();
    assert_eq!(lines.len(), 8, "{ran}");
    assert!(lines[0].starts_with("job ") && lines[0].contains("failures"));
    assert!(lines[1].contains("INDEXED") && lines[1].contains("W0"));
    assert!(lines[2].contains("STREAMING") && lines[2].contains("held"));
    assert!(lines[3].contains("FAILED") && lines[3].contains("paywalled"));
    assert!(lines[6].contains("PLANNED") && lines[6].contains("doi:10.7717/peerj.4375"));
    assert_eq!(
        lines[7],
        "6 jobs: 2 FAILED, 1 INDEXED, 2 PLANNED, 1 STREAMING"
    );
}

#[tokio::test]
async fn the_list_is_narrowed_by_state_and_limit_and_given_as_json() {
    let house = House::new();
    let _ledger = mixed(&house).await;
    let folder = house.dir.path();
    let all = jobs(folder, &["list", "--json"]).json_lines();
    assert_eq!(all.len(), 6);
    assert!(all[0]["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(all[0]["sha256"], hash("paper").to_string());
    let some = jobs(folder, &["list", "--state", "failed,Planned", "--json"]).json_lines();
    assert_eq!(states(&some), ["FAILED", "FAILED", "PLANNED", "PLANNED"]);
    let first = jobs(
        folder,
        &["list", "--state", "FAILED", "--limit", "1", "--json"],
    );
    assert_eq!(first.json_lines()[0]["failure_reason"], "paywalled");
    let cut = jobs(folder, &["list", "--limit", "2"]);
    assert!(
        cut.quiet().contains("the first 2; a higher --limit"),
        "{cut}"
    );
    let whole = jobs(folder, &["list", "--limit", "6"]);
    assert!(whole.quiet().contains("6 jobs:"), "{whole}");
    let none = jobs(folder, &["list", "--state", "DEDUPED"]);
    assert_eq!(none.quiet(), "no jobs\n");
}

#[tokio::test]
async fn a_misspelt_state_is_answered_with_the_nearest_one() {
    let house = House::new();
    let _ledger = mixed(&house).await;
    let ran = jobs(house.dir.path(), &["list", "--state", "FALED"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(
        ran.stderr.contains("FALED") && ran.stderr.contains("'FAILED'"),
        "{ran}"
    );
}

#[tokio::test]
async fn a_job_is_shown_by_whatever_names_it() {
    let house = House::new();
    let ledger = SqliteLedger::open(&house.path(), present(&house)).unwrap();
    plan(&ledger, 3).await;
    let named = |work_id: &str, url: &str| NewJob {
        work_id: work_id.to_owned(),
        artifact_id: format!("{work_id}:pdf"),
        canonical_url: url.to_owned(),
        payload: None,
    };
    let planned = ledger
        .plan(vec![
            doi("10.7717/peerj.4375"),
            named("arxiv:2101.00001", "https://arxiv.org/abs/2101.00001"),
            named(
                "pmcid:PMC5815332",
                "https://pmc.ncbi.nlm.nih.gov/articles/PMC5815332/",
            ),
            named("url:https://example.org/a", "https://example.org/a"),
            // Somebody's own name for a work that has a DOI.
            named("my 17", "https://doi.org/10.5555/mine"),
            named("W2741809807", "https://doi.org/10.5555/alex"),
        ])
        .await
        .unwrap();
    let ids: Vec<String> = planned.iter().map(|job| job.job_id.to_string()).collect();
    let capitals = ids[0].to_uppercase();
    let plain = ids[0].replace('-', "");
    for (needle, id) in [
        (ids[0].as_str(), 0),
        (&ids[0][..13], 0),
        (&ids[0][..8], 0),
        (&capitals, 0),
        (&plain, 0),
        ("10.7717/peerj.4375", 0),
        ("doi:10.7717/PeerJ.4375", 0),
        ("https://dx.doi.org/10.7717/peerj.4375", 0),
        ("doi:10.7717/peerj.4375:pdf", 0),
        ("arXiv:2101.00001", 1),
        ("https://arxiv.org/abs/2101.00001", 1),
        ("PMC5815332", 2),
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC5815332/", 2),
        ("https://EXAMPLE.org:443/a", 3),
        ("my 17", 4),
        ("10.5555/mine", 4),
        ("W2741809807", 5),
        ("https://openalex.org/W2741809807", 5),
    ] {
        let ran = jobs(house.dir.path(), &["show", needle, "--json"]);
        assert_eq!(ran.code, 0, "{needle}: {ran}");
        let shown: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(shown["job_id"], ids[id], "{needle}");
    }
}

#[tokio::test]
async fn an_ambiguous_beginning_is_answered_with_the_jobs_it_may_mean() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 800).await;
    let ids: Vec<String> = (0..800)
        .map(|n| paperfall::ledger::JobId::from_key(&work(n).key()).to_string())
        .collect();
    let mut beginnings: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for id in &ids {
        beginnings.entry(&id[..4]).or_default().push(id);
    }
    let (beginning, both) = beginnings.iter().find(|(_, ids)| ids.len() == 2).unwrap();
    let ran = jobs(house.dir.path(), &["show", beginning]);
    ran.refused(2, &["any of 2 jobs", both[0], both[1]]);
    let ran = jobs(house.dir.path(), &["retry", beginning]);
    ran.refused(2, &["any of 2 jobs"]);
    // One digit more tells them apart, or the next.
    let ran = jobs(house.dir.path(), &["show", &both[0][..13]]);
    assert!(ran.quiet().contains(both[0]), "{ran}");
}

#[tokio::test]
async fn a_name_of_digits_is_the_work_of_that_name_before_it_is_the_beginning_of_an_id() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 3).await;
    let id = paperfall::ledger::JobId::from_key(&work(1).key()).to_string();
    let job = NewJob {
        work_id: id[..4].to_owned(),
        ..doi("10.1/x")
    };
    ledger.plan(vec![job]).await.unwrap();
    let ran = jobs(house.dir.path(), &["show", &id[..4], "--json"]);
    let shown: Value = serde_json::from_str(ran.quiet()).unwrap();
    assert_eq!(shown["canonical_url"], "https://doi.org/10.1/x");
}

#[tokio::test]
async fn what_no_job_is_called_is_refused_with_what_can_be_asked() {
    let house = House::new();
    let _ledger = mixed(&house).await;
    for needle in ["10.9999/none", "ffffffff-ffff", "17e", "", "\u{1b}[2J"] {
        let ran = jobs(house.dir.path(), &["show", needle]);
        ran.refused(2, &["no job is called", "a DOI", "jobs list"]);
        assert!(!ran.stderr.contains('\u{1b}'), "{ran}");
    }
}

#[tokio::test]
async fn the_story_has_every_effect_cut_for_people_and_whole_as_json() {
    let house = House::new();
    let ledger = SqliteLedger::open(&house.path(), present(&house)).unwrap();
    let job = NewJob {
        payload: Some(json!({"title": "On stories"}).to_string()),
        ..work(0)
    };
    ledger.plan(vec![job]).await.unwrap();
    let held = lease(&ledger).await;
    let long = "x".repeat(100_000);
    let result = json!({"etag": "abc", "long": long, "evil": "\u{1b}[2J\u{9b}"});
    let done = Finish::ok(head(&held), result.clone()).advancing(JobState::HeadDone);
    ledger.finish(&held, done).await.unwrap();
    let intent = json!({"part": "some.part"});
    ledger
        .begin(&held, begin(stream(&held), intent.clone()))
        .await
        .unwrap();
    let ran = jobs(house.dir.path(), &["show", "W0"]);
    let text = ran.quiet();
    for word in [
        "https://doi.org/10.1/0",
        "STREAMING",
        "On stories",
        "1. HEAD: OK",
        "2. STREAM: not finished",
        "some.part",
        "https://example.org/a.pdf",
        "--json has all of it",
        "its process is alive",
    ] {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    assert!(text.len() < 5000 && !text.contains('\u{1b}') && !text.contains('\u{9b}'));
    let ran = jobs(house.dir.path(), &["show", "W0", "--json"]);
    let story: Value = serde_json::from_str(ran.quiet()).unwrap();
    assert_eq!(story["ops"][0]["result"], result);
    assert_eq!(story["ops"][0]["op_type"], OpType::Head.as_str());
    assert_eq!(story["ops"][1]["intent"], intent);
    assert_eq!(story["ops"][1]["result_code"], Value::Null);
    assert_eq!(story["payload"]["title"], "On stories");
    assert_eq!(story["lease_holder"], "alive");
    assert_eq!(story["round"], 0);
}

#[tokio::test]
async fn the_story_says_when_the_holders_process_is_gone() {
    let house = House::new();
    let ledger = SqliteLedger::open(&house.path(), present(&house)).unwrap();
    plan(&ledger, 1).await;
    let held = lease(&ledger).await;
    ledger.close().await;
    let ran = jobs(house.dir.path(), &["show", &held.job_id.to_string()]);
    assert!(ran.quiet().contains("its process is gone"), "{ran}");
}

#[tokio::test]
async fn failed_jobs_named_get_another_round_and_others_are_left() {
    let house = House::new();
    let ledger = mixed(&house).await;
    let folder = house.dir.path();
    let ran = jobs(folder, &["retry", "W2"]);
    assert!(ran.quiet().contains("gets another round"), "{ran}");
    // One that is not FAILED costs the others nothing, and is told.
    let ran = jobs(folder, &["retry", "W3", "W0", "--json"]);
    assert_eq!(ran.code, 1, "{ran}");
    let done: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(done["retried"].as_array().unwrap().len(), 1);
    assert_eq!(done["not_failed"][0]["work_id"], "W0");
    assert_eq!(done["not_failed"][0]["state"], "INDEXED");
    let all = jobs(folder, &["list", "--json"]).json_lines();
    assert_eq!(
        states(&all),
        [
            "INDEXED",
            "STREAMING",
            "PLANNED",
            "PLANNED",
            "PLANNED",
            "PLANNED"
        ]
    );
    // A running worker gets them.
    let again: Vec<String> = [lease(&ledger).await, lease(&ledger).await]
        .map(|held| held.work_id)
        .to_vec();
    assert_eq!(again, ["W2", "W3"]);
}

#[tokio::test]
async fn nothing_is_retried_when_one_of_the_names_is_unknown() {
    let house = House::new();
    let _ledger = mixed(&house).await;
    let before = house.everything();
    jobs(house.dir.path(), &["retry", "W2", "W99"]).refused(2, &["W99"]);
    assert_eq!(house.everything(), before);
    for args in [
        &["retry", "W2", "--failed"][..],
        &["retry", "W2", "--reason", "rate_limited"],
    ] {
        let ran = jobs(house.dir.path(), args);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains("cannot be used with"), "{ran}");
    }
    assert_eq!(house.everything(), before);
}

#[tokio::test]
async fn who_names_no_job_to_retry_is_told_both_ways_to_say_which() {
    let house = House::new();
    let _ledger = mixed(&house).await;
    for args in [&["retry"][..], &["retry", "--reason", "rate_limited"]] {
        let ran = jobs(house.dir.path(), args);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains("<ID|--failed>"), "{ran}");
    }
    let ran = jobs(house.dir.path(), &["retry", "--help"]);
    for word in ["<ID|--failed>", "1 a named job was not FAILED"] {
        assert!(ran.quiet().contains(word), "no {word}: {ran}");
    }
}

#[tokio::test]
async fn all_failed_jobs_get_another_round_or_those_of_a_reason() {
    let house = House::new();
    let ledger = mixed(&house).await;
    house.later(1);
    let folder = house.dir.path();
    let ran = jobs(folder, &["retry", "--failed", "--reason", "rate_limted"]);
    ran.refused(2, &["rate_limted", "did you mean rate_limited?"]);
    let ran = jobs(folder, &["retry", "--failed", "--reason", "rate_limited"]);
    assert!(ran.quiet().contains("gets another round"), "{ran}");
    let failed = jobs(folder, &["list", "--state", "FAILED", "--json"]).json_lines();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["failure_reason"], "paywalled");
    let ran = jobs(folder, &["retry", "--failed"]);
    assert!(ran.quiet().contains("gets another round"), "{ran}");
    let ran = jobs(folder, &["retry", "--failed"]);
    assert!(ran.quiet().contains("nothing changed"), "{ran}");
    drop(ledger);
}

/// A stored paper, as the output folder has it.
fn store(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join(object(text).path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn reconciling_sweeps_orphans_and_frees_the_jobs_of_the_dead() {
    let house = House::new();
    let folder = house.dir.path();
    let ledger = SqliteLedger::open(&house.path(), present(&house)).unwrap();
    plan(&ledger, 2).await;
    let (mine, theirs) = (lease(&ledger).await, lease(&ledger).await);
    ledger
        .begin(&theirs, begin(stream(&theirs), json!({"part": "p"})))
        .await
        .unwrap();
    ledger.release(&mine).await.unwrap();
    let parts = folder.join(".parts");
    std::fs::create_dir_all(&parts).unwrap();
    let part = |held: &Lease| PartName {
        job: held.job_id,
        fence: held.fence,
    };
    let wanted = parts.join(part(&theirs).to_string());
    // Of a fence that nobody ever streamed under.
    let orphan = parts.join(format!("{}.1.part", mine.job_id));
    let foreign = parts.join("notes.part");
    for file in [&wanted, &orphan, &foreign] {
        std::fs::write(file, "x").unwrap();
    }
    // While its worker lives, nothing of it is touched.
    let ran = jobs(folder, &["reconcile", "--json"]);
    let done: Value = serde_json::from_str(ran.quiet()).unwrap();
    assert_eq!(
        done,
        json!({"recovered_leases": 0, "abandoned_ops": 0, "healed_jobs": 0, "swept_parts": 1})
    );
    assert!(wanted.exists() && !orphan.exists() && foreign.exists());
    ledger.close().await;
    let ran = jobs(folder, &["reconcile"]);
    let text = ran.quiet();
    assert!(text.contains("1  leases"), "{ran}");
    assert!(text.contains("1  effects"), "{ran}");
    // Its stream may be continued by the next worker.
    assert!(wanted.exists());
}

#[tokio::test]
async fn a_deep_reconciliation_restores_lost_papers_or_has_them_fetched_again() {
    let house = House::new();
    let folder = house.dir.path();
    let ledger = SqliteLedger::open(&house.path(), present(&house)).unwrap();
    plan(&ledger, 4).await;
    for text in ["kept", "copied", "lost", "emptied"] {
        let held = lease(&ledger).await;
        drive(&ledger, &held, text, JobState::Indexed).await;
    }
    ledger.close().await;
    let kept = store(folder, "kept");
    std::fs::write(store(folder, "emptied"), "").unwrap();
    // Where links are not to be had, papers are copies.
    std::fs::create_dir_all(folder.join("papers")).unwrap();
    std::fs::write(folder.join("papers/copied.pdf"), "copied").unwrap();
    std::fs::write(folder.join("papers/emptied.pdf"), "emptied").unwrap();
    std::fs::write(folder.join("papers/other.pdf"), "something else").unwrap();
    let ran = jobs(folder, &["reconcile"]);
    assert_eq!(ran.quiet(), "nothing to put right\n");
    let ran = jobs(folder, &["reconcile", "--deep", "--json"]);
    let done: Value = serde_json::from_str(ran.quiet()).unwrap();
    assert_eq!(done["healed_jobs"], 3, "{ran}");
    for text in ["kept", "copied", "emptied"] {
        assert_eq!(
            std::fs::read_to_string(folder.join(object(text).path)).unwrap(),
            text
        );
    }
    assert!(kept.exists() && !folder.join(object("lost").path).exists());
    let all = jobs(folder, &["list", "--json"]).json_lines();
    assert_eq!(states(&all), ["INDEXED", "INDEXED", "PLANNED", "INDEXED"]);
    let ran = jobs(folder, &["reconcile", "--deep"]);
    assert_eq!(ran.quiet(), "nothing to put right\n");
}

#[tokio::test]
async fn a_deep_reconciliation_against_the_wrong_folder_is_refused() {
    let house = House::new();
    let ledger = mixed(&house).await;
    ledger.close().await;
    let before = house.everything();
    let elsewhere = tempfile::tempdir().unwrap();
    let out = elsewhere.path().to_str().unwrap();
    let ledger = house.path();
    let args = ["reconcile", "--deep", "--out", out, "--ledger"];
    let args = [&args[..], &[ledger.to_str().unwrap()]].concat();
    jobs(house.dir.path(), &args).refused(2, &[out, "no papers", "--out"]);
    assert_eq!(house.everything(), before);
}

#[tokio::test]
async fn an_export_has_every_job_with_its_effects_and_goes_anywhere() {
    let house = House::new();
    let ledger = mixed(&house).await;
    ledger.close().await;
    let folder = house.dir.path();
    let before = lasting(folder);
    let ran = jobs(folder, &["export"]);
    let all = ran.json_lines();
    assert_eq!(
        states(&all),
        [
            "INDEXED",
            "STREAMING",
            "FAILED",
            "FAILED",
            "PLANNED",
            "PLANNED"
        ]
    );
    assert_eq!(all[0]["ops"].as_array().unwrap().len(), 4);
    assert_eq!(all[0]["payload"], json!({"n": 0}));
    assert_eq!(lasting(folder), before);
    let ran = jobs(folder, &["export", "--out", "all.jsonl"]);
    assert_eq!(ran.quiet(), "");
    let text = std::fs::read_to_string(folder.join("all.jsonl")).unwrap();
    assert_eq!(text, jobs(folder, &["export", "--out", "-"]).stdout);
    // Over an older one; and nothing half-done is left beside it.
    jobs(folder, &["export", "--out", "all.jsonl"]).quiet();
    let names: Vec<_> = lasting(folder).into_keys().collect();
    assert_eq!(names.len(), before.len() + 1, "{names:?}");
    jobs(folder, &["export", "--out", "."]).refused(2, &["is a folder", "--ledger"]);
    jobs(folder, &["export", "--out", "none/x.jsonl"]).refused(3, &["none/x.jsonl", "--out"]);
    let ran = jobs(folder, &["export", "--out", "/dev/stdout"]);
    assert_eq!(ran.quiet(), text);
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_no_trouble() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 5000).await;
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["export"],
        &["export", "--out", "/dev/stdout"],
    ] {
        let mut child = command(house.dir.path(), args).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_export_takes_memory_for_one_job_and_not_for_all() {
    const JOBS: usize = 3000;
    let house = House::new();
    let ledger = house.open();
    let body = json!({"x": "y".repeat(30_000)}).to_string();
    let job = |n| NewJob {
        payload: Some(body.clone()),
        ..work(n)
    };
    ledger.plan((0..JOBS).map(job).collect()).await.unwrap();
    let mut child = command(house.dir.path(), &["export"]).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut bytes) = (String::new(), 0);
    for _ in 0..JOBS - 20 {
        line.clear();
        bytes += out.read_line(&mut line).unwrap();
    }
    // More is left than the pipe holds, so it is still there, having read nearly all.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let peak: usize = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(bytes > 80 << 20, "{bytes}");
    assert!(peak << 10 < bytes / 2, "{peak} KiB for {bytes} bytes");
}

#[tokio::test]
async fn a_ledger_of_docstokg_is_listed_shown_and_exported_as_it_is() {
    let house = House::new();
    let folder = house.dir.path();
    docstokg(&house.path());
    let before = lasting(folder);
    let all = jobs(folder, &["list", "--json"]).json_lines();
    assert_eq!(states(&all), JobState::ALL.map(JobState::as_str), "{all:?}");
    assert_eq!(all[0]["created_at"], "2023-11-14T22:13:20.25Z");
    assert_eq!(all[0]["fence"], Value::Null);
    let some = jobs(folder, &["list", "--state", "STREAMING", "--json"]).json_lines();
    assert_eq!(some[0]["lease_owner"], "worker-1");
    let ran = jobs(folder, &["list"]);
    assert!(ran.quiet().contains("10 jobs:"), "{ran}");
    for needle in ["00000004", "W4", "https://doi.org/10.1/4", "W4:pdf"] {
        let ran = jobs(folder, &["show", needle]);
        let text = ran.quiet();
        for word in ["worker-1", "cannot be told", "1. HEAD: OK", "cut"] {
            assert!(text.contains(word), "{needle}: no {word:?} in {text}");
        }
    }
    let exported = jobs(folder, &["export"]).json_lines();
    assert_eq!(exported.len(), 10);
    assert_eq!(exported[4]["ops"][0]["op_key"], "k1");
    assert_eq!(lasting(folder), before);
}

#[tokio::test]
async fn a_ledger_of_docstokg_is_migrated_when_it_is_to_be_changed_and_a_copy_kept() {
    let house = House::new();
    let folder = house.dir.path();
    docstokg(&house.path());
    let before = jobs(folder, &["list", "--json"]).json_lines();
    // Naming what is not FAILED changes nothing yet.
    let ran = jobs(folder, &["retry", "W0"]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(!folder.join("manifest.sqlite3.v3-backup").exists());
    let ran = jobs(folder, &["retry", "W9"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr.contains("manifest.sqlite3.v3-backup") && ran.stderr.lines().count() == 1,
        "{ran}"
    );
    let after = jobs(folder, &["list", "--json"]).json_lines();
    let names =
        |jobs: &[Value]| -> Vec<Value> { jobs.iter().map(|job| job["job_id"].clone()).collect() };
    assert_eq!(names(&before), names(&after));
    assert_eq!(after[9]["state"], "PLANNED");
    let copy = ["list", "--json", "--ledger", "manifest.sqlite3.v3-backup"];
    assert_eq!(jobs(folder, &copy).json_lines(), before);
}

#[tokio::test]
async fn help_has_examples_and_every_command() {
    let house = House::new();
    let ran = jobs(house.dir.path(), &["--help"]);
    for word in ["list", "show", "retry", "reconcile", "export", "Examples:"] {
        assert!(ran.quiet().contains(word), "no {word}: {ran}");
    }
    for command in ["list", "show", "retry", "reconcile", "export"] {
        let ran = jobs(house.dir.path(), &[command, "--help"]);
        assert!(ran.quiet().contains("Examples:"), "{command}: {ran}");
    }
}
