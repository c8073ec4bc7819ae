//! Runs that end before their list does: by Ctrl-C in an orderly way, by a
//! kill in none. What was finished stays, and the next run completes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::{Duration, Instant};

use paperfall_e2e::{Rig, finish};
use paperfall_miniweb::{Answer, Ended, LoggedRequest, Paper, Pdf, Script, Service, World};
use tokio::process::Child;

const PATIENCE: Duration = Duration::from_secs(30);

fn pdf(n: u32) -> Pdf {
    Pdf::new("Interrupted", n.into(), 40_000)
}

fn id(n: u32) -> String {
    format!("2101.{n:05}")
}

fn work(n: u32) -> String {
    format!("arxiv:{}", id(n))
}

/// Two papers that come at once; a third that hangs in mid-download, and a
/// fourth that is never answered, both until they are asked again.
async fn rig() -> Rig {
    let hangs = || Answer::pdf(pdf(3)).hang_after(16_000);
    // Probe, HEAD, download; then all is well.
    let third = Script::from(hangs())
        .then(hangs())
        .then(hangs())
        .then(Answer::pdf(pdf(3)));
    let fourth = Script::from(Answer::never()).then(Answer::pdf(pdf(4)));
    let good = |n: u32| {
        Paper::new("Good")
            .arxiv(&id(n))
            .arxiv_pdf(Answer::pdf(pdf(n)))
    };
    let scripted = |n: u32, script: Script| {
        Paper::new("Scripted")
            .arxiv(&id(n))
            .when_asked(Service::ArxivPdf, script)
    };
    let rig = Rig::new(
        World::new()
            .paper(good(1))
            .paper(good(2))
            .paper(scripted(3, third))
            .paper(scripted(4, fourth)),
    )
    .await;
    let lines: String = (1..=4).map(|n| format!("arXiv:{}\n", id(n))).collect();
    rig.file("list.txt", lines);
    rig
}

/// Nothing ends by itself while a test looks: arXiv's own deadline would be eight seconds.
const RUN: [&str; 6] = [
    "run",
    "list.txt",
    "--only",
    "arxiv",
    "--fallback-tier",
    "direct_oa:timeout_ms=90000",
];

/// Starts the run and waits until two works are finished, one hangs in its
/// download, and one in its probe.
async fn started(rig: &Rig) -> Child {
    let child = rig.command(RUN).spawn().unwrap();
    let hanging = |requests: &[LoggedRequest]| {
        let open = |n: u32| {
            requests
                .iter()
                .filter(|r| r.path_and_query.ends_with(&id(n)))
                .any(|r| r.method == "GET" && r.ended.is_none() && r.header("range").is_none())
        };
        let probing = requests
            .iter()
            .any(|r| r.path_and_query.ends_with(&id(4)) && r.ended.is_none());
        open(3) && probing
    };
    assert!(rig.web.wait_until(PATIENCE, hanging).await);
    let deadline = Instant::now() + PATIENCE;
    while rig.results().len() < 2 || rig.files(".parts").is_empty() {
        assert!(Instant::now() < deadline, "{:?}", rig.files(""));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child
}

fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([format!("-{name}"), child.id().unwrap().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// The finished two, and nothing of the others.
fn assert_finished_kept(rig: &Rig) {
    assert_eq!(rig.results().len(), 2, "{:?}", rig.results());
    for n in [1, 2] {
        rig.assert_obtained(&work(n), "arxiv", "arxiv_pdf", &pdf(n).bytes());
    }
    assert_eq!(rig.files("objects").len(), 2);
    assert_eq!(rig.files("papers").len(), 2);
}

async fn assert_second_run_completes(rig: &Rig) {
    let asked = |n: u32| {
        rig.web
            .requests_for("arxiv.org", &format!("/pdf/{}", id(n)))
            .len()
    };
    let before = (asked(1), asked(2));
    let ran = rig.paperfall(RUN).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!((asked(1), asked(2)), before, "finished works were redone");
    assert_eq!(rig.results().len(), 4);
    for n in 1..=4 {
        rig.assert_obtained(&work(n), "arxiv", "arxiv_pdf", &pdf(n).bytes());
    }
    assert_eq!(rig.files(".parts"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_at_once_keeps_what_is_finished_and_aborts_the_rest() {
    let rig = rig().await;
    let child = started(&rig).await;
    let stopped = Instant::now();
    signal(&child, "INT");
    let ran = finish(child).await;
    // The stall limit would be twenty seconds.
    assert!(stopped.elapsed().as_secs() < 15, "{:?}", stopped.elapsed());
    assert_eq!(ran.code, 130, "{ran}");
    ran.assert_orderly();
    assert_eq!(ran.complaints().len(), 1, "{ran}");
    assert!(ran.complaints()[0].contains("what is finished is kept"));
    let left = "interrupted: 2 works are left; run the same command again to go on\n";
    assert!(ran.stdout.starts_with(left), "{ran}");
    assert_finished_kept(&rig);
    assert_eq!(rig.files(".parts"), [""; 0]);
    let aborted = |requests: &[LoggedRequest]| requests.iter().all(|r| r.ended.is_some());
    assert!(rig.web.wait_until(PATIENCE, aborted).await);
    let gone = rig
        .web
        .requests()
        .iter()
        .filter(|r| r.ended == Some(Ended::ClientGone))
        .count();
    assert!(gone >= 2, "{:?}", rig.web.requests());
    assert_second_run_completes(&rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_while_waiting_for_a_line_of_standard_input_ends_too() {
    let rig = rig().await;
    let mut child = rig
        .command(["run", "-", "--only", "arxiv"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, format!("{}\n", id(1)).as_bytes())
        .await
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while rig.results().is_empty() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Its standard input stays open: it would wait for ever.
    signal(&child, "INT");
    let ran = finish(child).await;
    assert_eq!(ran.code, 130, "{ran}");
    let unknown = "interrupted before the list was read to its end; run the same";
    assert!(ran.stdout.starts_with(unknown), "{ran}");
    rig.assert_obtained(&work(1), "arxiv", "arxiv_pdf", &pdf(1).bytes());
    drop(stdin);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resolve_says_that_it_was_interrupted() {
    let rig = rig().await;
    let asked = |requests: &[LoggedRequest]| {
        let its = |r: &LoggedRequest| r.path_and_query.ends_with(&id(4));
        requests.iter().any(its)
    };
    let args = ["resolve", &id(4), "--only", "arxiv"];
    let child = rig.command(args).spawn().unwrap();
    assert!(rig.web.wait_until(PATIENCE, asked).await);
    signal(&child, "INT");
    let ran = finish(child).await;
    assert_eq!(ran.code, 130, "{ran}");
    assert_eq!(
        ran.stderr, "paperfall: interrupted before there was an answer\n",
        "{ran}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_runs_leftovers_are_swept_and_the_next_run_completes() {
    let rig = rig().await;
    let child = started(&rig).await;
    signal(&child, "KILL");
    let ran = finish(child).await;
    assert_eq!(ran.code, -1, "{ran}");
    assert_eq!(rig.files(".parts").len(), 1, "the kill left its part");
    assert_finished_kept(&rig);
    assert_second_run_completes(&rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_the_output_that_leaves_does_not_stop_the_run() {
    let rig = rig().await;
    let mut command = tokio::process::Command::new("bash");
    let inner = rig.command(["fetch"]);
    command
        .args([
            "-c",
            "\"$0\" fetch \"$@\" --only arxiv --json | true; exit ${PIPESTATUS[0]}",
        ])
        .arg(paperfall_e2e::binary())
        .args([id(1), id(2)])
        .current_dir(rig.folder())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    for (key, value) in inner.as_std().get_envs() {
        command.env(key, value.unwrap());
    }
    let ran = finish(command.spawn().unwrap()).await;
    ran.assert_orderly();
    assert_eq!(ran.code, 0, "{ran}");
    assert_finished_kept(&rig);
}
