//! Where a ledger and its papers are, and whose works are on it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::Path;

use paperfall_e2e::{RUN, Rig, paper_url as url, paper_work as work};
use paperfall_miniweb::{Answer, Paper, Pdf, Script, World};
use rusqlite::Connection;

fn pdf(n: u32) -> Pdf {
    Pdf::new("Where", n.into(), 20_000)
}

async fn rig(papers: u32) -> Rig {
    let world = (1..=papers).fold(World::new(), |world, n| {
        world.page(&url(n), Answer::pdf(pdf(n)))
    });
    let rig = Rig::new(world).await;
    rig.list((1..=papers).map(url));
    rig
}

fn assert_obtained(rig: &Rig, n: u32) {
    rig.assert_obtained(&work(n), "given", "given_pdf", &pdf(n).bytes());
}

/// Paper 1 is on the ledger, let go by a Ctrl-C before it came; paper 2 is good.
async fn let_go() -> Rig {
    let script = Script::from(Answer::never()).then(Answer::pdf(pdf(1)));
    let world = World::new()
        .page(&url(1), script)
        .page(&url(2), Answer::pdf(pdf(2)));
    let rig = Rig::new(world).await;
    rig.list([url(1)]);
    let mut run = rig.start(RUN);
    run.until("its probe waits", || !rig.web.requests().is_empty())
        .await;
    run.signal("INT");
    let ran = run.end().await;
    assert_eq!(ran.code, 130, "{ran}");
    rig
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetch_works_on_its_own_ids_and_run_on_whatever_is_due() {
    let rig = let_go().await;
    let fetch = ["fetch", "--enable-idempotency", "--only", "given,arxiv"];
    let id = url(2);
    let ran = rig.paperfall(fetch.iter().chain(&[id.as_str()])).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.account(), "0 done before, 0 resumed, 1 new");
    assert_eq!(rig.requests_of(&url(1)).len(), 1);
    assert_eq!(rig.states()[&work(1)], "LEASED");
    assert_obtained(&rig, 2);

    // The list names paper 2 alone.
    rig.list([url(2)]);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.counted("done before"), 1, "{ran}");
    assert_obtained(&rig, 1);
    assert_eq!(rig.results().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_named_elsewhere_is_made_there_and_nothing_of_it_in_the_output_folder() {
    let rig = rig(2).await;
    let named = ["--ledger", "books/mine.sqlite3"];
    let ran = rig.run(&named).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(rig.folder().join("books/mine.sqlite3").is_file());
    for name in rig.files("") {
        assert!(
            !name.contains("sqlite") && !name.contains("lock-"),
            "{name}"
        );
    }
    let requests = rig.web.requests().len();
    let ran = rig.run(&named).await;
    assert_eq!(ran.account(), "2 done before, 0 resumed, 0 new");
    assert_eq!(rig.web.requests().len(), requests);
    assert_obtained(&rig, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_is_refused_for_another_output_folder_than_its_own() {
    let rig = rig(1).await;
    for ledger in ["books/mine.sqlite3", "out/manifest.sqlite3"] {
        let ran = rig.run(&["--ledger", ledger]).await;
        assert_eq!(ran.code, 0, "{ran}");
        let requests = rig.web.requests().len();
        let ran = rig.run(&["--ledger", ledger, "--out", "elsewhere"]).await;
        ran.assert_refused(2, &[ledger, "elsewhere", "--out", "--ledger"]);
        assert_eq!(rig.web.requests().len(), requests);
        let papers = rig.folder().join("elsewhere/papers");
        assert!(!papers.exists() || papers.read_dir().unwrap().next().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_moved_with_its_ledger_goes_on() {
    // The ledger in the folder, and beside it.
    for (ledger, moved_ledger) in [
        ("a/out/manifest.sqlite3", "b/out/manifest.sqlite3"),
        ("a/mine.sqlite3", "b/mine.sqlite3"),
    ] {
        let rig = rig(2).await;
        rig.list([url(1)]);
        let ran = rig.run(&["--out", "a/out", "--ledger", ledger]).await;
        assert_eq!(ran.code, 0, "{ran}");
        std::fs::rename(rig.folder().join("a"), rig.folder().join("b")).unwrap();
        rig.list([url(1), url(2)]);
        let moved = ["--out", "b/out", "--ledger", moved_ledger];
        let ran = rig.run(&moved).await;
        assert_eq!(ran.code, 0, "{ran}");
        assert_eq!(ran.account(), "1 done before, 0 resumed, 1 new");
        assert_eq!(rig.requests_of(&url(1)).len(), 3);
        assert!(!rig.folder().join("a").exists());
    }
}

/// The tables as DocsToKG's schema 3 has them, with these jobs planned.
fn docstokg(path: &Path, jobs: &[(&str, &str)]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "CREATE TABLE _meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
         INSERT INTO _meta VALUES('schema_version', '3');
         CREATE TABLE manifests(id INTEGER PRIMARY KEY, note TEXT);
         INSERT INTO manifests(note) VALUES('not ours');
         CREATE TABLE artifact_jobs(job_id TEXT PRIMARY KEY, work_id TEXT NOT NULL, artifact_id TEXT NOT NULL,
           canonical_url TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'PLANNED', lease_owner TEXT, lease_until REAL,
           created_at REAL NOT NULL, updated_at REAL NOT NULL, idempotency_key TEXT NOT NULL UNIQUE);
         CREATE TABLE artifact_ops(op_key TEXT PRIMARY KEY, job_id TEXT NOT NULL, op_type TEXT NOT NULL,
           started_at REAL NOT NULL, finished_at REAL, result_code TEXT, result_json TEXT,
           FOREIGN KEY(job_id) REFERENCES artifact_jobs(job_id) ON DELETE CASCADE);",
    )
    .unwrap();
    for (n, (work_id, url)) in jobs.iter().enumerate() {
        db.execute(
            "INSERT INTO artifact_jobs VALUES(?1, ?2, ?3, ?4, 'PLANNED', NULL, NULL, 1700000000.0, 1700000000.0, ?5)",
            rusqlite::params![
                format!("0000000{n}-1111-4222-8333-444444444444"),
                work_id,
                format!("{work_id}#pdf"),
                url,
                format!("{n:064x}"),
            ],
        )
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_docstokg_planned_are_worked_on_by_their_urls() {
    let paper = Paper::new("Theirs")
        .arxiv("2101.00001")
        .arxiv_pdf(Answer::pdf(pdf(7)));
    let world = World::new()
        .paper(paper)
        .page(&url(1), Answer::pdf(pdf(1)))
        .page(&url(2), Answer::pdf(pdf(2)));
    let rig = Rig::new(world).await;
    docstokg(
        &rig.ledger_path(),
        &[
            ("W1", &url(1)),
            ("W2", "https://arxiv.org/abs/2101.00001"),
            ("W3", "no URL at all"),
        ],
    );
    rig.list([url(2)]);
    let ran = rig.run(&[]).await;
    // What cannot be worked on is a work without a paper, and stops nothing; it
    // was not in the list.
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(
        ran.account(),
        "0 done before, 0 resumed, 1 new, 3 of other lists on this ledger (2 obtained)"
    );
    rig.assert_obtained("W1", "given", "given_pdf", &pdf(1).bytes());
    rig.assert_obtained("W2", "arxiv", "arxiv_pdf", &pdf(7).bytes());
    assert_obtained(&rig, 2);
    assert_eq!(rig.result("W1")["artifact_id"], "W1#pdf");
    let states = rig.states();
    assert_eq!(
        [&states["W1"], &states["W2"], &states["W3"]],
        ["INDEXED", "INDEXED", "FAILED"]
    );
    let ledger = rig.ledger();
    let one = |sql: &str| {
        ledger
            .query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    assert_eq!(one("SELECT note FROM manifests"), "not ours");
    assert_eq!(
        one("SELECT job_id FROM artifact_jobs WHERE work_id = 'W1'"),
        "00000000-1111-4222-8333-444444444444"
    );
    assert!(rig.out().join("manifest.sqlite3.v3-backup").is_file());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_of_another_list_that_fails_is_told_of_and_fails_not_this_run() {
    let script = Script::from(Answer::never()).then(Answer::status(404));
    let world = World::new()
        .page(&url(1), script)
        .page(&url(2), Answer::pdf(pdf(2)));
    let rig = Rig::new(world).await;
    rig.list([url(1)]);
    let mut run = rig.start(RUN);
    run.until("its probe waits", || !rig.web.requests().is_empty())
        .await;
    run.signal("INT");
    run.end().await;

    rig.list([url(2)]);
    let ran = rig.run(&["--json"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    // One line a work of the list.
    assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
    assert_eq!(rig.result(&work(1))["reason"], "not_found");
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.account(), "1 done before, 0 resumed, 0 new");
    rig.list([url(1)]);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 1, "its own list's: {ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reconciliation_with_another_ledgers_folder_is_refused_and_resets_no_job() {
    let rig = rig(2).await;
    let ran = rig.run(&["--out", "other"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.list([url(1)]);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    // A folder of papers, of some it has and of others that it has not.
    let ledger = rig.folder().join("other/manifest.sqlite3");
    let args = ["jobs", "reconcile", "--ledger"].map(String::from);
    let args = args
        .into_iter()
        .chain([ledger.to_string_lossy().into_owned()]);
    for deep in [false, true] {
        let deep = deep.then(|| "--deep".to_owned());
        let ran = rig.paperfall(args.clone().chain(deep)).await;
        ran.assert_refused(2, &["other/manifest.sqlite3", "--out"]);
    }
    let requests = rig.web.requests().len();
    rig.list([url(1), url(2)]);
    let ran = rig.run(&["--out", "other"]).await;
    assert_eq!(ran.account(), "2 done before, 0 resumed, 0 new");
    assert_eq!(rig.web.requests().len(), requests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_killed_processes_left_goes_when_nobody_else_is_there() {
    let rig = let_go().await;
    let left = [
        "3f2a66a0-5e2f-4d1c-9a64-111111111111.part",
        "3f2a66a0-5e2f-4d1c-9a64-111111111111.link",
        "restored-Ab12cd",
    ];
    let leave = || {
        for name in left {
            std::fs::write(rig.out().join(".parts").join(name), "left").unwrap();
        }
    };
    leave();
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.files(".parts"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_keeps_its_folder_and_what_is_in_it_while_others_come_and_go() {
    let world = World::new()
        .page(&url(1), Answer::never())
        .page(&url(2), Answer::pdf(pdf(2)));
    let rig = Rig::new(world).await;
    rig.list([url(1)]);
    let mut stays = rig.start(RUN);
    stays
        .until("its probe waits", || !rig.web.requests().is_empty())
        .await;
    // Of somebody who is at work.
    let part = rig
        .out()
        .join(".parts/3f2a66a0-5e2f-4d1c-9a64-111111111111.part");
    std::fs::write(&part, "mine").unwrap();
    let fetch = ["fetch", "--enable-idempotency", "--only", "given,arxiv"];
    let id = url(2);
    let ran = rig.paperfall(fetch.iter().chain(&[id.as_str()])).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(part.exists(), "swept under somebody's hands");
    let plain = ["run", "list.txt", "--only", "given,arxiv"];
    let ran = rig.paperfall(plain).await;
    ran.assert_refused(3, &["in use by another paperfall process"]);
    stays.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_object_of_the_right_size_is_replaced_by_the_good_bytes() {
    let rig = rig(1).await;
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let path = rig.results()[&work(1)]["path"].as_str().unwrap().to_owned();
    let path = rig.out().join(path);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    std::fs::remove_file(rig.out().join("manifest.sqlite3")).unwrap();
    let again = rig.run(&[]).await;
    assert_eq!(again.code, 0, "{again}");
    assert_obtained(&rig, 1);
}
