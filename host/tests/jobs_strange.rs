//! `paperfall jobs` on ledgers with strange contents, and with a slip of the hand.

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

use docstokg_kit::docstokg;
use jobs_kit::*;
use ledger_kit::*;

#[tokio::test]
async fn an_export_never_takes_the_place_of_a_ledger() {
    let house = House::new();
    let folder = house.dir.path();
    let ledger = house.open();
    plan(&ledger, 3).await;
    // Another ledger than the one that is exported is no better a place.
    let other = folder.join("other.sqlite3");
    docstokg(&other);
    let before = lasting(folder);
    assert!(
        before
            .keys()
            .any(|path| path.ends_with("manifest.sqlite3-wal"))
    );
    for out in [
        "manifest.sqlite3",
        "./manifest.sqlite3",
        "manifest.sqlite3-wal",
        "manifest.sqlite3-shm",
        "other.sqlite3",
    ] {
        let ran = jobs(folder, &["export", "--out", out]);
        ran.refused(2, &["--out", out, "name another file"]);
        assert_unchanged(folder, &before, &ran);
    }
    // An older export is replaced.
    for _ in 0..2 {
        jobs(folder, &["export", "--out", "all.jsonl"]).quiet();
    }
    let lines = std::fs::read_to_string(folder.join("all.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3);
}

/// DocsToKG's ledger with this done to it.
fn with(house: &House, sql: &str) {
    docstokg(&house.path());
    let db = rusqlite::Connection::open(house.path()).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    db.execute_batch(sql).unwrap();
}

#[test]
fn one_text_that_cannot_be_read_keeps_no_other_job_from_being_told() {
    let house = House::new();
    let folder = house.dir.path();
    with(
        &house,
        "UPDATE artifact_jobs SET work_id = x'ff', state = x'fe' WHERE work_id = 'W3';
         UPDATE artifact_ops SET result_json = CAST(x'ff' AS TEXT), op_type = x'fd' WHERE op_key = 'k1';",
    );
    assert!(jobs(folder, &["list"]).quiet().contains("10 jobs"));
    assert_eq!(jobs(folder, &["list", "--json"]).json_lines().len(), 10);
    assert_eq!(jobs(folder, &["export"]).json_lines().len(), 10);
    // The one with that effect, and another.
    for work in ["W4", "W0"] {
        assert!(jobs(folder, &["show", work]).quiet().contains(work));
    }
    assert_eq!(jobs(folder, &["retry", "W9"]).code, 0);
    assert!(jobs(folder, &["list"]).quiet().contains("10 jobs"));
}

#[test]
fn jobs_with_ids_of_another_kind_are_shown_and_retried_by_them() {
    let house = House::new();
    let folder = house.dir.path();
    with(
        &house,
        "UPDATE artifact_jobs SET job_id = 'job-one', state = 'FAILED' WHERE work_id = 'W0';",
    );
    assert!(jobs(folder, &["show", "job-one"]).quiet().contains("W0"));
    let ran = jobs(folder, &["retry", "job-one"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stdout.contains("job job-one gets another round"),
        "{ran}"
    );
    // As it is after its migration.
    assert!(
        jobs(folder, &["show", "job-one"])
            .quiet()
            .contains("PLANNED")
    );
    let ran = jobs(folder, &["retry", "--failed"]);
    assert!(ran.quiet().contains("gets another round"), "{ran}");
}

#[test]
fn nothing_a_ledger_holds_commands_the_terminal() {
    let house = House::new();
    let folder = house.dir.path();
    with(
        &house,
        "UPDATE artifact_jobs SET job_id = char(27) || '[2J' || work_id, work_id = char(27) || ']0;x' || char(7) || work_id,
                state = CASE work_id WHEN 'W9' THEN state ELSE char(27) || '[1m' || state END;
         UPDATE artifact_jobs SET updated_at = 1e300, created_at = 9e999 WHERE work_id LIKE '%W5';",
    );
    let listed = jobs(folder, &["list"]);
    let row = jobs(folder, &["list", "--json"])
        .json_lines()
        .swap_remove(9);
    let named = row["job_id"].as_str().unwrap().to_owned();
    let shown = jobs(folder, &["show", &named]);
    let ambiguous = {
        let both = "UPDATE artifact_jobs SET artifact_id = 'both'";
        rusqlite::Connection::open(house.path())
            .unwrap()
            .execute_batch(both)
            .unwrap();
        jobs(folder, &["show", "both"])
    };
    assert_eq!((listed.code, shown.code, ambiguous.code), (0, 0, 2));
    let retried = [
        jobs(folder, &["retry", row["work_id"].as_str().unwrap()]),
        jobs(folder, &["retry", row["work_id"].as_str().unwrap()]),
    ];
    assert_eq!((retried[0].code, retried[1].code), (0, 1));
    for ran in [&listed, &shown, &ambiguous].into_iter().chain(&retried) {
        for text in [&ran.stdout, &ran.stderr] {
            let commands = text.chars().any(|c| c.is_control() && c != '\n');
            assert!(!commands, "{text:?}");
            assert!(text.lines().all(|line| line.len() < 400), "{text}");
        }
    }
}
