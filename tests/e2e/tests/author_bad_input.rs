//! What is handed to `adapter test` and `adapter diff` by mistake: one line
//! that says what to do, exit 2, and nothing written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;

use paperfall_e2e::{Guest, Ran, Rig, component};
use paperfall_miniweb::{Answer, World};

const DOI: &str = "10.5555/one";

async fn rig() -> Rig {
    let rig = Rig::new(World::new().page("https://a.example/", Answer::text("a"))).await;
    let mut guest = Guest::new("good").host("a.example");
    let ask = guest.get_and_tell("https://a.example/", &[]);
    let miss = guest.miss("not_found");
    rig.file("good.wasm", guest.resolve(format!("{ask} {miss}")).build());
    rig
}

/// Every file of the rig with its bytes.
fn files(rig: &Rig) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(rig.folder()).unwrap();
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Runs a command that must be refused in one line with these words, leaving
/// everything as it was.
async fn refused(rig: &Rig, args: &[&str], words: &[&str]) -> Ran {
    let before = files(rig);
    let ran = rig.paperfall(["adapter"].iter().chain(args).copied()).await;
    assert_eq!(ran.code, 2, "{args:?}: {ran}");
    assert_eq!(ran.stdout, "", "{args:?}: {ran}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{args:?}: {ran}");
    for word in words {
        assert!(lines[0].contains(word), "{word:?} of {args:?}: {ran}");
    }
    assert!(files(rig) == before, "{args:?} wrote something");
    ran
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_component_of_this_contract_is_refused() {
    let rig = rig().await;
    let whole = Guest::new("bad").build();
    let other = component(
        "(component (instance $empty)
           (export \"paperfall:adapter/source@0.9.0\" (instance $empty)))",
    );
    let http = component(
        "(component (import \"wasi:http/outgoing-handler@0.2.0\" (instance))
           (instance $empty)
           (export \"paperfall:adapter/source@0.1.0\" (instance $empty)))",
    );
    let half = component(
        "(component (instance $empty)
           (export \"paperfall:adapter/source@0.1.0\" (instance $empty)))",
    );
    let elder = component(
        "(component (import \"paperfall:adapter/http@0.9.0\" (instance))
           (instance $empty)
           (export \"paperfall:adapter/source@0.1.0\" (instance $empty)))",
    );
    let cases: [(&[u8], &[&str]); 9] = [
        (&elder, &["paperfall:adapter/http@0.9.0", "rebuild it"]),
        (b"", &["the file is empty"]),
        (b"(component)", &["WebAssembly text", "wasm32-wasip2"]),
        (b"hello", &["looks like text"]),
        (&whole[..whole.len() / 2], &["does not compile"]),
        (
            &component("(module)"),
            &["core WebAssembly module", "wasm-tools component new"],
        ),
        (
            &other,
            &[
                "paperfall:adapter/source@0.9.0",
                "paperfall:adapter/source@0.1.0",
            ],
        ),
        (
            &http,
            &[
                "wasi:http",
                "send requests with paperfall:adapter/http instead",
            ],
        ),
        (&half, &["does not fit the contract", "describe"]),
    ];
    for (bytes, words) in cases {
        rig.file("bad.wasm", bytes);
        let test = [
            "test",
            "bad.wasm",
            "--work",
            DOI,
            "--live",
            "--record-har",
            "t.har",
            "--expect",
            "e.json",
            "--update-expect",
        ];
        refused(&rig, &test, words).await;
        refused(&rig, &["diff", "good.wasm", "bad.wasm"], words).await;
        refused(&rig, &["diff", "bad.wasm", "good.wasm"], words).await;
    }
    rig.file("bad.wasm", &elder);
    refused(&rig, &["check", "bad.wasm"], &["rebuild it"]).await;
    let known = ["give a component file or one of: unpaywall, arxiv"];
    for missing in ["none.wasm", ".", "nosuchadapter"] {
        refused(&rig, &["test", missing, "--work", DOI, "--live"], &known).await;
        refused(&rig, &["diff", "good.wasm", missing], &known).await;
    }
    let meant = ["waybak: ", "did you mean wayback?"];
    for command in ["inspect", "check"] {
        refused(&rig, &[command, "waybak"], &meant).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expectation_of_another_shape_is_refused_and_never_overwritten() {
    let rig = rig().await;
    for (content, words) in [
        (&b"{\"log\":{}}"[..], "it has no paperfall_expectation"),
        (b"[1]", "not a JSON object"),
        (b"{", "not JSON"),
        (b"\0asm\x0d\0\x01\0", "not JSON"),
        (b"", "not JSON"),
        (
            b"{\"paperfall_expectation\":7,\"works\":{}}",
            "of version 7",
        ),
        (
            b"{\"paperfall_expectation\":1,\"works\":[]}",
            "its works are no JSON object",
        ),
        (
            b"{\"paperfall_expectation\":1,\"works\":{\"a\":1}}",
            "its works are no JSON object",
        ),
    ] {
        rig.file("e.json", content);
        let test = [
            "test",
            "good.wasm",
            "--work",
            DOI,
            "--live",
            "--expect",
            "e.json",
        ];
        refused(&rig, &test, &["e.json", words]).await;
        let update = [&test[..], &["--update-expect", "--record-har", "t.har"]].concat();
        refused(&rig, &update, &["e.json", words]).await;
    }
    let folder = [
        "test",
        "good.wasm",
        "--work",
        DOI,
        "--live",
        "--expect",
        ".",
    ];
    refused(&rig, &folder, &["not a file"]).await;
    assert!(rig.web.requests().is_empty(), "something was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_answers_nothing_is_refused() {
    let rig = rig().await;
    // One of something else.
    let other = [
        "adapter",
        "test",
        "arxiv",
        "--work",
        "arXiv:2101.00001",
        "--live",
    ];
    let ran = rig
        .paperfall(other.iter().chain(&["--record-har", "other.har"]).copied())
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    rig.file("works.txt", DOI);
    let test = ["test", "good.wasm", "--work", DOI, "--replay-har"];
    let update = ["--expect", "e.json", "--update-expect"];
    for (har, word) in [
        ("other.har", "the one request is not in this recording"),
        ("none.har", "there is no such file"),
        ("good.wasm", "no HAR 1.2 recording"),
        (".", "it is a folder"),
    ] {
        refused(&rig, &[&test[..], &[har], &update].concat(), &[har, word]).await;
        let record = ["--record-har", "new.har"];
        refused(&rig, &[&test[..], &[har], &record].concat(), &[har, word]).await;
        let word = match har {
            "other.har" => "it holds no answer to anything",
            _ => word,
        };
        let diff = [
            "diff",
            "good.wasm",
            "good.wasm",
            "--works",
            "works.txt",
            "--replay-har",
            har,
        ];
        refused(&rig, &diff, &[har, word]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_recorded_is_never_written_as_expected() {
    let rig = rig().await;
    let work = ["test", "good.wasm", "--work", DOI];
    let live = ["adapter"].iter().chain(&work).copied();
    let ran = rig
        .paperfall(live.chain(["--live", "--record-har", "t.har"]))
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    let mut guest = Guest::new("good").host("a.example");
    let known = guest.get_and_tell("https://a.example/", &[]);
    let unknown = guest.get_and_tell("https://a.example/other", &[]);
    let miss = guest.miss("not_found");
    let asks_more = guest.resolve(format!("{known} {unknown} {miss}"));
    rig.file("good.wasm", asks_more.build());
    let replay = [&work[..], &["--replay-har", "t.har"]].concat();
    let update = ["--expect", "e.json", "--update-expect"];
    let words = [
        "t.har",
        "1 of 2 requests is not in",
        "https://a.example/other",
    ];
    refused(&rig, &[&replay[..], &update].concat(), &words).await;
    let nowhere = ["--expect", "nodir/e.json", "--update-expect"];
    let words = ["nodir/e.json", "there is no such folder"];
    refused(&rig, &[&replay[..], &nowhere].concat(), &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn works_that_cannot_be_read_are_refused_before_anything_runs() {
    let rig = rig().await;
    rig.file("empty.txt", "");
    rig.file("bad.txt", "10.5555/one\nnot an identifier at all\n");
    for (works, word) in [
        ("none.txt", "there is no such file"),
        ("empty.txt", "it names no works"),
        ("bad.txt", "bad.txt:2"),
        (".", "this is a folder"),
    ] {
        let test = [
            "test",
            "good.wasm",
            "--live",
            "--works",
            works,
            "--record-har",
            "t.har",
        ];
        refused(&rig, &test, &[word]).await;
    }
    let test = ["test", "good.wasm", "--live", "--work", "{\"title\":\"x\"}"];
    refused(&rig, &test, &["identifier"]).await;
    assert!(rig.web.requests().is_empty(), "something was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_never_goes_to_the_network_by_accident() {
    let rig = rig().await;
    refused(
        &rig,
        &["test", "good.wasm", "--work", DOI],
        &["--replay-har FILE, or --live"],
    )
    .await;
    let grant = [
        "test",
        "good.wasm",
        "--work",
        DOI,
        "--live",
        "--grant",
        "https://a/",
    ];
    refused(&rig, &grant, &["--grant"]).await;
    let ran = rig
        .paperfall(["adapter", "test", "good.wasm", "--live"])
        .await;
    assert!(
        ran.stderr.contains("<--work <JSON|ID>|--works <FILE>>"),
        "{ran}"
    );
    for args in [
        &["test", "good.wasm", "--live"][..],
        &[
            "test",
            "good.wasm",
            "--work",
            DOI,
            "--live",
            "--update-expect",
        ],
        &[
            "test",
            "good.wasm",
            "--work",
            DOI,
            "--live",
            "--replay-har",
            "t.har",
        ],
        &["diff", "good.wasm"],
        &["diff", "good.wasm", "good.wasm", "--replay-har", "t.har"],
    ] {
        let ran = rig.paperfall(["adapter"].iter().chain(args).copied()).await;
        assert_eq!(ran.code, 2, "{args:?}: {ran}");
    }
    assert!(rig.web.requests().is_empty(), "something was asked");
}
