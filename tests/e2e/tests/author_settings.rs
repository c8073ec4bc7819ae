//! Every field of an adapter's configuration, each held to what it says:
//! `[adapter.NAME]` (file, tier, hosts, memory_mib, settings, secrets) and
//! `[source.NAME]` (timeout_ms, retries, robots_respect, enabled, settings).
//! More on hosts and secrets is in `grants.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Guest, Ran, Rig, finish};
use paperfall_miniweb::{Answer, World};
use serde_json::Value;

/// A rig with a component in `acme.wasm` and this `paperfall.toml`.
async fn rig(world: World, component: Vec<u8>, toml: &str) -> Rig {
    let rig = Rig::new(world).await;
    rig.file("acme.wasm", component);
    rig.file("paperfall.toml", toml);
    rig
}

/// Resolves a work with acme alone.
async fn resolve(rig: &Rig) -> Ran {
    let args = ["resolve", "10.5555/one", "--explain", "--only", "acme"];
    rig.paperfall(args).await
}

fn asking(url: &str) -> Vec<u8> {
    let mut guest = Guest::new("acme").host("a.example");
    let ask = guest.get_and_tell(url, &[]);
    let miss = guest.miss("not_found");
    guest.resolve(format!("{ask} {miss}")).build()
}

fn idle() -> Vec<u8> {
    let mut guest = Guest::new("acme");
    let miss = guest.miss("not_found");
    guest.resolve(miss).build()
}

const HERE: &str = "[adapter.acme]\nfile = 'acme.wasm'\ntier = 'direct_oa'\n";

async fn sources(rig: &Rig) -> Vec<(String, String)> {
    let ran = rig.paperfall(["adapter", "list", "--json"]).await;
    let list: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = list.as_array().unwrap().iter();
    list.map(|one| (text(&one["tier"]), text(&one["source"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_and_tier_say_what_runs_and_where() {
    let toml = "[adapter.acme]\nfile = 'elsewhere/other.wasm'\ntier = 'archive'\n";
    let rig = rig(World::new(), b"never read".to_vec(), toml).await;
    rig.file("elsewhere/other.wasm", idle());
    let acme = ("archive".to_owned(), "acme".to_owned());
    assert!(sources(&rig).await.contains(&acme));
    let ran = resolve(&rig).await;
    assert!(
        ran.stdout.contains("archive/acme: no_pdf (not_found)"),
        "{ran}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_say_whom_it_may_ask() {
    let world = || World::new().page("https://a.example/", Answer::text("welcome"));
    for (hosts, asked) in [
        ("", 0),
        ("hosts = ['b.example']", 0),
        ("hosts = ['a.example']", 1),
    ] {
        let toml = format!("{HERE}{hosts}\n");
        let rig = rig(world(), asking("https://a.example/"), &toml).await;
        let ran = resolve(&rig).await;
        assert_eq!(
            rig.web.requests_for("a.example", "/").len(),
            asked,
            "{hosts}: {ran}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_mib_is_all_the_memory_there_is() {
    // Takes 3 MiB: 16 pages are a MiB.
    let mut guest = Guest::new("acme");
    let (miss, fits) = (guest.miss("too_little"), guest.miss("enough"));
    let body = format!(
        "(if (result i32) (i32.eq (memory.grow (i32.const 48)) (i32.const -1))
           (then {miss}) (else {fits}))"
    );
    let greedy = guest.resolve(body).build();
    for (memory, ending) in [
        ("", "no_pdf (enough)"),
        ("memory_mib = 4", "no_pdf (enough)"),
        ("memory_mib = 2", "no_pdf (too_little)"),
    ] {
        let rig = rig(World::new(), greedy.clone(), &format!("{HERE}{memory}\n")).await;
        let ran = resolve(&rig).await;
        assert!(
            ran.stdout.contains(&format!("direct_oa/acme: {ending}")),
            "{memory}: {ran}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_reach_the_guest_that_declares_them_the_sources_own_first() {
    let mut guest = Guest::new("acme").setting("depth", Some("the default"));
    let tell = guest.tell_setting();
    let miss = guest.miss("not_found");
    let telling = guest.resolve(format!("{tell} {miss}")).build();
    let adapter = format!("{HERE}settings = {{ depth = 'of the adapter', other = 'x' }}\n");
    let source = format!("{adapter}[source.acme]\nsettings = {{ depth = 'of the source' }}\n");
    for (toml, told) in [
        (HERE, "the default"),
        (adapter.as_str(), "of the adapter"),
        (source.as_str(), "of the source"),
    ] {
        let rig = rig(World::new(), telling.clone(), toml).await;
        let ran = resolve(&rig).await;
        assert!(
            ran.stdout.contains(&format!("log    info: {told}\n")),
            "{told}: {ran}"
        );
    }
    // One it does not declare does not reach it.
    let mut guest = Guest::new("acme");
    let tell = guest.tell_setting();
    let miss = guest.miss("not_found");
    let telling = guest.resolve(format!("{tell} {miss}")).build();
    let rig = rig(World::new(), telling, &adapter).await;
    let ran = resolve(&rig).await;
    assert!(ran.stdout.contains("direct_oa/acme: error (trap)"), "{ran}");
    assert!(
        ran.stderr.contains("\"depth\" of acme is not one it reads"),
        "{ran}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_come_from_the_variable_they_name() {
    let mut guest = Guest::new("acme").host("a.example").secret("KEY");
    let ask = guest.get_with("https://a.example/", &[("X-Api-Key", "{{secret:KEY}}")]);
    let miss = guest.miss("not_found");
    let asking = guest.resolve(format!("(drop {ask}) {miss}")).build();
    let toml = format!("{HERE}hosts = ['a.example']\nsecrets = {{ KEY = 'env:ACME_KEY' }}\n");
    let world = World::new().page("https://a.example/", Answer::text("welcome"));
    let rig = rig(world, asking, &toml).await;
    let unset = resolve(&rig).await;
    assert_eq!(unset.code, 2, "{unset}");
    assert!(unset.stderr.contains("ACME_KEY"), "{unset}");
    let mut command = rig.command(["resolve", "10.5555/one", "--only", "acme"]);
    finish(
        command
            .env("ACME_KEY", "from-the-environment")
            .spawn()
            .unwrap(),
    )
    .await;
    let asked = rig.web.requests_for("a.example", "/");
    assert_eq!(asked[0].header("x-api-key"), Some("from-the-environment"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timeout_ms_ends_an_attempt() {
    let world = || {
        let slow = Answer::text("late").delay(Duration::from_millis(1500));
        World::new().page("https://a.example/", slow)
    };
    for (timeout, ending) in [
        ("", "no_pdf (not_found)"),
        (
            "[source.acme]\ntimeout_ms = 300\n",
            "timeout (source_deadline)",
        ),
    ] {
        let toml = format!("{HERE}hosts = ['a.example']\n{timeout}");
        let rig = rig(world(), asking("https://a.example/"), &toml).await;
        let ran = resolve(&rig).await;
        assert!(
            ran.stdout.contains(&format!("direct_oa/acme: {ending}")),
            "{timeout}: {ran}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_say_how_often_the_host_asks_again() {
    for (retries, asked) in [("retries = 0", 1), ("retries = 1", 2)] {
        let toml = format!(
            "{HERE}hosts = ['a.example']\n[source.acme]\nrobots_respect = false\n{retries}\n"
        );
        let world = World::new().page("https://a.example/", Answer::status(503));
        let rig = rig(world, asking("https://a.example/"), &toml).await;
        let ran = resolve(&rig).await;
        assert_eq!(
            rig.web.requests_for("a.example", "/").len(),
            asked,
            "{retries}: {ran}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn robots_respect_says_whether_robots_txt_is_obeyed() {
    for (respect, asked) in [
        ("", 0),
        ("robots_respect = true", 0),
        ("robots_respect = false", 1),
    ] {
        let toml = format!("{HERE}hosts = ['a.example']\n[source.acme]\n{respect}\n");
        let world = World::new()
            .page("https://a.example/", Answer::text("welcome"))
            .page(
                "https://a.example/robots.txt",
                Answer::text("User-agent: *\nDisallow: /\n"),
            );
        let mut guest = Guest::new("acme").host("a.example");
        let (ask, miss) = (
            guest.get_page("https://a.example/"),
            guest.miss("not_found"),
        );
        let reading = guest.resolve(format!("(drop {ask}) {miss}")).build();
        let rig = rig(world, reading, &toml).await;
        let ran = resolve(&rig).await;
        let pages = rig.web.requests();
        let pages = pages
            .iter()
            .filter(|request| request.host == "a.example" && request.path_and_query == "/");
        assert_eq!(pages.count(), asked, "{respect}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enabled_false_takes_it_out_unread() {
    let toml = format!("{HERE}[source.acme]\nenabled = false\n");
    let rig = rig(World::new(), b"no component at all".to_vec(), &toml).await;
    let listed = sources(&rig).await;
    assert_eq!(listed.len(), 7, "{listed:?}");
    let test = [
        "adapter",
        "test",
        "acme.wasm",
        "--work",
        "10.5555/one",
        "--live",
    ];
    let ran = rig.paperfall(test).await;
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("acme.wasm is not in the plan"), "{ran}");
}
