//! `results.jsonl` has every result there ever was on the ledger: what a process
//! was killed before writing, the last one out of the folder writes, whatever list
//! it had.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{RUN, Rig, paper_url as url, paper_work as work};
use paperfall_miniweb::{Answer, Pdf, Script, World};
use serde_json::json;

fn pdf(n: u32) -> Pdf {
    Pdf::new("Untold", n.into(), 20_000)
}

/// Four papers and one that is not there the first time it is asked for.
async fn rig() -> Rig {
    let world = (1..=4).fold(World::new(), |world, n| {
        world.page(&url(n), Answer::pdf(pdf(n)))
    });
    let later = Script::from(Answer::status(404)).then(Answer::pdf(pdf(5)));
    Rig::new(world.page(&url(5), later)).await
}

fn text(rig: &Rig) -> String {
    std::fs::read_to_string(rig.out().join("results.jsonl")).unwrap()
}

fn write(rig: &Rig, lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(rig.out().join("results.jsonl"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_run_of_another_list_writes_the_lines_that_killed_processes_owe() {
    let rig = rig().await;
    rig.list([url(1), url(2), url(3), url(5)]);
    let ran = rig.run(&["--workers", "1"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    let (requests, before) = (rig.web.requests().len(), rig.results());
    // As a kill between the ledger's commit and the line would leave it: no line,
    // or an older one.
    let older = json!({"work_id": work(1), "outcome": "retryable", "reason": "reset"});
    write(&rig, &[older.to_string(), before[&work(3)].to_string()]);

    rig.list([url(4)]);
    let ran = rig.run(&["--json"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
    let mut after = rig.results();
    assert!(after.remove(&work(4)).is_some());
    assert_eq!(after, before);
    let asked = rig.web.requests().split_off(requests);
    assert!(asked.iter().all(|request| request.url() == url(4)));

    // And then there is nothing to write.
    let whole = text(&rig);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.account(), "1 done before, 0 resumed, 0 new");
    assert_eq!(text(&rig), whole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_jobs_of_one_work_the_line_tells_of_the_later_and_stays() {
    let rig = rig().await;
    for n in [1, 2] {
        let artifact = format!("W1:{n}");
        rig.list([json!({"work_id": "W1", "artifact_id": artifact, "url": url(n)}).to_string()]);
        let ran = rig.run(&[]).await;
        assert_eq!(ran.code, 0, "{ran}");
    }
    assert_eq!(rig.jobs().len(), 1, "one work");
    let whole = text(&rig);
    assert_eq!(rig.result("W1")["artifact_id"], "W1:2");
    rig.list([url(3)]);
    rig.run(&[]).await;
    let more = text(&rig);
    assert_eq!(more.lines().next(), whole.lines().next());
    rig.run(&[]).await;
    assert_eq!(text(&rig), more);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_paper_of_a_run_without_the_ledger_keeps_its_line() {
    let rig = rig().await;
    rig.list([url(5)]);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(rig.states()[&work(5)], "FAILED");
    let without = RUN.iter().filter(|arg| **arg != "--enable-idempotency");
    let ran = rig.paperfall(without).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained(&work(5), "given", "given_pdf", &pdf(5).bytes());
    rig.list([url(1)]);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained(&work(5), "given", "given_pdf", &pdf(5).bytes());
}
