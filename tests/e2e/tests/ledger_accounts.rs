//! A work that is tried again while a run lasts, by whomever: the run counts it
//! and tells of it once, by what it came to last, as the ledger does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;

use paperfall_e2e::{RUN, Ran, Rig, Running, paper_url as url, paper_work as work};
use paperfall_miniweb::{Answer, Pdf, Script, World};
use serde_json::Value;

fn pdf(n: u32) -> Pdf {
    Pdf::new("Accounts", n.into(), 20_000)
}

/// Papers of which the first ones are not there when they are asked for first.
async fn rig(late: u32, papers: u32) -> Rig {
    let world = (1..=papers).fold(World::new(), |world, n| {
        let there = Answer::pdf(pdf(n));
        let missing = Script::from(Answer::status(404)).then(there.clone());
        world.page(&url(n), if n <= late { missing } else { there.into() })
    });
    Rig::new(world).await
}

/// A run whose list is not over until it is said to be: as long, it lasts.
struct Lasting {
    run: Running,
    list: File,
}

impl Lasting {
    fn start(rig: &Rig, works: impl IntoIterator<Item = u32>, flags: &[&str]) -> Self {
        let path = rig.folder().join("list.txt");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        // For reading, too: this end does not wait for the other.
        let options = File::options().read(true).write(true).clone();
        let mut list = options.open(&path).unwrap();
        for n in works {
            writeln!(list, "{}", url(n)).unwrap();
        }
        let flags = ["--format", "text"].iter().chain(flags);
        let run = rig.start(RUN.iter().chain(flags));
        Self { run, list }
    }

    async fn until(&mut self, rig: &Rig, states: &[(&str, usize)]) {
        let wanted: BTreeMap<&str, usize> = states.iter().copied().collect();
        let are_so = || {
            let mut counts = BTreeMap::new();
            // Before the first line there need not be a ledger.
            let line = rig.out().join("results.jsonl").metadata();
            if line.map_or(0, |file| file.len()) == 0 {
                return false;
            }
            let states = rig.states();
            for state in states.values() {
                *counts.entry(state.as_str()).or_insert(0) += 1;
            }
            counts == wanted
        };
        self.run.until("the works are so far", are_so).await;
    }

    async fn end(self) -> Ran {
        drop(self.list);
        let ran = self.run.end().await;
        ran.assert_orderly();
        ran
    }
}

fn lines(ran: &Ran) -> Vec<Value> {
    let lines = ran.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn retry_failed(rig: &Rig) {
    let ran = rig.paperfall(["jobs", "retry", "--failed"]).await;
    assert_eq!(ran.code, 0, "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_that_is_retried_by_hand_and_then_obtained_counts_as_obtained() {
    for flags in [&[][..], &["--json"]] {
        let rig = rig(3, 4).await;
        let mut run = Lasting::start(&rig, 1..=4, flags);
        run.until(&rig, &[("FAILED", 3), ("INDEXED", 1)]).await;
        retry_failed(&rig).await;
        run.until(&rig, &[("INDEXED", 4)]).await;
        let ran = run.end().await;
        assert_eq!(ran.code, 0, "{ran}");
        if flags.is_empty() {
            assert!(ran.stdout.contains("4 of 4 works obtained"), "{ran}");
            assert_eq!(ran.account(), "0 done before, 0 resumed, 4 new");
            assert!(!ran.stdout.contains("without a paper"), "{ran}");
        } else {
            let lines = lines(&ran);
            assert_eq!(lines.len(), 4, "{ran}");
            for line in lines {
                assert_eq!(line, rig.result(line["work_id"].as_str().unwrap()));
                assert_eq!(line["outcome"], "success");
            }
        }
        for n in 1..=4 {
            rig.assert_obtained(&work(n), "given", "given_pdf", &pdf(n).bytes());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_that_is_retried_in_vain_counts_once_and_is_told_once() {
    for flags in [&[][..], &["--json"]] {
        let world = World::new()
            .page(&url(1), Answer::status(404))
            .page(&url(2), Answer::pdf(pdf(2)));
        let rig = Rig::new(world).await;
        let mut run = Lasting::start(&rig, 1..=2, flags);
        run.until(&rig, &[("FAILED", 1), ("INDEXED", 1)]).await;
        retry_failed(&rig).await;
        let asked_again = || rig.requests_of(&url(1)).len() >= 2;
        run.run.until("it is asked for again", asked_again).await;
        run.until(&rig, &[("FAILED", 1), ("INDEXED", 1)]).await;
        let ran = run.end().await;
        assert_eq!(ran.code, 1, "{ran}");
        if flags.is_empty() {
            assert!(ran.stdout.contains("1 of 2 works obtained"), "{ran}");
            assert_eq!(ran.account(), "0 done before, 0 resumed, 2 new");
            assert!(
                ran.stdout.contains("without a paper: not_found 1 ("),
                "{ran}"
            );
        } else {
            let told: Vec<Value> = lines(&ran);
            // The one without a paper comes when it is sure to have none.
            assert_eq!(told, [rig.result(&work(2)), rig.result(&work(1))], "{ran}");
        }
        assert_eq!(rig.results().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_that_failed_here_and_another_process_obtained_is_no_failure() {
    for flags in [&[][..], &["--json"]] {
        let rig = rig(1, 2).await;
        let mut run = Lasting::start(&rig, 1..=2, flags);
        run.until(&rig, &[("FAILED", 1), ("INDEXED", 1)]).await;
        // Its line, too.
        run.run
            .until("both are told", || rig.results().len() == 2)
            .await;
        // So that it cannot be the one that tries again.
        run.run.signal("STOP");
        let fetch = [
            "fetch",
            &url(1),
            "--enable-idempotency",
            "--only",
            "given,arxiv",
        ];
        let other = rig
            .paperfall(fetch.iter().chain(&["--retry-missing", "0s"]))
            .await;
        assert_eq!(other.code, 0, "{other}");
        assert_eq!(other.account(), "0 done before, 1 resumed, 0 new");
        run.run.signal("CONT");
        let ran = run.end().await;
        assert_eq!(ran.code, 0, "{ran}");
        if flags.is_empty() {
            assert!(ran.stdout.contains("1 of 1 work obtained"), "{ran}");
            assert_eq!(
                ran.account(),
                "0 done before, 0 resumed, 1 new, 1 done by other processes"
            );
        } else {
            assert_eq!(lines(&ran), [rig.result(&work(2))]);
        }
        rig.assert_obtained(&work(1), "given", "given_pdf", &pdf(1).bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_that_had_failed_before_and_is_obtained_meanwhile_is_no_failure() {
    let rig = rig(1, 2).await;
    rig.list([url(1)]);
    let ran = rig.run(&[]).await;
    assert_eq!(ran.code, 1, "{ran}");
    std::fs::remove_file(rig.folder().join("list.txt")).unwrap();
    let mut run = Lasting::start(&rig, 1..=2, &[]);
    run.until(&rig, &[("FAILED", 1), ("INDEXED", 1)]).await;
    retry_failed(&rig).await;
    run.until(&rig, &[("INDEXED", 2)]).await;
    let ran = run.end().await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("2 of 2 works obtained"), "{ran}");
    assert_eq!(ran.account(), "0 done before, 1 resumed, 1 new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_try_missing_works_again_at_once_no_account_is_longer_than_its_list() {
    let missing = 6;
    let world = (1..=missing).fold(World::new(), |world, n| {
        world.page(&url(n), Answer::status(404))
    });
    let world = (7..=10).fold(world, |world, n| world.page(&url(n), Answer::pdf(pdf(n))));
    let rig = Rig::new(world).await;
    rig.list((1..=10).map(url));
    let ran = rig.run(&[]).await;
    assert_eq!(ran.account(), "0 done before, 0 resumed, 10 new");
    let again = RUN.iter().chain(&["--retry-missing", "0s"]);
    let running: Vec<_> = (0..4).map(|_| rig.start(again.clone())).collect();
    for run in running {
        let ran = run.end().await;
        assert_eq!(ran.code, 1, "{ran}");
        ran.assert_orderly();
        assert_eq!(ran.counted("done before"), 4, "{ran}");
        assert_eq!(ran.counted("new"), 0, "{ran}");
        let lost = ran.counted("resumed") + ran.counted("without a paper since");
        // One that is to be tried again may be one that ended here already.
        let waiting = ran.counted("to be tried again");
        assert!(lost <= missing.into(), "{ran}");
        assert!(lost + waiting >= missing.into(), "{ran}");
    }
    assert_eq!(rig.results().len(), 10);
}
