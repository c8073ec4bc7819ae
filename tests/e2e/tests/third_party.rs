//! Files that are no adapters, adapters that fit another contract, and
//! adapters that lie about themselves: each is refused at load with one line
//! that says what to do, and the works go on without it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Ran, Stage, component};
use paperfall_miniweb::{Answer, World};

/// Runs two works past a file that cannot be loaded; the line that says so
/// must have every one of `words`.
async fn refused(file: &[u8], words: &[&str]) {
    let stage = Stage::new(file).await;
    let ran = stage.survives("error load_failed").await;
    let line = warning(&ran);
    for word in words {
        assert!(line.contains(word), "{word:?} is missing of {line:?}");
    }
}

/// The one line about `evil`.
fn warning(ran: &Ran) -> String {
    let lines: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|line| line.contains("evil"))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("not one line about the adapter: {ran}");
    };
    assert!(line.contains("WARN evil: "), "{line:?}");
    assert!(line.len() < 500, "{line:?}");
    // Nothing of it goes on in lines of its own.
    for line in ran.stderr.lines() {
        assert!(
            line.contains("WARN") || line.starts_with("success "),
            "{line:?} of {ran}"
        );
    }
    (*line).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_core_module_is_told_how_to_become_a_component() {
    let module = component("(module (func (export \"resolve\")))");
    refused(&module, &["core WebAssembly module", "wasm32-wasip2"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_are_not_webassembly() {
    let mut state = 1_u32;
    let random: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(4096)
    .collect();
    let words = ["not WebAssembly", "its first bytes", "wasm32-wasip2"];
    refused(&random, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_file_says_to_build_again() {
    refused(b"", &["the file is empty", "build the component again"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_file_is_recognised_as_text() {
    refused(b"(component)", &["WebAssembly text", "wasm32-wasip2"]).await;
    refused(
        b"<!doctype html>\n404",
        &["looks like text", "wasm32-wasip2"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_component_does_not_compile() {
    let whole = Guest::new("evil").build();
    for length in [8, whole.len() / 2, whole.len() - 1] {
        // Cut right behind its preamble it is an empty component.
        let word = if length == 8 {
            "export"
        } else {
            "does not compile"
        };
        refused(&whole[..length], &[word]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_flipped_inside_a_component_never_harm_the_host() {
    let whole = Guest::new("evil").build();
    for position in (8..whole.len()).step_by(whole.len() / 12) {
        let mut broken = whole.clone();
        broken[position] ^= 0xff;
        let stage = Stage::new(&broken).await;
        let ran = stage.fetch().await;
        assert_eq!(ran.code, 0, "byte {position}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_of_200_mib_is_refused_unread() {
    let stage = Stage::new(b"").await;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(stage.rig.folder().join("evil.wasm"))
        .unwrap();
    file.set_len(200 * 1024 * 1024).unwrap();
    let ran = stage.survives("error load_failed").await;
    assert!(ran.stderr.contains("209715200 bytes is more than"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_of_the_contract_is_named_with_the_wanted_one() {
    let other = component(
        "(component (instance $empty)
           (export \"paperfall:adapter/source@0.9.0\" (instance $empty)))",
    );
    let words = [
        "paperfall:adapter/source@0.9.0",
        "speaks paperfall:adapter/source@0.1.0",
        "rebuild it",
    ];
    refused(&other, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_export_is_named_with_what_there_is() {
    let nothing = component("(component)");
    let words = [
        "does not export paperfall:adapter/source@0.1.0",
        "exports nothing",
        "implement the world `adapter`",
    ];
    refused(&nothing, &words).await;
    let another_world = component(
        "(component (instance $empty) (export \"acme:robot/arm@1.0.0\" (instance $empty)))",
    );
    let words = ["does not export", "exports acme:robot/arm@1.0.0"];
    refused(&another_world, &words).await;
    // The right version of the contract, and not the part that counts.
    let another_part = component(
        "(component (instance $empty)
           (export \"paperfall:adapter/log@0.1.0\" (instance $empty)))",
    );
    let words = ["does not export", "exports paperfall:adapter/log@0.1.0"];
    refused(&another_part, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_another_shape_does_not_fit_the_contract() {
    let shapeless = component(
        "(component (instance $empty)
           (export \"paperfall:adapter/source@0.1.0\" (instance $empty)))",
    );
    refused(&shapeless, &["does not fit the contract"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_needs_concurrency_is_told_that_the_contract_is_synchronous() {
    for (text, cause) in [
        // An asynchronous export, as toolchains lift one.
        (
            "(component
               (core module $code
                 (func (export \"resolve\") (result i32) (i32.const 0))
                 (func (export \"callback\") (param i32 i32 i32) (result i32) (i32.const 0)))
               (core instance $code (instantiate $code))
               (type $asked (func async))
               (func $resolve (type $asked)
                 (canon lift (core func $code \"resolve\")
                   async (callback (core func $code \"callback\"))))
               (instance $source (export \"resolve\" (func $resolve)))
               (export \"paperfall:adapter/source@0.1.0\" (instance $source)))",
            "async component functions",
        ),
        // An import that is called and waited for later.
        (
            "(component
               (type $asked (func async))
               (import \"remaining\" (func $remaining (type $asked)))
               (core func (canon lower (func $remaining) async)))",
            "async component functions",
        ),
        (
            "(component (type $bytes (stream u8))
               (import \"bytes\" (func (param \"bytes\" $bytes))))",
            "`stream`",
        ),
        (
            "(component (type $byte (future u8)) (core func (canon future.new $byte)))",
            "`future`",
        ),
    ] {
        let words = ["needs component-model concurrency", "synchronous", cause];
        refused(&component(text), &words).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_imports_are_named_with_what_to_use_instead() {
    let importing = |interface: &str| {
        component(&format!(
            "(component (import \"{interface}\" (instance))
               (instance $empty)
               (export \"paperfall:adapter/source@0.1.0\" (instance $empty)))"
        ))
    };
    for (interface, remedy) in [
        (
            "wasi:http/outgoing-handler@0.2.0",
            "with paperfall:adapter/http instead",
        ),
        ("wasi:nn/tensor@0.2.0", "an adapter may import"),
        ("acme:robot/arm@0.1.0", "an adapter may import"),
        ("paperfall:adapter/http@0.7.0", "rebuild it against wit/"),
    ] {
        let words = [&format!("imports {interface}, "), remedy];
        refused(&importing(interface), &words).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn describe_may_not_trap() {
    let evil = Guest::new("evil").describe("unreachable").build();
    refused(&evil, &["describe() failed", "trap"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn describe_may_not_compute_for_ever() {
    let evil = Guest::new("evil")
        .describe("(loop $again (br $again)) unreachable")
        .build();
    refused(&evil, &["describe() failed", "fuel_or_epoch"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn describe_may_not_eat_memory() {
    let evil = Guest::new("evil")
        .describe(
            "(loop $more
               (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
             unreachable",
        )
        .build();
    refused(&evil, &["describe() failed", "memory_limit"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn describe_may_not_ask_the_network() {
    let mut evil = Guest::new("evil").host("evil.example");
    let get = evil.get("https://evil.example/");
    let descriptor = evil.descriptor();
    let evil = evil.describe(format!("(drop {get}) {descriptor}")).build();
    let world = World::new().page("https://evil.example/", Answer::text("welcome"));
    let stage = Stage::in_world(world, &evil)
        .await
        .settings("[adapter.evil]\nhosts = ['evil.example']\n");
    let ran = stage.survives("error load_failed").await;
    assert!(
        warning(&ran).contains("describe() may only use the log"),
        "{ran}"
    );
    assert!(stage.rig.web.requests_for("evil.example", "/").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_descriptor_with_nonsense_in_it_is_refused_by_field() {
    for (guest, word) in [
        (Guest::new("Evil Name\u{1b}[2J"), "bad name"),
        (Guest::new(""), "bad name"),
        (Guest::new(&"x".repeat(41)), "bad name"),
        (
            Guest::new("evil").host("https://evil.example/"),
            "bad hosts",
        ),
        (Guest::new("evil").host("evil*.example"), "bad hosts"),
        (Guest::new("evil").host("a\nb"), "bad hosts"),
        (
            Guest::new("evil").starts_from("DOI or so"),
            "bad identifiers",
        ),
        (Guest::new("evil").secret("a}}b"), "bad secrets"),
    ] {
        refused(&guest.build(), &[word]).await;
    }
    let greedy = (0..65).fold(Guest::new("evil"), |guest, n| {
        guest.host(&format!("h{n}.org"))
    });
    refused(&greedy.build(), &["bad hosts", "at most 64"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_descriptor_of_megabytes_is_refused() {
    // A name of 10 MiB of zeros.
    let evil = Guest::new("evil")
        .pages(200)
        .describe("(i32.store offset=4 (i32.const 64) (i32.const 10485760)) (i32.const 64)")
        .build();
    refused(&evil, &["describe() failed", "output_limit"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_claims_anothers_name_is_refused() {
    for name in ["unpaywall", "doi_redirect"] {
        refused(&Guest::new(name).build(), &[name, "claims another's name"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_descriptor_that_changes_its_mind_is_read_once() {
    // Every `describe` would name one of two hosts by chance; both are
    // granted. Eight attempts ask both: the one declared when the adapter was
    // loaded answers, the other is never asked.
    let mut evil = Guest::new("evil").host("a.example").wasi(
        "wasi:random/random@0.2.0",
        "get-random-u64",
        "(func $random (result i64))",
    );
    let first = evil.descriptor();
    let mut evil = evil.forget_hosts().host("b.example");
    let second = evil.descriptor();
    let (a, b) = (
        evil.get("https://a.example/"),
        evil.get("https://b.example/"),
    );
    let miss = evil.miss("not_found");
    let evil = evil
        .describe(format!(
            "(select {first} {second} (i32.and (i32.wrap_i64 (call $random)) (i32.const 1)))"
        ))
        .resolve(format!("(drop {a}) (drop {b}) {miss}"))
        .build();
    let world = World::new()
        .page("https://a.example/", Answer::text("a"))
        .page("https://b.example/", Answer::text("b"));
    let stage = Stage::in_world(world, &evil)
        .await
        .settings("[adapter.evil]\nhosts = ['a.example', 'b.example']\n");
    let mut args = vec!["fetch".to_owned(), "10.5555/one".to_owned()];
    args.extend((0..7).map(|n| format!("10.5555/unknown.{n}")));
    args.extend(stage.flags());
    stage.rig.paperfall(args).await;
    let asked = |host: &str| stage.rig.web.requests_for(host, "/").len();
    let mut asked = [asked("a.example"), asked("b.example")];
    asked.sort_unstable();
    assert_eq!(asked, [0, 8]);
}
