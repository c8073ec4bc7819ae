//! The test kit as a Rust author uses it: scripted answers through the real
//! stack into the real sandbox, and everything that happened laid open.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall::http::{HostPattern, HttpErrorKind};
use paperfall::intake::Work;
use paperfall::outcome::Outcome;
use paperfall::sandbox::{AttemptLimits, SandboxConfig};
use paperfall::testing::{Asked, Lab, Reply, Specimen, Subject, Trial, scripted};
use paperfall_e2e::{Guest, binary};

fn lab() -> Lab {
    let cache = binary().parent().unwrap().join("e2e-cache/components");
    Lab::new(&SandboxConfig {
        cache_dir: Some(cache),
        ..SandboxConfig::default()
    })
    .unwrap()
}

fn work() -> Work {
    Work::from_json(r#"{"doi":"10.5555/one","arxiv_id":"2101.00001"}"#)
        .unwrap()
        .work
}

fn pdf() -> Reply {
    Reply::pdf(format!("%PDF-1.7\n{}\n%%EOF\n", "x".repeat(4000)))
}

/// A guest that asks for one URL, tells what came, and finds nothing.
async fn asker(url: &str) -> Specimen {
    let mut guest = Guest::new("asker").host("a.example");
    let (ask, miss) = (guest.get_and_tell(url, &[]), guest.miss("not_found"));
    let component = guest.resolve(format!("{ask} {miss}")).build();
    lab()
        .load(Subject::bytes("asker", component))
        .await
        .unwrap()
        .granting_declared()
        .retries(0)
}

async fn asked_with(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Trial {
    let specimen = asker("https://a.example/").await;
    let specimen = specimen.timeout(Duration::from_secs(2));
    let web = scripted(script).unwrap();
    specimen.run(&web, &work()).await.unwrap()
}

fn told(trial: &Trial) -> Vec<&str> {
    let log = trial.log.iter();
    log.map(|line| line.message.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundled_adapter_wins_over_a_script_and_its_receipt_adds_up() {
    let arxiv = lab().load(Subject::given("arxiv").unwrap()).await.unwrap();
    let web = scripted(|asked: &Asked| match asked.url.path() {
        "/pdf/2101.00001" => pdf(),
        _ => Reply::status(404),
    })
    .unwrap();
    let trial = arxiv.run(&web, &work()).await.unwrap();
    trial
        .won_with("https://arxiv.org/pdf/2101.00001")
        .asked_for(&["https://arxiv.org/pdf/2101.00001"]);
    assert_eq!(trial.proposed()[0], "https://arxiv.org/pdf/2101.00001");
    assert_eq!(trial.candidates[0].refused, None);
    let receipt = trial.receipt;
    assert_eq!((receipt.requests, receipt.retries), (1, 0));
    assert!(receipt.bytes > 4000, "{receipt:?}");
    assert!(receipt.memory_peak_bytes >= 64 * 1024, "{receipt:?}");
    assert!(receipt.wasm_time > Duration::ZERO, "{receipt:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_is_asked_as_a_server_would_be() {
    let trial = asked_with(|asked: &Asked| {
        assert_eq!(asked.url.as_str(), "https://a.example/");
        let accept = asked.header("accept").unwrap_or("none");
        Reply::json(format!(
            "{{\"accept\":\"{accept}\",\"n\":{}}}",
            asked.number
        ))
    })
    .await;
    trial.missed_as("not_found");
    assert_eq!(
        told(&trial)[1],
        r#"{"accept":"application/json, */*;q=0.8","n":0}"#
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_server_is_waiting_and_a_busy_guest_is_computing() {
    let slow = |_: &Asked| Reply::json("{}").dripping(Duration::from_millis(400));
    let waited = asked_with(slow).await.receipt;
    assert!(waited.host_wait >= Duration::from_millis(400), "{waited:?}");
    assert!(waited.wasm_time < waited.host_wait / 2, "{waited:?}");

    let mut guest = Guest::new("busy");
    let miss = guest.miss("not_found");
    let count = "(loop $more (local.set $i (i32.add (local.get $i) (i32.const 1)))
         (br_if $more (i32.lt_u (local.get $i) (i32.const 100000000))))";
    let busy = guest.resolve(format!("{count} {miss}")).build();
    let busy = lab().load(Subject::bytes("busy", busy)).await.unwrap();
    let web = scripted(|_: &Asked| Reply::silence()).unwrap();
    let trial = busy.run(&web, &work()).await.unwrap();
    let computed = trial.missed_as("not_found").receipt;
    assert!(computed.wasm_time > computed.host_wait, "{computed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripted_trouble_is_the_trouble_of_a_real_server() {
    let silent = asked_with(|_: &Asked| Reply::silence()).await;
    silent.missed_as("source_deadline");
    assert_eq!(silent.outcome, Outcome::Timeout);

    let cut = asked_with(|_: &Asked| Reply::json("{").header("content-length", "4000")).await;
    assert!(told(&cut)[0].contains("before the end"), "{cut:#?}");

    let broken = asked_with(|_: &Asked| Reply::json("{").breaking_off()).await;
    assert_eq!(
        broken.calls[0].result.as_ref().unwrap_err().0,
        HttpErrorKind::Reset
    );

    let hanging = asked_with(|_: &Asked| Reply::json("{").falling_silent()).await;
    hanging.missed_as("source_deadline");

    let private = asked_with(|_: &Asked| Reply::redirect("https://127.0.0.1/")).await;
    // Not granted, and so refused before anybody asks where it is.
    assert_eq!(
        private.calls[0].result.as_ref().unwrap_err().0,
        HttpErrorKind::DeniedHost
    );

    let refused = asked_with(|_: &Asked| Reply::failure(HttpErrorKind::Dns, "no such name")).await;
    assert_eq!(
        refused.calls[0].result.as_ref().unwrap_err().0,
        HttpErrorKind::Dns
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_leads_nobody_to_a_private_address() {
    let mut guest = Guest::new("finder");
    let found = guest.candidate("https://a.example/paper.pdf");
    let finder = guest.resolve(found).build();
    let finder = lab().load(Subject::bytes("finder", finder)).await.unwrap();
    let web = scripted(|asked: &Asked| match asked.url.host_str() {
        Some("a.example") => Reply::redirect("http://169.254.169.254/latest"),
        _ => pdf(),
    })
    .unwrap();
    let trial = finder.run(&web, &work()).await.unwrap();
    trial.missed_as("private_address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_repeats_what_a_script_asks_it_to_repeat() {
    let specimen = asker("https://a.example/").await.retries(2);
    let web = scripted(|asked: &Asked| match asked.number {
        0 => Reply::status(429).header("retry-after", "0"),
        _ => Reply::json("{\"ok\":true}"),
    })
    .unwrap();
    let trial = specimen.run(&web, &work()).await.unwrap();
    assert_eq!(told(&trial)[1], "{\"ok\":true}");
    assert_eq!((trial.receipt.requests, trial.receipt.retries), (2, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_granted_nothing_until_the_test_says_so() {
    let web = scripted(|_: &Asked| Reply::json("{}")).unwrap();
    let specimen = asker("https://a.example/").await;
    let bare = specimen.clone().granting([]);
    let trial = bare.run(&web, &work()).await.unwrap();
    assert_eq!(
        trial.calls[0].result.as_ref().unwrap_err().0,
        HttpErrorKind::DeniedHost
    );
    let granted = specimen.granting([HostPattern::parse("*.example").unwrap()]);
    let trial = granted.run(&web, &work()).await.unwrap();
    assert_eq!(trial.calls[0].result.as_ref().unwrap(), &200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_given_to_a_specimen_hold() {
    let url = "https://a.example/";
    let mut guest = Guest::new("asker").host("a.example");
    let asks: String = (0..3).map(|_| guest.get_and_tell(url, &[])).collect();
    let miss = guest.miss("not_found");
    let component = guest.resolve(format!("{asks} {miss}")).build();
    let asker = lab()
        .load(Subject::bytes("asker", component))
        .await
        .unwrap()
        .granting_declared();
    let web = scripted(|_: &Asked| Reply::json("{\"a\":\"long enough\"}")).unwrap();
    let few = |requests, bytes| AttemptLimits {
        requests,
        bytes,
        ..AttemptLimits::DEFAULT
    };
    let two = asker.clone().limits(few(2, 1 << 20));
    let trial = two.run(&web, &work()).await.unwrap();
    trial.missed_as("request_limit");
    assert_eq!(trial.receipt.requests, 2);
    let short = asker.clone().limits(few(24, 8));
    let trial = short.run(&web, &work()).await.unwrap();
    trial.missed_as("request_limit");

    let greedy = Guest::new("greedy").pages(40).build();
    let greedy = lab().load(Subject::bytes("greedy", greedy)).await.unwrap();
    let small = greedy.limits(AttemptLimits {
        memory_mib: 1,
        ..AttemptLimits::DEFAULT
    });
    let trial = small.run(&web, &work()).await.unwrap();
    assert_eq!(trial.outcome, Outcome::Error);
    trial.missed_as("memory_limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_a_race_would_not_show_is_named() {
    let arxiv = lab().load(Subject::given("arxiv").unwrap()).await.unwrap();
    let doi_only = Work::from_json(r#"{"doi":"10.5555/one"}"#).unwrap().work;
    assert_eq!(arxiv.would_skip(&doi_only).unwrap().as_str(), "no_arxiv_id");
    assert_eq!(arxiv.would_skip(&work()), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_repeated_is_the_same_trial() {
    let mut guest = Guest::new("chancy").host("a.example").wasi(
        "wasi:random/random@0.2.0",
        "get-random-u64",
        "(func $random (result i64))",
    );
    let (even, odd) = (guest.miss("even"), guest.miss("odd"));
    let body =
        format!("(select {even} {odd} (i32.and (i32.wrap_i64 (call $random)) (i32.const 1)))");
    let chancy = guest.resolve(body).build();
    let chancy = lab().load(Subject::bytes("chancy", chancy)).await.unwrap();
    let mut reasons = Vec::new();
    for _ in 0..8 {
        let web = scripted(|_: &Asked| Reply::status(404)).unwrap();
        let trial = chancy.run(&web, &work()).await.unwrap();
        reasons.push(trial.reason.to_string());
    }
    reasons.dedup();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}
