//! `paperfall adapter test` with the real binary: a component recorded live,
//! tested offline, and judged by what was expected of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Ran, Rig, finish};
use paperfall_miniweb::{Answer, Location, Paper, Pdf, UnpaywallRecord, World};
use serde_json::Value;

const DOI: &str = "10.5555/one";
const PDF: &str = "https://press.example/one.pdf";

fn world() -> World {
    let record = UnpaywallRecord::open([Location::pdf(PDF, "https://press.example/one")]);
    World::new()
        .paper(
            Paper::new("One")
                .doi(DOI)
                .unpaywall(record)
                .page(PDF, Answer::pdf(Pdf::new("One", 7, 20_000))),
        )
        .page("https://a.example/", Answer::text("welcome to a.example"))
}

/// A component in its file, `acme.wasm`.
async fn rig(component: &[u8]) -> Rig {
    let rig = Rig::new(world()).await;
    rig.file("acme.wasm", component);
    rig
}

/// A stranger that asks for a page and proposes a PDF.
fn stranger() -> Vec<u8> {
    let mut guest = Guest::new("acme").host("a.example").secret("KEY");
    let header = [("Authorization", "Bearer {{secret:KEY}}")];
    let ask = guest.get_and_tell("https://a.example/", &header);
    let found = guest.candidate(PDF);
    guest.resolve(format!("{ask} {found}")).build()
}

async fn test(rig: &Rig, args: &[&str]) -> Ran {
    rig.paperfall(["adapter", "test"].iter().chain(args).copied())
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_live_is_tested_offline_with_the_same_result() {
    let rig = rig(b"").await;
    let work = ["unpaywall", "--work", DOI];
    let live = test(
        &rig,
        &[&work[..], &["--live", "--record-har", "t.har"]].concat(),
    )
    .await;
    assert_eq!(live.code, 0, "{live}");
    for part in [
        "unpaywall 0.1.0 (sha256 ",
        "doi:10.5555/one: success (oa_pdf) https://press.example/one.pdf",
        "candidate https://press.example/one.pdf [oa_pdf",
        "→ a PDF",
        "GET    https://api.unpaywall.org/v2/10.5555/one",
        "hop  https://api.unpaywall.org/",
        "PROBE  https://press.example/one.pdf → status 200",
        "receipt: ",
        " of wasm against ",
        "2 requests (0 of them retries)",
    ] {
        assert!(live.stdout.contains(part), "{part:?} of {live}");
    }

    let asked = rig.web.requests().len();
    let replay = [&work[..], &["--replay-har", "t.har", "--expect", "e.json"]].concat();
    let unwritten = test(&rig, &replay).await;
    assert_eq!(unwritten.code, 2, "{unwritten}");
    assert!(unwritten.stderr.contains("--update-expect"), "{unwritten}");
    let wrote = test(&rig, &[&replay[..], &["--update-expect"]].concat()).await;
    assert_eq!(wrote.code, 0, "{wrote}");
    let kept = test(&rig, &replay).await;
    assert_eq!(kept.code, 0, "{kept}");
    assert!(
        kept.stdout.contains("expectation: met, 1 work as in "),
        "{kept}"
    );
    assert_eq!(rig.web.requests().len(), asked, "a replay asked the web");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_changed_is_shown_and_exits_with_1() {
    let rig = rig(b"").await;
    let work = ["unpaywall", "--work", DOI];
    test(
        &rig,
        &[&work[..], &["--live", "--record-har", "t.har"]].concat(),
    )
    .await;
    let replay = [&work[..], &["--replay-har", "t.har", "--expect", "e.json"]].concat();
    test(&rig, &[&replay[..], &["--update-expect"]].concat()).await;
    let path = rig.folder().join("e.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(file["paperfall_expectation"], 1);
    file["works"]["doi:10.5555/one"]["reason"] = "pmc_pdf".into();
    file["by"] = "a field of somebody else".into();
    std::fs::write(&path, file.to_string()).unwrap();
    let ran = test(&rig, &replay).await;
    assert_eq!(ran.code, 1, "{ran}");
    let line = "unexpected: doi:10.5555/one: reason: \"pmc_pdf\" → \"oa_pdf\"";
    assert!(ran.stdout.contains(line), "{ran}");
    // Writing it again keeps what is not ours.
    test(&rig, &[&replay[..], &["--update-expect"]].concat()).await;
    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(file["by"], "a field of somebody else");
    assert_eq!(file["works"]["doi:10.5555/one"]["reason"], "oa_pdf");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_compared_as_a_whole() {
    let rig = rig(b"").await;
    rig.file("two.txt", "10.5555/one\n10.5555/unknown\n");
    rig.file("one.txt", "10.5555/one\n");
    let with = |works: &'static str, more: &[&'static str]| {
        let mut args = vec!["unpaywall", "--works", works];
        args.extend(more);
        args
    };
    let live = test(&rig, &with("two.txt", &["--live", "--record-har", "t.har"])).await;
    assert_eq!(live.code, 1, "one is not obtained: {live}");
    assert!(
        live.stdout
            .contains("doi:10.5555/unknown: no_pdf (not_found)"),
        "{live}"
    );
    let expect = [
        "--replay-har",
        "t.har",
        "--expect",
        "e.json",
        "--update-expect",
    ];
    assert_eq!(test(&rig, &with("two.txt", &expect)).await.code, 0);
    let fewer = test(&rig, &with("one.txt", &expect[..4])).await;
    assert_eq!(fewer.code, 1, "{fewer}");
    let line = "unexpected: doi:10.5555/unknown: expected, but not in the list";
    assert!(fewer.stdout.contains(line), "{fewer}");
    let one = [
        "unpaywall",
        "--work",
        DOI,
        "--replay-har",
        "t.har",
        "--expect",
        "e.json",
    ];
    assert_eq!(test(&rig, &one).await.code, 0, "one work of the file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_gets_what_it_declares_and_the_operator_is_told_the_lines_for_it() {
    let mut guest = Guest::new("acme").host("a.example");
    let ask = guest.get_and_tell("https://a.example/", &[]);
    let miss = guest.miss("not_found");
    let rig = rig(&guest.resolve(format!("{ask} {miss}")).build()).await;
    let args = ["acme.wasm", "--work", DOI, "--live"];
    let ran = test(&rig, &args).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert!(ran.stdout.contains("info: welcome to a.example"), "{ran}");
    let after = ran.stderr.split_once("paperfall.toml:\n");
    let table = after.unwrap_or_else(|| panic!("{ran}")).1.trim_end();
    assert_eq!(
        table,
        "[adapter.acme]\nfile = \"acme.wasm\"\nhosts = [\"a.example\"]"
    );

    // The lines do what they promise, in a tier of the operator's.
    rig.file("paperfall.toml", format!("{table}\ntier = \"direct_oa\"\n"));
    let ran = test(&rig, &args).await;
    assert!(ran.stdout.contains("info: welcome to a.example"), "{ran}");
    assert_eq!(ran.stderr, "", "nothing is left to say: {ran}");

    // What the operator says holds, also when it is nothing.
    rig.file(
        "paperfall.toml",
        "[adapter.acme]\nfile = \"acme.wasm\"\ntier = \"direct_oa\"\nhosts = []\n",
    );
    let ran = test(&rig, &args).await;
    assert!(ran.stdout.contains("→ denied-host: "), "{ran}");
    assert!(
        ran.stderr
            .contains("note: acme declares a.example, which is not granted"),
        "{ran}"
    );
    let line = "[adapter.acme] hosts = [\"a.example\"] in paperfall.toml would allow it";
    assert!(ran.stdout.contains(line), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_star_is_granted_by_nobody_but_the_one_who_tests() {
    let mut guest = Guest::new("acme").host("*");
    let ask = guest.get_and_tell("https://a.example/", &[]);
    let miss = guest.miss("not_found");
    let rig = rig(&guest.resolve(format!("{ask} {miss}")).build()).await;
    let args = ["acme.wasm", "--work", DOI, "--live"];
    let ran = test(&rig, &args).await;
    assert!(ran.stdout.contains("→ denied-host: "), "{ran}");
    assert!(ran.stderr.contains("--grant '*'"), "{ran}");
    assert!(rig.web.requests_for("a.example", "/").is_empty());
    let ran = test(&rig, &[&args[..], &["--grant", "*"]].concat()).await;
    assert!(ran.stdout.contains("info: welcome to a.example"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_was_never_declared_is_the_authors_to_declare() {
    let mut guest = Guest::new("acme");
    let ask = guest.get_and_tell("https://a.example/", &[]);
    let miss = guest.miss("not_found");
    let rig = rig(&guest.resolve(format!("{ask} {miss}")).build()).await;
    let ran = test(&rig, &["acme.wasm", "--work", DOI, "--live"]).await;
    let words = "acme does not declare a.example: it must be among the hosts of its descriptor";
    assert!(ran.stdout.contains(words), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_needed_live_and_stood_in_for_in_a_replay() {
    let rig = rig(&stranger()).await;
    let settings = "[adapter.acme]\nfile = 'acme.wasm'\ntier = 'direct_oa'\n\
                    hosts = ['a.example']\nsecrets = { KEY = 'env:ACME_KEY' }\n";
    rig.file("paperfall.toml", settings);
    let live = [
        "adapter",
        "test",
        "acme.wasm",
        "--work",
        DOI,
        "--live",
        "--record-har",
        "t.har",
    ];
    let mut command = rig.command(live);
    let ran = finish(command.env("ACME_KEY", "a-real-secret").spawn().unwrap()).await;
    assert_eq!(ran.code, 0, "{ran}");
    let asked = rig.web.requests_for("a.example", "/");
    assert_eq!(
        asked[0].header("authorization"),
        Some("Bearer a-real-secret")
    );
    let har = std::fs::read_to_string(rig.folder().join("t.har")).unwrap();
    assert!(!har.contains("a-real-secret"));

    // ACME_KEY is not set from here on.
    let replay = ["acme.wasm", "--work", DOI, "--replay-har", "t.har"];
    for settings in [settings, ""] {
        rig.file("paperfall.toml", settings);
        let ran = test(&rig, &replay).await;
        assert_eq!(ran.code, 0, "{ran}");
        assert!(ran.stdout.contains("info: welcome to a.example"), "{ran}");
        assert!(ran.stderr.contains("secret KEY: a stand-in"), "{ran}");
    }
    rig.file("paperfall.toml", settings);
    for offline in [
        &["inspect", "acme.wasm"][..],
        &["check", "acme.wasm"],
        &["diff", "acme.wasm", "acme.wasm"],
    ] {
        let ran = rig
            .paperfall(["adapter"].iter().chain(offline).copied())
            .await;
        assert!(!ran.stderr.contains("ACME_KEY"), "{offline:?}: {ran}");
        assert_ne!(ran.code, 2, "{offline:?}: {ran}");
    }
    let ran = test(&rig, &["acme.wasm", "--work", DOI, "--live"]).await;
    assert_eq!(ran.code, 2, "{ran}");
    let words = "needs the environment variable ACME_KEY";
    assert!(ran.stderr.contains(words), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_comes_with_the_names_of_the_functions_it_happened_in() {
    let rig = rig(&Guest::new("acme")
        .module(
            "(func $parse_the_answer (param $i i32) (result i32)
                   (if (result i32) (local.get $i) (then unreachable) (else (i32.const 0))))
                 (func $look_for_the_work (result i32) (call $parse_the_answer (i32.const 1)))",
        )
        .resolve("(call $look_for_the_work)")
        .build())
    .await;
    let ran = test(&rig, &["acme.wasm", "--work", DOI, "--live"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert!(
        ran.stdout.contains("doi:10.5555/one: error (trap)"),
        "{ran}"
    );
    for part in [
        "wasm backtrace",
        "parse_the_answer",
        "look_for_the_work",
        "unreachable",
    ] {
        assert!(ran.stdout.contains(part), "{part} of {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_it_cannot_start_from_is_skipped_as_in_a_race() {
    let rig = rig(b"").await;
    let ran = test(&rig, &["arxiv", "--work", DOI, "--live"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert!(
        ran.stdout
            .contains("doi:10.5555/one: skipped (no_arxiv_id)"),
        "{ran}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_tells_everything() {
    let rig = rig(b"").await;
    let ran = test(&rig, &["unpaywall", "--work", DOI, "--live", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value["adapter"]["name"], "unpaywall");
    assert_eq!(value["adapter"]["granted"][0], "api.unpaywall.org");
    assert_eq!(value["adapter"]["timeout_ms"], 6000);
    let work = &value["works"][0];
    assert_eq!(work["work_id"], "doi:10.5555/one");
    assert_eq!(work["findings"]["candidates"][0]["url"], PDF);
    assert_eq!(work["candidates"][0]["verdict"], "a PDF");
    assert_eq!(work["calls"][0]["what"], "GET");
    assert_eq!(work["calls"][0]["hops"][0]["rule"], "api.unpaywall.org");
    let receipt = &work["receipt"];
    assert_eq!(receipt["requests"], 2);
    for key in ["memory_peak_bytes", "wasm_us", "host_wait_us", "bytes"] {
        assert!(receipt[key].as_u64().unwrap() > 0, "{key} of {receipt}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_adapters_says_what_does_not_fit() {
    let mut guest = Guest::new("acme")
        .host("a.example")
        .host("b.example")
        .secret("KEY");
    let miss = guest.miss("not_found");
    let rig = rig(&guest.setting("depth", None).resolve(miss).build()).await;
    rig.file(
        "paperfall.toml",
        "[adapter.acme]\nfile = 'acme.wasm'\ntier = 'direct_oa'\nhosts = ['a.example', 'c.example', '*.example']\n\
         settings = { width = '3' }\nsecrets = { OTHER = 'env:HOME' }\n",
    );
    let ran = rig.paperfall(["adapter", "list"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    for words in [
        "note: acme is granted c.example, which it does not declare",
        "note: acme is granted *.example, but declares only a.example, b.example",
        "note: acme uses the secret KEY (a key of the tests), which has no value",
        "note: acme is given the secret OTHER, which it does not use",
        "note: acme reads the setting depth (a knob of the tests), which has neither value nor default",
        "note: acme is given the setting width, which it does not read",
    ] {
        assert!(ran.stderr.contains(words), "{words:?} of {ran}");
    }
    assert!(!ran.stderr.contains("note: unpaywall"), "{ran}");
    let json = rig.paperfall(["adapter", "list", "--json"]).await;
    let list: Value = serde_json::from_str(&json.stdout).unwrap();
    let acme = list
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["source"] == "acme");
    assert_eq!(
        acme.unwrap()["lints"].as_array().unwrap().len(),
        6,
        "{json}"
    );
}
