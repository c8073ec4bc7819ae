//! An output folder that cannot be written, or not any more: exit 3 and one
//! line; what was stored stays, and a later run completes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Ran, Rig, TinyDisk, binary, finish};
use paperfall_miniweb::{Answer, Paper, Pdf, World};

const SMALL: &str = "arXiv:2101.00001";
const BIG: &str = "arXiv:2101.00002";

fn small() -> Pdf {
    Pdf::new("Small", 1, 20_000)
}

fn big() -> Pdf {
    Pdf::new("Big", 2, 400_000)
}

async fn rig() -> Rig {
    let paper = |id: &str, pdf: Pdf| Paper::new("P").arxiv(id).arxiv_pdf(Answer::pdf(pdf));
    Rig::new(
        World::new()
            .paper(paper("2101.00001", small()))
            .paper(paper("2101.00002", big())),
    )
    .await
}

const ONE_BY_ONE: [&str; 4] = ["--only", "arxiv", "--workers", "1"];

/// `fetch SMALL BIG`, one after the other, under a file size limit.
async fn limited(rig: &Rig, kibibytes: u32, ids: &[&str]) -> Ran {
    let inner = rig.command(["fetch"]);
    let mut command = tokio::process::Command::new("bash");
    command
        .args(["-c", &format!("ulimit -f {kibibytes}; exec \"$0\" \"$@\"")])
        .arg(binary())
        .arg("fetch")
        .args(ids)
        .args(ONE_BY_ONE)
        .current_dir(rig.folder())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    for (key, value) in inner.as_std().get_envs() {
        command.env(key, value.unwrap());
    }
    finish(command.spawn().unwrap()).await
}

fn assert_failed_on(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, 3, "{ran}");
    ran.assert_orderly();
    assert_eq!(ran.complaints().len(), 1, "{ran}");
    for word in words {
        assert!(ran.complaints()[0].contains(word), "no {word:?}: {ran}");
    }
}

/// The small paper is there whole, the big one not at all.
fn assert_only_small(rig: &Rig) {
    assert_eq!(rig.results().len(), 1, "{:?}", rig.results());
    rig.assert_obtained("arxiv:2101.00001", "arxiv", "arxiv_pdf", &small().bytes());
    assert_eq!(rig.files("objects").len(), 1);
    assert_eq!(rig.files("papers").len(), 1);
    assert_eq!(rig.files(".parts"), [""; 0]);
}

async fn assert_completes(rig: &Rig) {
    let before = rig.web.requests_for("arxiv.org", "/pdf/2101.00001").len();
    let mut args = vec!["fetch", SMALL, BIG];
    args.extend(ONE_BY_ONE);
    let ran = rig.paperfall(args).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained("arxiv:2101.00001", "arxiv", "arxiv_pdf", &small().bytes());
    rig.assert_obtained("arxiv:2101.00002", "arxiv", "arxiv_pdf", &big().bytes());
    let after = rig.web.requests_for("arxiv.org", "/pdf/2101.00001").len();
    assert_eq!(before, after, "what was stored was fetched again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_out_that_is_a_file_is_refused_and_the_file_stays() {
    let rig = rig().await;
    let file = rig.file("taken", "mine");
    let out = file.to_str().unwrap();
    let ran = rig.paperfall(["fetch", SMALL, "--out", out]).await;
    ran.assert_refused(3, &[out, "not a folder", "--out"]);
    let below = format!("{out}/below");
    let ran = rig.paperfall(["fetch", SMALL, "--out", &below]).await;
    ran.assert_refused(3, &[&below, "os error"]);
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    assert!(rig.web.requests().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_out_that_may_not_be_written_is_refused_with_a_remedy() {
    let rig = rig().await;
    // Nobody makes folders there, root neither.
    let ran = rig
        .paperfall(["fetch", SMALL, "--out", "/sys/paperfall"])
        .await;
    ran.assert_refused(3, &["/sys/paperfall", "writable folder", "--out"]);
    assert!(rig.web.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_out_whose_inside_is_in_the_way_is_refused_and_left_alone() {
    for name in ["objects", "papers", ".parts"] {
        let rig = rig().await;
        let file = rig.file(&format!("out/{name}"), "mine");
        let ran = rig.paperfall(["fetch", SMALL]).await;
        ran.assert_refused(3, &[name]);
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    }
    let rig = rig().await;
    std::fs::create_dir_all(rig.out().join("results.jsonl")).unwrap();
    let ran = rig.paperfall(["fetch", SMALL]).await;
    ran.assert_refused(3, &["results.jsonl"]);
    assert!(rig.web.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_size_limit_stops_the_run_and_what_is_finished_stays() {
    let rig = rig().await;
    let ran = limited(&rig, 64, &[SMALL, BIG]).await;
    assert_failed_on(&ran, &["write", ".parts", "ulimit -f"]);
    assert_only_small(&rig);
    assert_completes(&rig).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_cannot_be_written_down_is_a_work_to_be_done_again() {
    let rig = rig().await;
    // 63 KiB and a bit: the next line does not fit under 64.
    let filler = format!(
        "{{\"work_id\":\"url:https://filler.example/\",\"outcome\":\"no_pdf\",\"title\":\"{}\"}}\n",
        "x".repeat(65_300)
    );
    rig.file("out/results.jsonl", &filler);
    let ran = limited(&rig, 64, &[SMALL]).await;
    assert_failed_on(&ran, &["results.jsonl", "ulimit -f"]);
    let ran = rig.paperfall(["fetch", SMALL, "--only", "arxiv"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let text = std::fs::read_to_string(rig.out().join("results.jsonl")).unwrap();
    assert!(
        text.starts_with(filler.trim_end()),
        "another's line is gone"
    );
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["work_id"], "arxiv:2101.00001");
    assert_eq!(last["outcome"], "success");
    assert_eq!(rig.files("objects").len(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_the_run_and_what_is_finished_stays() {
    let rig = rig().await;
    let Some(disk) = TinyDisk::mount(&rig.out(), 200) else {
        eprintln!("mounting is not permitted here: only the file size limit was tested");
        return;
    };
    let mut args = vec!["fetch", SMALL, BIG];
    args.extend(ONE_BY_ONE);
    let ran = rig.paperfall(args).await;
    // Where writes are kept back, it is the sync that finds the disk full.
    assert_failed_on(&ran, &["No space left", ".parts", "free some space"]);
    assert_only_small(&rig);
    disk.grow("8m");
    assert_completes(&rig).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_from_the_start_is_said_before_anything_is_asked() {
    let rig = rig().await;
    let Some(_disk) = TinyDisk::mount(&rig.out(), 4) else {
        eprintln!("mounting is not permitted here");
        return;
    };
    std::fs::write(rig.out().join("hog"), vec![0_u8; 4096]).unwrap();
    let ran = rig.paperfall(["fetch", SMALL, "--only", "arxiv"]).await;
    assert_failed_on(&ran, &["free some space"]);
    assert_eq!(rig.files("objects"), [""; 0]);
}
