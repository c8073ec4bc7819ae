//! The most memory a process has resident while a gibibyte streams through the
//! stack, above what it had after one small answer.

use std::process::Command;

use paperfall::http::{HostGrants, Http, Method, Request, Role};

use crate::common::{Goal, Spread, report};
use crate::origin::{GIBIBYTE, Origin, config, runtime};

/// Set in the child: the URLs of something small and of something large.
const STREAM: &str = "PAPERFALL_BENCH_STREAM";
const ROUNDS: usize = 5;
const GOAL_MIB: f64 = 64.0;

pub fn measure(origin: &Origin) {
    let urls = format!("{} {}", origin.url("record"), origin.url("gibibyte"));
    let above = (0..ROUNDS).map(|_| {
        let child = Command::new(std::env::current_exe().expect("own path"))
            .env(STREAM, &urls)
            .output()
            .expect("the child starts");
        let told = String::from_utf8(child.stdout).expect("text");
        told.trim().parse().unwrap_or_else(|_| {
            panic!("{told}{}", String::from_utf8_lossy(&child.stderr));
        })
    });
    report(
        "memory while a gibibyte streams, above idle",
        "MiB",
        &Spread::new(above.collect()),
        Some(Goal::AtMost(GOAL_MIB)),
    );
}

/// Call early in `main`: in the child it streams and tells what it took.
pub fn stream_if_child() -> bool {
    let Ok(urls) = std::env::var(STREAM) else {
        return false;
    };
    let (small, large) = urls.split_once(' ').expect("two URLs");
    let http = Http::new(config()).expect("HTTP");
    let ask = |url: &str| {
        Request::new(Method::Get, url, Role::Artifact, HostGrants::any()).expect("a request")
    };
    let above = runtime().block_on(async {
        let session = http.session();
        session.fetch(ask(small)).await.expect("an answer");
        let idle = resident_mib();
        let mut download = session.open(ask(large)).await.expect("an answer");
        let mut bytes = 0;
        while let Some(piece) = download.chunk().await.expect("a piece") {
            bytes += piece.len() as u64;
        }
        assert_eq!(bytes, GIBIBYTE);
        resident_mib() - idle
    });
    println!("{above}");
    true
}

/// The peak so far.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: f64 = kib.expect("a peak").parse().expect("a number");
    kib / 1024.0
}
