//! `paperfall adapter diff`: what an operator reads before an upgrade.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Ran, Rig};
use paperfall_miniweb::{Answer, Pdf, World};
use serde_json::Value;

const DOI: &str = "10.5555/one";
const PDF: &str = "https://a.example/one.pdf";

async fn rig(old: Vec<u8>, new: Vec<u8>) -> Rig {
    let world = World::new()
        .page("https://a.example/", Answer::text("a"))
        .page(PDF, Answer::pdf(Pdf::new("One", 7, 20_000)));
    let rig = Rig::new(world).await;
    rig.file("old.wasm", old);
    rig.file("new.wasm", new);
    rig.file("works.txt", DOI);
    rig
}

async fn diff(rig: &Rig, more: &[&str]) -> Ran {
    let args = ["adapter", "diff", "old.wasm", "new.wasm"];
    rig.paperfall(args.iter().chain(more).copied()).await
}

/// A guest that asks its host and then proposes the PDF, or nothing.
fn guest(mut guest: Guest, finds: bool) -> Vec<u8> {
    let ask = guest.get_and_tell("https://a.example/", &[]);
    let end = match finds {
        true => guest.candidate(PDF),
        false => guest.miss("not_found"),
    };
    guest.resolve(format!("{ask} {end}")).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_the_same_differ_in_nothing() {
    let one = guest(Guest::new("acme").host("a.example"), true);
    let rig = rig(one.clone(), one).await;
    let ran = diff(&rig, &[]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stdout
            .contains("declares, imports and exports the same"),
        "{ran}"
    );
    assert!(ran.stderr.contains("byte for byte"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_component_declares_and_imports_is_compared() {
    let old = Guest::new("acme")
        .host("a.example")
        .host("gone.example")
        .starts_from("doi")
        .setting("depth", Some("1"))
        .secret("KEY");
    let new = Guest::new("acme")
        .host("a.example")
        .host("*.new.example")
        .starts_from("arxiv")
        .setting("depth", Some("2"))
        .setting("width", None)
        .pages(40)
        .wasi(
            "wasi:random/random@0.2.0",
            "get-random-u64",
            "(func $random (result i64))",
        );
    let rig = rig(guest(old, true), guest(new, true)).await;
    let ran = diff(&rig, &[]).await;
    assert_eq!(ran.code, 1, "{ran}");
    for line in [
        "hosts: + *.new.example",
        "hosts: - gone.example",
        "identifiers: + arxiv",
        "identifiers: - doi",
        "settings: - depth (default \"1\")",
        "settings: + depth (default \"2\")",
        "settings: + width (no default)",
        "secrets: - KEY",
        "imports: + wasi:random/random@0.2.0",
        "memory at start: - 131072 bytes",
        "memory at start: + 2621440 bytes",
    ] {
        assert!(
            ran.stdout.lines().any(|told| told == line),
            "{line:?} of {ran}"
        );
    }
    assert!(!ran.stdout.contains("hosts: - a.example"), "{ran}");
    let json = diff(&rig, &["--json"]).await;
    assert_eq!(json.code, 1, "{json}");
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["same"], false);
    let changes = value["changes"].as_array().unwrap();
    let depth = changes
        .iter()
        .find(|change| change["what"] == "settings")
        .unwrap();
    assert_eq!(depth["before"], "depth (default \"1\")", "{json}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_recording_changed_results_are_shown_by_work() {
    let old = guest(Guest::new("acme").host("a.example"), true);
    let new = guest(Guest::new("acme").host("a.example"), false);
    let rig = rig(old, new).await;
    let record = [
        "adapter",
        "test",
        "old.wasm",
        "--works",
        "works.txt",
        "--live",
    ];
    let ran = rig
        .paperfall(record.iter().chain(&["--record-har", "t.har"]).copied())
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let asked = rig.web.requests().len();
    let over = ["--replay-har", "t.har", "--works", "works.txt"];
    let ran = diff(&rig, &over).await;
    assert_eq!(ran.code, 1, "{ran}");
    for line in [
        "results: 1 of 1 work changed",
        "doi:10.5555/one",
        "    outcome: \"success\" → \"no_pdf\"",
        "    reason: \"oa_pdf\" → \"not_found\"",
        "    - PROBE https://a.example/one.pdf",
    ] {
        assert!(
            ran.stdout.lines().any(|told| told == line),
            "{line:?} of {ran}"
        );
    }
    assert!(ran.stdout.contains("requests 2 → 1"), "{ran}");
    let json = diff(&rig, &[&over[..], &["--json"]].concat()).await;
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["results"][0]["work_id"], "doi:10.5555/one");
    assert_eq!(
        value["results"][0]["requests"]["now"][0],
        "GET https://a.example/"
    );
    assert_eq!(rig.web.requests().len(), asked, "a replay asked the web");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundled_adapter_can_be_compared_with_the_file_that_would_replace_it() {
    let rig = rig(vec![], guest(Guest::new("arxiv").host("a.example"), true)).await;
    let ran = rig
        .paperfall(["adapter", "diff", "arxiv", "new.wasm"])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stdout.contains("hosts: + a.example"), "{ran}");
}
