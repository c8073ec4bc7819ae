//! Adapters that compute, grow, recurse and ask without end: each ends as its
//! named outcome, the work goes on with the next source, and the next work
//! finds everything as it was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Stage, WORKS};
use paperfall_miniweb::{Answer, World};

const FOREVER: &str = "(loop $again (br $again)) unreachable";

/// 60 MiB of the 64 there are by default.
const MOST_PAGES: u32 = 960;

/// The table that lets the adapter ask `evil.example`.
const GRANTED: &str = "[adapter.evil]\nhosts = ['evil.example']\n";

fn web_of_evil() -> World {
    World::new().page("https://evil.example/", Answer::text("welcome"))
}

/// WebAssembly text that does something so many times.
fn times(count: u32, what: &str) -> String {
    format!(
        "(loop $again {what}
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const {count}))))"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_loop_ends_at_the_sources_deadline() {
    let evil = Guest::new("evil").resolve(FOREVER).build();
    let stage = Stage::new(&evil).await.timeout_ms(700);
    stage.survives("error fuel_or_epoch").await;
    for work in WORKS {
        let elapsed = stage.rig.result(work)["attempts"][0]["elapsed_ms"].clone();
        let elapsed = elapsed.as_u64().unwrap();
        // Its own, and not the six seconds of the plan.
        assert!((700..6_000).contains(&elapsed), "{elapsed} ms");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_loops_in_every_worker_leave_time_for_their_neighbours() {
    // Eight loops on a handful of threads, each beside the source that wins:
    // did a loop keep its thread, the race would only end with the loop.
    let evil = Guest::new("evil").resolve(FOREVER).build();
    let stage = Stage::new(&evil).await;
    let list: String = (0..8)
        .map(|n| format!("{{\"work_id\": \"w{n}\", \"doi\": \"10.5555/one\"}}\n"))
        .collect();
    let works = stage.rig.file("works.jsonl", list);
    let tier = "doi_follow:adapter=evil.wasm,sources=evil+doi_redirect,parallel=2,timeout_ms=20000";
    let ran = stage
        .rig
        .paperfall([
            "run",
            &works.display().to_string(),
            "--only=doi_follow",
            "--workers=8",
            "--fallback-tier",
            tier,
        ])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(stage.rig.results().len(), 8, "{ran}");
    for work in stage.rig.results().keys() {
        let attempts = stage.rig.attempts(work);
        assert_eq!(attempts, ["doi_redirect success doi_pdf"], "{work}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_fills_back_to_back_are_interrupted_between_two_of_them() {
    let evil = Guest::new("evil")
        .pages(MOST_PAGES)
        .resolve(
            "(loop $again
               (memory.fill (i32.const 0) (i32.const 7) (i32.const 62914560))
               (br $again))
             unreachable",
        )
        .build();
    let stage = Stage::new(&evil).await.timeout_ms(700);
    stage.survives("error fuel_or_epoch").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memory_that_grows_without_end_hits_the_memory_limit() {
    let evil = Guest::new("evil")
        .resolve(
            "(loop $more
               (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
             unreachable",
        )
        .build();
    let stage = Stage::new(&evil).await;
    stage.survives("error memory_limit").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_memories_share_one_limit() {
    // Three of them at 20 MiB fit into 64; a fourth does not, although each
    // alone is far below the limit.
    let grow = |memory: &str| {
        format!(
            "(if (i32.eq (memory.grow {memory} (i32.const 320)) (i32.const -1))
               (then unreachable))"
        )
    };
    let guest = |memories: &[&str], reason: &str| {
        let mut guest =
            Guest::new("evil").module("(memory $second 1) (memory $third 1) (memory $fourth 1)");
        let miss = guest.miss(reason);
        let body: String = memories.iter().map(|memory| grow(memory)).collect();
        guest.resolve(format!("{body} {miss}")).build()
    };
    let three = guest(&["$memory", "$second", "$third"], "grew_three");
    Stage::new(&three).await.survives("no_pdf grew_three").await;
    let four = guest(&["$memory", "$second", "$third", "$fourth"], "grew_four");
    Stage::new(&four).await.survives("error memory_limit").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_can_give_an_adapter_more_memory() {
    let mut evil = Guest::new("evil");
    let miss = evil.miss("grew");
    let evil = evil
        .resolve(format!(
            "(if (i32.eq (memory.grow (i32.const 1500)) (i32.const -1)) (then unreachable)) {miss}"
        ))
        .build();
    Stage::new(&evil).await.survives("error memory_limit").await;
    let stage = Stage::new(&evil)
        .await
        .settings("[adapter.evil]\nmemory_mib = 128\n");
    stage.survives("no_pdf grew").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_grows_without_end_hits_the_memory_limit() {
    let evil = Guest::new("evil")
        .module("(table $table 1 funcref)")
        .resolve(
            "(loop $more
               (br_if $more
                 (i32.ne
                   (table.grow $table (ref.null func) (i32.const 65536))
                   (i32.const -1))))
             unreachable",
        )
        .build();
    Stage::new(&evil).await.survives("error memory_limit").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recursion_without_end_is_a_trap() {
    let evil = Guest::new("evil")
        .module(
            "(func $deeper (param i64 i64 i64 i64) (result i64)
                   (i64.add (i64.const 1)
                     (call $deeper (local.get 3) (local.get 2) (local.get 1) (local.get 0))))",
        )
        .resolve(
            "(drop (call $deeper (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))
             unreachable",
        )
        .build();
    Stage::new(&evil).await.survives("error trap").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_instruction_is_a_trap() {
    let evil = Guest::new("evil").resolve("unreachable").build();
    Stage::new(&evil).await.survives("error trap").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_trapped_attempt_is_left_for_the_next_one() {
    // The guest leaves a mark in its memory and in a global before it traps;
    // were its store used again, the second work would see a miss.
    let mut evil = Guest::new("evil").module("(global $mark (mut i32) (i32.const 0))");
    let leaked = evil.miss("leaked");
    let evil = evil
        .resolve(format!(
            "(if (i32.or (global.get $mark) (i32.load (i32.const 1024)))
               (then (return {leaked})))
             (global.set $mark (i32.const 1))
             (i32.store (i32.const 1024) (i32.const 1))
             unreachable"
        ))
        .build();
    Stage::new(&evil).await.survives("error trap").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_25th_request_of_an_attempt_is_not_sent() {
    for count in [30, 10_000] {
        let mut evil = Guest::new("evil").host("evil.example");
        let get = evil.get("https://evil.example/");
        let miss = evil.miss("not_found");
        let again = times(count, &format!("(drop {get})"));
        let evil = evil.resolve(format!("{again} {miss}")).build();
        let stage = Stage::in_world(web_of_evil(), &evil)
            .await
            .settings(GRANTED);
        let ran = stage.survives("error request_limit").await;
        let asked = stage.rig.web.requests_for("evil.example", "/").len();
        assert_eq!(asked, 2 * 24, "{count} requests a work: {ran}");
        for work in WORKS {
            assert_eq!(stage.rig.result(work)["attempts"][0]["requests"], 24);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_within_its_budget_of_requests_is_left_alone() {
    let mut evil = Guest::new("evil").host("evil.example");
    let get = evil.get("https://evil.example/");
    let miss = evil.miss("asked_in_vain");
    let again = times(24, &format!("(drop {get})"));
    let evil = evil.resolve(format!("{again} {miss}")).build();
    let stage = Stage::in_world(web_of_evil(), &evil)
        .await
        .settings(GRANTED);
    stage.survives("no_pdf asked_in_vain").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_are_paid_from_the_same_budget() {
    let mut evil = Guest::new("evil");
    let probe = evil.probe("https://publisher.example/one.pdf");
    let miss = evil.miss("not_found");
    let evil = evil
        .resolve(format!("{} {miss}", times(30, &probe)))
        .build();
    let stage = Stage::new(&evil).await;
    let ran = stage.survives("error request_limit").await;
    for work in WORKS {
        let requests = stage.rig.result(work)["attempts"][0]["requests"].clone();
        assert!(requests.as_u64().unwrap() <= 24, "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_refused_again_and_again_end_the_attempt_too() {
    // They cost the network nothing, but each leaves a trace in the host.
    for url in ["https://elsewhere.example/", "file:///etc/passwd"] {
        let mut evil = Guest::new("evil").host("evil.example");
        let get = evil.get(url);
        let evil = evil
            .resolve(format!(
                "(loop $again (drop {get}) (br $again)) unreachable"
            ))
            .build();
        let stage = Stage::in_world(web_of_evil(), &evil)
            .await
            .settings(GRANTED);
        stage.survives("error request_limit").await;
    }
}
