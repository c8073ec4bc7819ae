//! A component may put the time or a random number into what it asks: while it
//! is recorded it sees the clock and the chance its replay will see.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Stage};

/// Ways to draw 64 bits: an interface, its function, whether the bits come by
/// way of memory, and from where in it.
const DRAWS: [(&str, &str, Option<u32>); 5] = [
    ("wasi:random/random@0.2.0", "get-random-u64", None),
    (
        "wasi:random/insecure@0.2.0",
        "get-insecure-random-u64",
        None,
    ),
    (
        "wasi:random/insecure-seed@0.2.0",
        "insecure-seed",
        Some(128),
    ),
    ("wasi:clocks/monotonic-clock@0.2.0", "now", None),
    // Its nanoseconds: seconds might be the same by chance.
    ("wasi:clocks/wall-clock@0.2.0", "now", Some(136)),
];

/// An adapter that tells the lowest 24 bits of a draw, one a line.
fn teller((interface, function, place): (&'static str, &str, Option<u32>)) -> Vec<u8> {
    let (signature, draw) = match place {
        None => ("(func $draw (result i64))", "(call $draw)".to_owned()),
        Some(at) => (
            "(func $draw (param i32))",
            format!("(call $draw (i32.const 128)) (i64.load (i32.const {at}))"),
        ),
    };
    let mut guest = Guest::new("evil")
        .wasi(interface, function, signature)
        .module("(global $drawn (mut i64) (i64.const 0))");
    let (zero, one) = (guest.tell("zero"), guest.tell("one"));
    let miss = guest.miss("told");
    guest
        .resolve(format!(
            "{draw} (global.set $drawn)
             (loop $again
               (if (i32.wrap_i64 (i64.and (global.get $drawn) (i64.const 1)))
                 (then {one}) (else {zero}))
               (global.set $drawn (i64.shr_u (global.get $drawn) (i64.const 1)))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $i) (i32.const 24))))
             {miss}"
        ))
        .build()
}

/// The bits told by a run with these flags.
async fn bits(stage: &Stage, flag: &str, file: &str) -> Vec<bool> {
    let args = ["resolve", "10.5555/one", "--explain", flag, file].map(str::to_owned);
    let args = args.into_iter().chain(stage.flags());
    let ran = stage.rig.paperfall(args).await;
    let told = ran.stdout.lines().filter_map(|line| {
        let (_, bit) = line.split_once("log    info: ")?;
        Some(bit == "one")
    });
    let told: Vec<bool> = told.collect();
    assert_eq!(told.len(), 24, "{ran}");
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clock_and_chance_of_a_recorded_run_come_again_in_its_replay() {
    for draw in DRAWS {
        let stage = Stage::new(&teller(draw)).await;
        let recorded = bits(&stage, "--record-har", "run.har").await;
        let replayed = bits(&stage, "--replay-har", "run.har").await;
        assert_eq!(recorded, replayed, "{draw:?}");
        let by_chance = draw.0.starts_with("wasi:random/");
        assert!(!by_chance || recorded.contains(&true), "{draw:?}");
    }
}
