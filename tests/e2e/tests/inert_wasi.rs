//! The WASI a guest sees is inert: it may sleep (until its deadline) and roll
//! dice, and finds no files, no environment, no network and no way out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Guest, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleeping_guest_is_dropped_at_the_sources_deadline() {
    let mut evil = Guest::new("evil")
        .wasi(
            "wasi:clocks/monotonic-clock@0.2.0",
            "subscribe-duration",
            "(func $alarm (param i64) (result i32))",
        )
        .wasi(
            "wasi:io/poll@0.2.0",
            "[method]pollable.block",
            "(func $block (param i32))",
        );
    let miss = evil.miss("slept_well");
    let evil = evil
        .resolve(format!(
            "(call $block (call $alarm (i64.const 600000000000))) {miss}"
        ))
        .build();
    let stage = Stage::new(&evil).await.timeout_ms(700);
    stage.survives("timeout source_deadline").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_environment_and_arguments_are_not_there() {
    // The binary itself has all three.
    let lists = [
        ("wasi:cli/environment@0.2.0", "get-environment", "$env"),
        ("wasi:cli/environment@0.2.0", "get-arguments", "$args"),
        ("wasi:cli/environment@0.2.0", "initial-cwd", "$cwd"),
        ("wasi:filesystem/preopens@0.2.0", "get-directories", "$dirs"),
    ];
    let mut evil = lists
        .iter()
        .fold(Guest::new("evil"), |evil, (interface, name, id)| {
            evil.wasi(interface, name, &format!("(func {id} (param i32))"))
        });
    let mut body = String::new();
    for (_, name, id) in lists {
        let seen = evil.miss(&format!("saw_{}", name.replace('-', "_")));
        // An option's case stands where a list's pointer would: then only the
        // case counts.
        let count = if name == "initial-cwd" {
            "(i32.load8_u (i32.const 64))"
        } else {
            "(i32.load offset=4 (i32.const 64))"
        };
        body.push_str(&format!(
            "(call {id} (i32.const 64)) (if {count} (then (return {seen})))\n"
        ));
    }
    let nothing = evil.miss("saw_nothing");
    let evil = evil.resolve(format!("{body} {nothing}")).build();
    Stage::new(&evil).await.survives("no_pdf saw_nothing").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_cannot_be_opened_and_the_guest_is_told_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32";
    let mut evil = Guest::new("evil")
        .wasi(
            "wasi:sockets/tcp-create-socket@0.2.0",
            "create-tcp-socket",
            "(func $create (param i32 i32))",
        )
        .wasi(
            "wasi:sockets/instance-network@0.2.0",
            "instance-network",
            "(func $network (result i32))",
        )
        .wasi(
            "wasi:sockets/tcp@0.2.0",
            "[method]tcp-socket.start-connect",
            &format!("(func $connect (param i32 i32 {address} i32))"),
        );
    let connected = evil.miss("connected");
    let denied = evil.miss("denied");
    // Wherever it is told so; access-denied is the second error code.
    let if_denied = |result: u32, code: u32| {
        format!(
            "(if (i32.load8_u (i32.const {result}))
               (then (if (i32.eq (i32.load8_u (i32.const {code})) (i32.const 1))
                 (then (return {denied})))))"
        )
    };
    let evil = evil
        .resolve(format!(
            "(call $create (i32.const 0) (i32.const 64)) {}
             (call $connect
               (i32.load (i32.const 68)) (call $network)
               (i32.const 0) (i32.const {port})
               (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
               (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
               (i32.const 80)) {}
             {connected}",
            if_denied(64, 68),
            if_denied(80, 81),
        ))
        .build();
    Stage::new(&evil).await.survives("no_pdf denied").await;
    let nobody = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(nobody.is_err(), "somebody connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_is_looked_up_for_a_guest() {
    let mut evil = Guest::new("evil")
        .wasi(
            "wasi:sockets/instance-network@0.2.0",
            "instance-network",
            "(func $network (result i32))",
        )
        .wasi(
            "wasi:sockets/ip-name-lookup@0.2.0",
            "resolve-addresses",
            "(func $lookup (param i32 i32 i32 i32))",
        );
    let name = evil.text("localhost");
    let found = evil.miss("found");
    let refused = evil.miss("denied");
    let evil = evil
        .resolve(format!(
            "(call $lookup (call $network) {name} (i32.const 64))
             (select {refused} {found} (i32.load8_u (i32.const 64)))"
        ))
        .build();
    Stage::new(&evil).await.survives("no_pdf denied").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_exits_ends_its_attempt_and_not_the_host() {
    for status in [0, 1] {
        let evil = Guest::new("evil")
            .wasi("wasi:cli/exit@0.2.0", "exit", "(func $exit (param i32))")
            .resolve(format!("(call $exit (i32.const {status})) unreachable"))
            .build();
        Stage::new(&evil).await.survives("error contract").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standard_output_and_error_go_to_the_log_and_never_fill() {
    goes_to_the_log("wasi:cli/stdout@0.2.0", "stdout").await;
    goes_to_the_log("wasi:cli/stderr@0.2.0", "stderr").await;
}

async fn goes_to_the_log(interface: &'static str, stream: &str) {
    let mut evil = Guest::new("evil")
        .wasi(
            interface,
            &format!("get-{stream}"),
            "(func $stream (result i32))",
        )
        .wasi(
            "wasi:io/streams@0.2.0",
            "[method]output-stream.blocking-write-and-flush",
            "(func $write (param i32 i32 i32 i32))",
        )
        .module("(global $out (mut i32) (i32.const 0))");
    let line = format!("{}\u{1b}[2J\n", "x".repeat(4000));
    let text = evil.text(&line);
    let failed = evil.miss("write_failed");
    let written = evil.miss("written");
    let evil = evil
        .resolve(format!(
            "(global.set $out (call $stream))
             (loop $again
               (call $write (global.get $out) {text} (i32.const 64))
               (if (i32.load8_u (i32.const 64)) (then (return {failed})))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $i) (i32.const 1000))))
             {written}"
        ))
        .build();
    let stage = Stage::new(&evil).await;
    stage.survives("no_pdf written").await;
    let ran = stage.explain().await;
    assert!(ran.stdout.contains(&format!("{stream}: xxxx")), "{ran}");
    assert!(ran.stdout.contains("bytes dropped"), "{ran}");
    assert!(!ran.stdout.contains('\u{1b}'), "{ran}");
    assert!(ran.stdout.len() < 100_000, "{}", ran.stdout.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_even_an_idle_socket_is_made() {
    for kind in ["tcp", "udp"] {
        let interface = match kind {
            "tcp" => "wasi:sockets/tcp-create-socket@0.2.0",
            _ => "wasi:sockets/udp-create-socket@0.2.0",
        };
        let mut evil = Guest::new("evil").wasi(
            interface,
            &format!("create-{kind}-socket"),
            "(func $create (param i32 i32))",
        );
        let (made, denied) = (evil.miss("made"), evil.miss("denied"));
        // The result's case, then its error: access-denied is the second one.
        let evil = evil
            .resolve(format!(
                "(call $create (i32.const 0) (i32.const 64))
                 (select {denied} {made}
                   (i32.and
                     (i32.load8_u (i32.const 64))
                     (i32.eq (i32.load8_u (i32.const 68)) (i32.const 1))))"
            ))
            .build();
        Stage::new(&evil).await.survives("no_pdf denied").await;
    }
}

/// An adapter that does something so many times and lives.
fn hoarder(guest: Guest, what: &str, count: u32) -> Vec<u8> {
    let mut guest = guest;
    let kept = guest.miss("kept_them");
    guest
        .resolve(format!(
            "(loop $again
               (drop {what})
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $i) (i32.const {count}))))
             {kept}"
        ))
        .build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_host_keeps_for_a_guests_handles_is_bounded() {
    // For an alarm the host keeps two things, a timer and what waits for it:
    // 200 handles are fewer than the 256 there may be, 400 things are more.
    let alarms = |count| {
        let guest = Guest::new("evil").wasi(
            "wasi:clocks/monotonic-clock@0.2.0",
            "subscribe-duration",
            "(func $alarm (param i64) (result i32))",
        );
        hoarder(guest, "(call $alarm (i64.const 1))", count)
    };
    let stage = Stage::new(&alarms(100)).await;
    stage.survives("no_pdf kept_them").await;
    let stage = Stage::new(&alarms(200)).await;
    stage.survives("error contract").await;
    let ran = stage.explain().await;
    assert!(ran.stdout.contains("resource table"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handles_a_guest_makes_of_its_own_resources_are_bounded() {
    // The host has no part in them and keeps nothing for them but the handle.
    let things = |count| {
        let guest = Guest::new("evil").own_things();
        hoarder(guest, "(call $thing (local.get $i))", count)
    };
    let stage = Stage::new(&things(200)).await;
    stage.survives("no_pdf kept_them").await;
    let stage = Stage::new(&things(300)).await;
    stage.survives("error contract").await;
    let ran = stage.explain().await;
    assert!(ran.stdout.contains("store handle limit exceeded"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_asks_for_a_gigabyte_of_dice_is_stopped() {
    let evil = Guest::new("evil")
        .wasi(
            "wasi:random/random@0.2.0",
            "get-random-bytes",
            "(func $random (param i64 i32))",
        )
        .resolve("(call $random (i64.const 1073741824) (i32.const 64)) unreachable")
        .build();
    let stage = Stage::new(&evil).await;
    stage.survives("error contract").await;
    let ran = stage.explain().await;
    assert!(ran.stdout.contains("exceeds limit 1048576"), "{ran}");
}
