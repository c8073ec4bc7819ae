//! Opening a ledger: every way it can fail has words, and DocsToKG's are migrated.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "ledger_kit/docstokg.rs"]
mod docstokg_kit;
mod ledger_kit;

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use docstokg_kit::docstokg;
use ledger_kit::*;
use paperfall::ledger::{
    Existing, JobState, Ledger, LedgerError, LedgerReader, NewJob, Options, SqliteLedger,
};
use rusqlite::Connection;

fn refuse(path: &Path, house: &House) -> LedgerError {
    SqliteLedger::open(path, house.options())
        .err()
        .expect("it was opened")
}

fn rows(path: &Path, sql: &str) -> Vec<Vec<rusqlite::types::Value>> {
    let db = Connection::open(path).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    statement
        .query_map([], |row| (0..columns).map(|c| row.get(c)).collect())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

const JOBS: &str = "SELECT job_id, work_id, artifact_id, canonical_url, state, lease_owner, lease_until, created_at, updated_at,
                    idempotency_key FROM artifact_jobs ORDER BY work_id";
const OPS: &str = "SELECT op_key, job_id, op_type, started_at, finished_at, result_code, result_json FROM artifact_ops ORDER BY op_key";

#[tokio::test]
async fn a_docstokg_ledger_is_migrated_once_with_every_row_and_a_copy_beside_it() {
    let house = House::new();
    let path = house.path();
    docstokg(&path);
    let (jobs, ops) = (rows(&path, JOBS), rows(&path, OPS));
    house.open().close().await;
    assert_eq!(rows(&path, JOBS), jobs);
    assert_eq!(rows(&path, OPS), ops);
    assert_eq!(
        house.one::<String>("SELECT note FROM manifests"),
        "not ours"
    );
    assert_eq!(
        house.one::<i64>("SELECT user_version FROM pragma_user_version"),
        4711
    );
    assert_eq!(
        house.one::<String>("SELECT value FROM _meta WHERE key = 'other'"),
        "kept"
    );
    let backup = house.dir.path().join("manifest.sqlite3.v3-backup");
    assert_eq!(rows(&backup, JOBS), jobs);
    assert_eq!(rows(&backup, OPS), ops);
    // Opening it again migrates nothing and makes no second copy.
    house.open().close().await;
    assert!(
        !house
            .dir
            .path()
            .join("manifest.sqlite3.v3-backup-2")
            .exists()
    );
}

#[tokio::test]
async fn what_docstokg_finished_stays_as_it_stands_and_what_it_did_not_goes_on() {
    let house = House::new();
    docstokg(&house.path());
    let ledger = house.open();
    // Its files lie elsewhere: an empty shelf is no reason to heal anything.
    let found = ledger
        .reconcile(
            std::sync::Arc::new(PaperShelf::default()),
            paperfall::ledger::Thoroughness::Full,
        )
        .await
        .unwrap();
    assert_eq!(found.healed_jobs, 0);
    let planned = ledger.plan((0..10).map(work).collect()).await.unwrap();
    assert!(planned.iter().all(|p| !p.new));
    let done: Vec<JobState> = planned.iter().filter(|p| p.done).map(|p| p.state).collect();
    let finished = [
        JobState::Finalized,
        JobState::Indexed,
        JobState::Deduped,
        JobState::SkippedDuplicate,
        JobState::Failed,
    ];
    assert_eq!(done, finished);
    // Its unfinished jobs keep their ids and states and can be worked on.
    let mut open = Vec::new();
    while let Some(held) = try_lease(&ledger).await.leases.pop() {
        open.push((held.job_id.to_string(), held.state));
        drive(&ledger, &held, &held.work_id, JobState::Indexed).await;
    }
    open.sort();
    let ids: Vec<String> = open.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(
        ids,
        (0..5)
            .map(|n| format!("0000000{n}-1111-4222-8333-444444444444"))
            .collect::<Vec<_>>()
    );
    assert_eq!(open[4].1, JobState::Streaming);
    assert_eq!(
        house.one::<i64>("SELECT count(*) FROM artifact_jobs WHERE state = 'INDEXED'"),
        6
    );
}

#[tokio::test]
async fn docstokgs_own_program_cannot_take_a_migrated_ledger_back() {
    let house = House::new();
    docstokg(&house.path());
    house.open().close().await;
    let db = house.raw();
    assert!(
        db.execute(
            "UPDATE _meta SET value = '3' WHERE key = 'schema_version'",
            []
        )
        .is_err()
    );
    assert!(
        db.execute("INSERT INTO artifact_jobs(job_id) VALUES('x')", [])
            .is_err()
    );
}

#[tokio::test]
async fn a_ledger_of_docstokg_can_be_looked_into_without_being_changed() {
    let house = House::new();
    docstokg(&house.path());
    let before = rows(
        &house.path(),
        "SELECT name, sql FROM sqlite_master ORDER BY name",
    );
    let reader = LedgerReader::open(&house.path()).unwrap();
    let mut seen = Vec::new();
    reader
        .jobs::<LedgerError>(&[], |job| {
            seen.push((job.work_id.clone(), job.state.clone(), job.fence));
            Ok(true)
        })
        .unwrap();
    assert_eq!(seen.len(), 10);
    assert_eq!(seen[4], ("W4".to_owned(), "STREAMING".to_owned(), None));
    let found = reader.find("00000004").unwrap();
    let ops = reader.ops(&found[0]).unwrap();
    assert_eq!(ops[0].result, Some(serde_json::json!("{\"cut\": \"of")));
    assert_eq!(
        rows(
            &house.path(),
            "SELECT name, sql FROM sqlite_master ORDER BY name"
        ),
        before
    );
}

#[tokio::test]
async fn a_job_is_found_by_id_beginning_of_id_work_id_artifact_id_and_url() {
    let house = House::new();
    let ledger = house.open();
    let doi = NewJob {
        work_id: "doi:10.7717/peerj.4375".to_owned(),
        artifact_id: "doi:10.7717/peerj.4375:pdf".to_owned(),
        canonical_url: "https://doi.org/10.7717/peerj.4375".to_owned(),
        payload: None,
    };
    let planned = ledger.plan(vec![work(0), doi]).await.unwrap();
    let held = lease(&ledger).await;
    drive(&ledger, &held, "a", JobState::Indexed).await;
    let reader = LedgerReader::open(&house.path()).unwrap();
    let id = planned[1].job_id.to_string();
    for needle in [
        &id,
        &id[..8],
        "doi:10.7717/peerj.4375",
        "doi:10.7717/peerj.4375:pdf",
        "https://doi.org/10.7717/peerj.4375",
    ] {
        let found = reader.find(needle).unwrap();
        let ids: Vec<&str> = found.iter().map(|job| job.job_id.as_str()).collect();
        assert_eq!(ids, [id.as_str()], "{needle}");
    }
    assert!(reader.find("*").unwrap().is_empty() && reader.find("").unwrap().is_empty());
    let story = reader.ops(&reader.find("W0").unwrap()[0]).unwrap();
    let kinds: Vec<&str> = story.iter().map(|op| op.op_type.as_str()).collect();
    assert_eq!(kinds.len(), 4);
    assert!(
        kinds.contains(&"STREAM")
            && story
                .iter()
                .all(|op| op.result_code.as_deref() == Some("OK"))
    );
    let mut states = Vec::new();
    reader
        .jobs::<LedgerError>(&[JobState::Indexed], |job| {
            states.push(job.state);
            Ok(true)
        })
        .unwrap();
    assert_eq!(states, ["INDEXED"]);
    assert_eq!(
        reader
            .counts()
            .unwrap()
            .iter()
            .map(|c| (c.state.as_str(), c.jobs))
            .collect::<Vec<_>>(),
        [("INDEXED", 1), ("PLANNED", 1)]
    );
}

#[tokio::test]
async fn every_way_of_opening_that_fails_says_what_and_what_to_do() {
    let house = House::new();
    let dir = house.dir.path();
    let folder = refuse(dir, &house);
    assert!(
        matches!(folder, LedgerError::Folder { .. })
            && folder.to_string().contains("manifest.sqlite3"),
        "{folder}"
    );

    let required = Options {
        existing: Existing::Required,
        ..house.options()
    };
    let missing = SqliteLedger::open(&dir.join("none"), required.clone())
        .err()
        .unwrap();
    assert!(matches!(missing, LedgerError::Missing { .. }), "{missing}");
    assert!(!dir.join("none").exists());
    assert!(matches!(
        LedgerReader::open(&dir.join("none")).err().unwrap(),
        LedgerError::Missing { .. }
    ));

    let text = dir.join("notes.txt");
    std::fs::write(
        &text,
        "these are notes, and no database at all\n".repeat(100),
    )
    .unwrap();
    let no_database = refuse(&text, &house);
    assert!(
        matches!(no_database, LedgerError::NotALedger { .. }),
        "{no_database}"
    );

    let empty = dir.join("other.sqlite3");
    Connection::open(&empty)
        .unwrap()
        .execute_batch("CREATE TABLE t(x)")
        .unwrap();
    let no_ledger = SqliteLedger::open(&empty, required).err().unwrap();
    assert!(
        matches!(no_ledger, LedgerError::NotALedger { .. }),
        "{no_ledger}"
    );

    let theirs = dir.join("newer.sqlite3");
    Connection::open(&theirs)
        .unwrap()
        .execute_batch("CREATE TABLE _meta(key TEXT PRIMARY KEY, value TEXT NOT NULL); INSERT INTO _meta VALUES('schema_version', '4')")
        .unwrap();
    let bytes = std::fs::read(&theirs).unwrap();
    let newer = refuse(&theirs, &house);
    assert!(
        matches!(newer, LedgerError::Newer { .. })
            && newer.to_string().contains("nothing was changed"),
        "{newer}"
    );
    assert_eq!(std::fs::read(&theirs).unwrap(), bytes);
}

#[tokio::test]
async fn a_damaged_page_is_reported_as_damage_and_the_file_is_left_alone() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 2000).await;
    ledger.close().await;
    {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .open(house.path())
            .unwrap();
        let length = file.metadata().unwrap().len();
        // Everything but the schema, which lives in the first pages.
        file.seek(SeekFrom::Start(64 * 4096)).unwrap();
        file.write_all(&vec![0xA5; usize::try_from(length).unwrap() - 64 * 4096])
            .unwrap();
    }
    let ledger = house.open();
    let mut damage = None;
    for n in 0..2000 {
        if let Err(error) = ledger.plan(vec![work(n)]).await {
            damage = Some(error);
            break;
        }
    }
    let damage = damage.expect("a damaged ledger was read without a word");
    assert!(
        matches!(damage, LedgerError::Corrupt { .. }) && damage.to_string().contains(".recover"),
        "{damage}"
    );
}

#[tokio::test]
async fn other_programs_tables_in_the_same_file_are_left_alone() {
    let house = House::new();
    Connection::open(house.path())
        .unwrap()
        .execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES(7)")
        .unwrap();
    let ledger = house.open();
    plan(&ledger, 1).await;
    assert_eq!(house.one::<i64>("SELECT x FROM t"), 7);
}

#[tokio::test]
async fn a_program_that_keeps_the_file_locked_is_waited_for() {
    let house = House::new();
    let ledger = house.open();
    let other = house.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let letting_go = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        other.execute_batch("COMMIT").unwrap();
    });
    plan(&ledger, 1).await;
    letting_go.join().unwrap();
    assert_eq!(house.state(), "PLANNED");
}

/// Opens it in eight threads at the same moment, and closes all.
async fn open_eight_times_at_once(house: &House) {
    let start = std::sync::Barrier::new(8);
    let opened = std::thread::scope(|scope| {
        let open = || {
            start.wait();
            SqliteLedger::open(&house.path(), house.options())
        };
        let all = [(); 8].map(|()| scope.spawn(open));
        all.map(|one| one.join().unwrap())
    });
    for ledger in opened {
        ledger.expect("it waits for the others").close().await;
    }
}

#[tokio::test]
async fn many_may_open_a_ledger_that_is_not_there_yet_at_the_same_moment() {
    for _ in 0..20 {
        let house = House::new();
        open_eight_times_at_once(&house).await;
        assert_eq!(house.one::<i64>("SELECT count(*) FROM artifact_jobs"), 0);
    }
}

#[tokio::test]
async fn many_may_open_a_ledger_of_docstokg_at_the_same_moment_and_one_migrates_it() {
    for _ in 0..5 {
        let house = House::new();
        docstokg(&house.path());
        let jobs = rows(&house.path(), JOBS);
        open_eight_times_at_once(&house).await;
        assert_eq!(rows(&house.path(), JOBS), jobs);
        let copies = walk(house.dir.path());
        let copies: Vec<_> = copies.iter().filter(|f| f.contains("backup")).collect();
        assert_eq!(copies, ["manifest.sqlite3.v3-backup"]);
    }
}

#[tokio::test]
async fn a_migration_by_another_process_is_waited_for_as_long_as_it_takes() {
    let house = House::new();
    docstokg(&house.path());
    // Longer than anything else is waited for.
    const MIGRATION: Duration = Duration::from_secs(11);
    let locks = house.dir.path().join("manifest.sqlite3-locks");
    std::fs::create_dir(&locks).unwrap();
    let turn = std::fs::File::create(locks.join("writer.lock")).unwrap();
    turn.lock().unwrap();
    std::thread::scope(|scope| {
        let opened = scope.spawn(|| SqliteLedger::open(&house.path(), house.options()));
        std::thread::sleep(MIGRATION);
        assert!(!opened.is_finished(), "it did not wait");
        drop(turn);
        opened.join().unwrap().unwrap();
    });
}

#[tokio::test]
async fn a_copy_that_a_killed_migration_did_not_finish_goes_with_the_next_opening() {
    let house = House::new();
    house.open().close().await;
    for left in [".v3-backup.unfinished", ".v3-backup.unfinished-journal"] {
        std::fs::write(
            house.dir.path().join(format!("manifest.sqlite3{left}")),
            "half",
        )
        .unwrap();
    }
    house.open().close().await;
    let names = walk(house.dir.path());
    assert!(
        !names.iter().any(|name| name.contains("backup")),
        "{names:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_ledger_with_two_names_is_refused_by_both() {
    let house = House::new();
    house.open().close().await;
    let second = house.dir.path().join("second.sqlite3");
    std::fs::hard_link(house.path(), &second).unwrap();
    for name in [&house.path(), &second] {
        let refused = refuse(name, &house);
        assert!(
            matches!(refused, LedgerError::Linked { names: 2, .. }),
            "{refused}"
        );
        assert!(LedgerReader::open(name).is_err());
    }
    std::fs::remove_file(second).unwrap();
    house.open().close().await;
}

#[tokio::test]
async fn a_clean_close_leaves_no_lock_and_no_log_behind() {
    let house = House::new();
    let ledger = house.open();
    plan(&ledger, 1).await;
    ledger.close().await;
    let names: Vec<String> = walk(house.dir.path());
    assert_eq!(names, ["manifest.sqlite3", "next.lock", "writer.lock"]);
}

fn walk(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(walk(&path));
        } else {
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    names.sort();
    names
}
