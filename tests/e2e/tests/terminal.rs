//! What people see on a terminal: a bar that never tells of less than there is,
//! and lines above it.
//!
//! The terminal is Python's; without Python there is nothing to test: that is
//! said, and in CI (`PAPERFALL_REQUIRE_TOOLS`) it is a failure.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::process::Stdio;
use std::time::Duration;

use paperfall_e2e::{Ran, Rig, finish};
use paperfall_miniweb::{Answer, Pdf, World};
use tokio::io::AsyncWriteExt;

const PATIENCE: Duration = Duration::from_secs(30);
const GOOD: &str = "https://papers.example/good.pdf";
const SILENT: &str = "https://silent.example/silent.pdf";
/// Runs a program on a terminal; what is written to it are keys.
const TERMINAL: &str = "import os, pty, sys
status = pty.spawn(['sh', '-c', 'stty cols 120 rows 40; exec \"$@\"', 'sh'] + sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(status))";
const CTRL_C: &[u8] = b"\x03";
/// The terminal is told to forget the line, the bar's.
const CLEARED: &str = "\x1b[2K";

fn has_python() -> bool {
    let there = std::process::Command::new("python3")
        .args(["-c", "import pty"])
        .status()
        .is_ok_and(|status| status.success());
    assert!(
        there || std::env::var_os("PAPERFALL_REQUIRE_TOOLS").is_none(),
        "there is no python3"
    );
    if !there {
        eprintln!("skipped: there is no python3");
    }
    there
}

/// One paper that comes at once, and one whose host never answers.
async fn rig() -> Rig {
    let world = World::new()
        .page(GOOD, Answer::pdf(Pdf::new("Good", 1, 20_000)))
        .page(SILENT, Answer::never());
    Rig::new(world).await
}

/// Runs this on a terminal until the silent host is asked; then
/// Ctrl-C is pressed.
async fn interrupted(rig: &Rig, args: &[&str]) -> Ran {
    let inner = rig.command(args);
    let mut command = tokio::process::Command::new("python3");
    command
        .args(["-c", TERMINAL])
        .arg(inner.as_std().get_program())
        .args(inner.as_std().get_args())
        .current_dir(rig.folder())
        .env_remove("RUST_LOG")
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (key, value) in inner.as_std().get_envs() {
        command.env(key, value.unwrap());
    }
    let mut child = command.spawn().unwrap();
    let mut keys = child.stdin.take().unwrap();
    let is_asked = |requests: &[paperfall_miniweb::LoggedRequest]| {
        requests.iter().any(|r| r.host == "silent.example")
    };
    assert!(rig.web.wait_until(PATIENCE, is_asked).await);
    keys.write_all(CTRL_C).await.unwrap();
    keys.flush().await.unwrap();
    let ran = finish(child).await;
    drop(keys);
    ran
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bar_begins_with_the_first_work_and_what_is_said_stands_above_it() {
    if !has_python() {
        return;
    }
    let rig = rig().await;
    rig.file("list.txt", format!("{GOOD}\n{SILENT}\n"));
    let ran = interrupted(&rig, &["run", "list.txt"]).await;
    assert_eq!(ran.code, 130, "{ran}");
    let shown = &ran.stdout;
    assert!(shown.contains("/2 works"), "{ran}");
    for nonsense in ["0/0 works", "1/0 works"] {
        assert!(!shown.contains(nonsense), "{ran}");
    }
    let (before, after) = shown.split_once("paperfall: stopping").expect("it is said");
    assert!(before.ends_with(CLEARED) || before.ends_with('\n'), "{ran}");
    let (words, _) = after.split_once('\n').expect("the line ends");
    assert!(words.trim_end().ends_with("to leave at once)"), "{ran}");
    assert!(after.contains(" left; run the same command again"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resolve_shows_what_it_waits_for() {
    if !has_python() {
        return;
    }
    let rig = rig().await;
    let ran = interrupted(&rig, &["resolve", SILENT]).await;
    assert_eq!(ran.code, 130, "{ran}");
    let waited = format!("asking for url:{SILENT}");
    assert!(ran.stdout.contains(&waited), "{ran}");
    let said = "paperfall: interrupted before there was an answer";
    let (before, _) = ran.stdout.split_once(said).expect("it is said");
    assert!(before.ends_with(CLEARED) || before.ends_with('\n'), "{ran}");
}
