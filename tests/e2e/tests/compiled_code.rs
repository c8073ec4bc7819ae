//! The compiled code of adapters on disk: what keeping it costs a run.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use paperfall_e2e::{Peak, Rig, finish};
use paperfall_miniweb::{Answer, Cue, Paper, Pdf, World};

/// How often wasmtime believes that the code was used: far more often than it takes to
/// be worth its hardest compression.
const OFTEN: u32 = 100_000;
/// A run that fetches one paper has 22, and one that compressed its code 183.
const MEMORY_MIB: u64 = 96;

/// What wasmtime counts of each compiled module.
fn counts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(counts(&path));
        } else if path.extension().is_some_and(|name| name == "stats") {
            found.push(path);
        }
    }
    found
}

/// The number after these words in the file.
fn number(file: &Path, words: &str) -> Option<u32> {
    // It is written anew at every use.
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(words))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_was_used_often_is_not_compressed_again_in_the_middle_of_a_run() {
    let pdf = |n| Answer::pdf(Pdf::new("Often", n, 20_000));
    let folder = tempfile::tempdir().unwrap();
    let compiled = folder.path().to_owned();
    let was_counted = Cue::when(move |_| {
        let counts = counts(&compiled);
        let usages = counts.iter().filter_map(|file| number(file, "usages"));
        usages.max().is_some_and(|usages| usages > OFTEN)
    });
    // Once the use was counted there is a second for what would follow.
    let late = pdf(2)
        .held_until(&was_counted)
        .delay(Duration::from_secs(1));
    let paper = |id: &str, answer: Answer| Paper::new("Often").arxiv(id).arxiv_pdf(answer);
    let rig = Rig::new(
        World::new()
            .paper(paper("2101.00001", pdf(1)))
            .paper(paper("2101.00002", late)),
    )
    .await;
    let fetch = |id: &str| {
        let args = ["fetch", id, "--only", "arxiv", "--fallback-tier"];
        let mut command = rig.command(args.into_iter().chain(["direct_oa:timeout_ms=90000"]));
        command.env("PAPERFALL_CACHE_DIR", folder.path());
        command.spawn().unwrap()
    };

    let ran = finish(fetch("arXiv:2101.00001")).await;
    assert_eq!(ran.code, 0, "{ran}");
    let files = counts(folder.path());
    let levels = || -> Vec<Option<u32>> {
        let level = |file: &PathBuf| number(file, "optimized-compression");
        files.iter().map(level).collect()
    };
    let before = levels();
    assert!(!before.is_empty() && before.iter().all(Option::is_some));
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let often = |line: &str| match line.starts_with("usages = ") {
            true => format!("usages = {OFTEN}\n"),
            false => format!("{line}\n"),
        };
        std::fs::write(file, text.lines().map(often).collect::<String>()).unwrap();
        assert_eq!(number(file, "usages"), Some(OFTEN), "{text}");
    }

    let child = fetch("arXiv:2101.00002");
    let peak = Peak::of(&child);
    let ran = finish(child).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(levels(), before, "{ran}");
    let peak = peak.mib().await;
    assert!(peak < MEMORY_MIB, "{peak} MiB");
}
