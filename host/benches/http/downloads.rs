//! A paper of 64 MiB onto the disk, hashed and durable: the downloader and its
//! store beside `curl`, then `sha256sum`, then `sync` of that file and folder.

use std::cell::Cell;
use std::path::Path;
use std::process::Command;

use paperfall::download::{Sharing, Store, fetch_pdf};
use paperfall::http::Http;
use paperfall::outcome::Reason;
use paperfall::sandbox::Candidate;

use crate::common::{Goal, Spread, interleave, ratios, report};
use crate::origin::{Origin, PAPER_BYTES, config, runtime};

const ROUNDS: usize = 9;
const GOAL: f64 = 1.0;

pub fn measure(origin: &Origin) {
    let runtime = runtime();
    let http = Http::new(config()).expect("HTTP");
    let folder = match std::env::var_os("PAPERFALL_BENCH_DIR") {
        Some(folder) => tempfile::tempdir_in(folder).expect("a folder"),
        None => tempfile::tempdir().expect("a folder"),
    };
    let url = origin.url("paper.pdf");
    let candidate = Candidate {
        url: url.parse().expect("a URL"),
        reason: Reason::GivenPdf,
        version: None,
        license: None,
        checksum: None,
        notes: Vec::new(),
    };
    let turn = Cell::new(0);
    let next = |side: &str| {
        turn.set(turn.get() + 1);
        folder.path().join(format!("{side}-{}", turn.get()))
    };
    let rounds = interleave(
        ROUNDS,
        || {
            let store = Store::open(&next("ours"), &Sharing::Alone).expect("a store");
            let fetched = runtime.block_on(fetch_pdf(&http.session(), &candidate, &store));
            assert_eq!(fetched.expect("it is fetched").stored.bytes, PAPER_BYTES);
        },
        || by_hand(&url, &next("theirs")),
    );
    let mib = PAPER_BYTES as f64 / 1_048_576.0;
    let seconds = rounds.iter().map(|round| round.0.wall.as_secs_f64());
    let ours = Spread::new(seconds.collect()).map(|seconds| mib / seconds);
    let seconds = rounds.iter().map(|round| round.1.wall.as_secs_f64());
    let theirs = Spread::new(seconds.collect()).map(|seconds| mib / seconds);
    report("a durable download of 64 MiB", "MiB/s", &ours, None);
    report("curl, sha256sum, sync", "MiB/s", &theirs, None);
    let ratio = ratios(&rounds, |cost| cost.wall).map(|ratio| 1.0 / ratio);
    report(
        "  as fast as by hand",
        "×",
        &ratio,
        Some(Goal::AtLeast(GOAL)),
    );
}

/// Both names are made durable: the file's bytes, and its name in the folder.
fn by_hand(url: &str, folder: &Path) {
    const SCRIPT: &str = "mkdir \"$2\" && curl -sS -o \"$2/paper.pdf\" \"$1\" \
         && sha256sum \"$2/paper.pdf\" >\"$2/paper.sha256\" && sync \"$2/paper.pdf\" \"$2\"";
    let status = Command::new("bash")
        .args(["-c", SCRIPT, "by-hand", url])
        .arg(folder)
        .status()
        .expect("there is a bash");
    assert!(status.success(), "curl, sha256sum and sync are needed");
}
