//! How much memory the host process takes when every worker runs an adapter
//! that takes all it can get, inside its sandbox or through the host.
//!
//! The statement: with 16 workers and the default limit of 64 MiB the process
//! stays below 16 × 64 + 256 MiB, however many works there are; and below 256
//! MiB where adapters ask the host for much and keep no memory themselves.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Peak, Ran, Stage, finish};
use paperfall_miniweb::{Answer, World};

const WORKERS: usize = 16;
/// What an adapter may have, in MiB.
const GUEST_MIB: u64 = 64;
/// What the host itself may take beside, in MiB.
const HOST_MIB: u64 = 256;

/// Runs so many works, 16 at once, and returns the most memory the process
/// had resident, in MiB.
async fn peak_mib(stage: &Stage, works: usize) -> (u64, Ran) {
    let list: String = (0..works)
        .map(|n| format!("{{\"work_id\": \"w{n}\", \"doi\": \"10.5555/one\"}}\n"))
        .collect();
    let list = stage.rig.file("works.jsonl", list);
    let mut args = vec!["run".to_owned(), list.display().to_string()];
    args.push(format!("--workers={WORKERS}"));
    args.extend(stage.flags());
    let child = stage.rig.command(args).spawn().unwrap();
    let peak = Peak::of(&child);
    let ran = finish(child).await;
    (peak.mib().await, ran)
}

fn assert_all_ended_as(stage: &Stage, works: usize, ending: &str, ran: &Ran) {
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(stage.rig.results().len(), works, "{ran}");
    for work in stage.rig.results().keys() {
        let first = stage.rig.attempts(work)[0].clone();
        assert_eq!(first, format!("evil {ending}"), "{work}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_memory_bombs_at_once_stay_below_their_limits_and_256_mib() {
    // Each takes all the memory there is, touches every page and keeps it
    // until its deadline.
    let evil = Guest::new("evil")
        .resolve(
            "(loop $more
               (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
             (memory.fill (i32.const 0) (i32.const 7)
               (i32.mul (memory.size) (i32.const 65536)))
             (loop $again (br $again))
             unreachable",
        )
        .build();
    let stage = Stage::new(&evil).await.timeout_ms(1_500);
    let works = 2 * WORKERS;
    let (peak, ran) = peak_mib(&stage, works).await;
    assert_all_ended_as(&stage, works, "error fuel_or_epoch", &ran);
    println!("peak resident memory: {peak} MiB");
    let guests = u64::try_from(WORKERS).unwrap() * GUEST_MIB;
    assert!(peak < guests + HOST_MIB, "{peak} MiB");
    // Were they not all there at once, this would prove nothing.
    assert!(peak > guests / 2, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_lines_does_not_pile_up_in_the_host() {
    // A megabyte a line, until the deadline.
    let evil = Guest::new("evil")
        .pages(20)
        .resolve(
            "(loop $again
               (call $tell (i32.const 8192) (i32.const 1000000))
               (br $again))
             unreachable",
        )
        .build();
    let stage = Stage::new(&evil).await.timeout_ms(1_500);
    let (peak, ran) = peak_mib(&stage, WORKERS).await;
    assert_all_ended_as(&stage, WORKERS, "error fuel_or_epoch", &ran);
    println!("peak resident memory: {peak} MiB");
    assert!(peak < HOST_MIB, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_answers_does_not_pile_up_in_the_host() {
    // Seven megabytes an answer, until the budget is spent; the guest gives
    // the memory of each free for the next.
    let mut evil = Guest::new("evil").host("evil.example");
    let get = evil.get("https://evil.example/large");
    let miss = evil.miss("not_found");
    let evil = evil
        .resolve(format!(
            "(loop $again (global.set $free (i32.const 65536)) (br_if $again {get})) {miss}"
        ))
        .build();
    let large = Answer::bytes("application/json", vec![b' '; 7 * 1024 * 1024]);
    let world = World::new().page("https://evil.example/large", large);
    let stage = Stage::in_world(world, &evil)
        .await
        .settings("[adapter.evil]\nhosts = ['evil.example']\n")
        .timeout_ms(60_000);
    let (peak, ran) = peak_mib(&stage, WORKERS).await;
    assert_all_ended_as(&stage, WORKERS, "error request_limit", &ran);
    println!("peak resident memory: {peak} MiB");
    // Each answer may be there three times: as received, as handed over, and
    // in the guest.
    let answers = u64::try_from(WORKERS).unwrap() * 3 * 8;
    assert!(peak < answers + HOST_MIB, "{peak} MiB");
}

/// Guests that make the host work for what they return, ask or grow, and how
/// each ends.
fn askers() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let guest = |pages: u32, resolve: &str| {
        Guest::new("evil")
            .pages(pages)
            .resolve(resolve.to_owned())
            .build()
    };
    // So many of the records that lie at an address, in findings at 64.
    let list = |field: u32, at: u32, count: u32| {
        format!(
            "(i32.store offset={field} (i32.const 64) (i32.const {at}))
             (i32.store offset={} (i32.const 64) (i32.const {count}))
             (i32.const 64)",
            field + 4
        )
    };
    // Landing pages that are all the same long string.
    let pages = |count: u32, length: u32| {
        format!(
            "(memory.fill (i32.const 1048576) (i32.const 120) (i32.const {length}))
             (loop $again
               (i32.store
                 (i32.add (i32.const 20971520) (i32.mul (local.get $i) (i32.const 8)))
                 (i32.const 1048576))
               (i32.store offset=4
                 (i32.add (i32.const 20971520) (i32.mul (local.get $i) (i32.const 8)))
                 (i32.const {length}))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $i) (i32.const {count}))))
             {}",
            list(12, 20_971_520, count)
        )
    };
    let ask = |length: u32, headers: u32, count: u32| {
        format!(
            "(loop $again
               (drop (call $ask (i32.const 0) (i32.const 4096) (i32.const {length}) (i32.const 0)
                 (i32.const {headers}) (i32.const {count})))
               (br $again))
             unreachable"
        )
    };
    let table = Guest::new("evil")
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
    let recursion = Guest::new("evil")
        .module(
            "(func $deeper (param i64 i64) (result i64)
               (i64.add (i64.const 1) (call $deeper (local.get 1) (local.get 0))))",
        )
        .resolve("(drop (call $deeper (i64.const 1) (i64.const 2))) unreachable")
        .build();
    vec![
        (
            "a million candidates",
            guest(950, &list(4, 8192, 1_000_000)),
            "error output_limit",
        ),
        (
            "a hundred thousand pages of 4 KiB",
            guest(950, &pages(100_000, 4_096)),
            "error output_limit",
        ),
        (
            "ten pages of 10 MB",
            guest(950, &pages(10, 10_000_000)),
            "error output_limit",
        ),
        ("a table bomb", table, "error memory_limit"),
        ("a recursion", recursion, "error trap"),
        (
            "addresses of 10 MiB",
            guest(200, &ask(10_485_760, 0, 0)),
            "error output_limit",
        ),
        (
            "requests with 700 000 headers",
            guest(200, &ask(10, 65_536, 700_000)),
            "error output_limit",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_adapters_make_the_host_do_does_not_pile_up_in_it() {
    for (what, evil, ending) in askers() {
        let stage = Stage::new(&evil).await;
        let (peak, ran) = peak_mib(&stage, WORKERS).await;
        assert_all_ended_as(&stage, WORKERS, ending, &ran);
        println!("{what}: {peak} MiB");
        assert!(peak < HOST_MIB, "{what}: {peak} MiB");
    }
}
