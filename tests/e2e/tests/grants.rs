//! Hosts and secrets: a third-party adapter gets what it declares and the
//! operator grants, and no more, whatever redirects say; a key goes where it
//! was meant to go and comes back from nowhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Ran, Stage, finish};
use paperfall_miniweb::{Answer, World};

/// A secret nobody writes down by accident.
const KEY: &str = "s3cr3t/K&y+42";
/// The same in a query.
const KEY_IN_QUERY: &str = "s3cr3t%2FK%26y%2B42";

/// The settings that give `evil` its key and these hosts.
fn with_key(hosts: &str) -> String {
    format!("[adapter.evil]\nhosts = [{hosts}]\nsecrets = {{ KEY = 'env:EVIL_KEY' }}\n")
}

/// An adapter that asks for each URL and tells what came back.
fn asking(declared: &[&str], urls: &[&str]) -> Vec<u8> {
    asking_with(Guest::new("evil"), declared, urls, &[])
}

fn asking_with(
    guest: Guest,
    declared: &[&str],
    urls: &[&str],
    headers: &[(&str, &str)],
) -> Vec<u8> {
    let mut guest = declared.iter().fold(guest, |guest, host| guest.host(host));
    let asks: String = urls
        .iter()
        .map(|url| guest.get_and_tell(url, headers))
        .collect();
    let miss = guest.miss("not_found");
    guest.resolve(format!("{asks} {miss}")).build()
}

fn web() -> World {
    ["a.example", "b.example", "deep.a.example"]
        .into_iter()
        .fold(World::new(), |world, host| {
            world.page(
                &format!("https://{host}/"),
                Answer::text(format!("welcome to {host}")),
            )
        })
}

/// How often a host was asked.
fn asked(stage: &Stage, host: &str) -> usize {
    stage.rig.web.requests_for(host, "/").len()
}

/// Runs the binary with the key in its environment, as talkative as it gets.
async fn with_the_key(stage: &Stage, args: &[&str]) -> Ran {
    let args = args.iter().map(|arg| (*arg).to_owned());
    let mut command = stage.rig.command(args.chain(stage.flags()));
    finish(command.env("EVIL_KEY", KEY).spawn().unwrap()).await
}

/// Explains and fetches; nothing that can be read anywhere may hold the key.
async fn explain_and_fetch(stage: &Stage) -> Ran {
    let explained = with_the_key(stage, &["-vv", "resolve", "10.5555/one", "--explain"]).await;
    let fetched = with_the_key(stage, &["-vv", "fetch", "10.5555/one", "--json"]).await;
    let results = std::fs::read_to_string(stage.rig.out().join("results.jsonl")).unwrap();
    assert_eq!(fetched.code, 0, "{fetched}");
    for text in [
        &explained.stdout,
        &explained.stderr,
        &fetched.stdout,
        &fetched.stderr,
        &results,
    ] {
        for secret in [KEY, KEY_IN_QUERY, "s3cr3t"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    explained
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grant_a_host_is_denied_and_the_setting_is_named_that_allows_it() {
    let evil = asking(&["a.example"], &["https://a.example/"]);
    let stage = Stage::in_world(web(), &evil).await;
    stage.survives("no_pdf not_found").await;
    assert_eq!(asked(&stage, "a.example"), 0);

    let ran = stage.explain().await;
    assert!(ran.stdout.contains("→ denied-host: "), "{ran}");
    let line = ran
        .stdout
        .lines()
        .find(|line| line.contains("log    warn: "))
        .unwrap_or_else(|| panic!("no log line: {ran}"));
    let (_, setting) = line.split_once("[adapter.evil] ").unwrap();
    let (setting, _) = setting.split_once(" in paperfall.toml").unwrap();
    assert_eq!(setting, "hosts = [\"a.example\"]");

    // The setting works exactly as it is named.
    let stage = stage.settings(&format!("[adapter.evil]\n{setting}\n"));
    let ran = stage.explain().await;
    assert!(ran.stdout.contains("info: welcome to a.example"), "{ran}");
    assert_eq!(asked(&stage, "a.example"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_setting_is_named_for_a_host_the_adapter_does_not_declare() {
    let evil = asking(&["a.example"], &["https://b.example/"]);
    let ran = Stage::in_world(web(), &evil).await.explain().await;
    let words = "evil does not declare b.example: it must be among the hosts of its descriptor";
    assert!(ran.stdout.contains(words), "{ran}");
    assert!(!ran.stdout.contains("would allow it"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_denial_names_the_operators_name_of_the_adapter() {
    let evil = asking_with(
        Guest::new("nice"),
        &["a.example"],
        &["https://a.example/"],
        &[],
    );
    let ran = Stage::in_world(web(), &evil).await.explain().await;
    assert!(ran.stdout.contains("[adapter.evil] hosts"), "{ran}");
    assert!(!ran.stdout.contains("[adapter.nice]"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_reaches_what_it_declares_and_is_granted() {
    let urls = [
        "https://a.example/",
        "https://b.example/",
        "https://deep.a.example/",
    ];
    // Declared, granted, and which of the three then answer.
    let cases: [(&[&str], &str, [usize; 3]); 9] = [
        (&["a.example"], "", [0, 0, 0]),
        (&["a.example"], "'b.example'", [0, 0, 0]),
        (&["a.example", "b.example"], "'b.example'", [0, 1, 0]),
        (&["a.example"], "'*'", [1, 0, 0]),
        (&["*.a.example"], "'*.example'", [0, 0, 1]),
        (&["*.a.example"], "'a.example', 'deep.a.example'", [0, 0, 1]),
        (&["*"], "", [0, 0, 0]),
        (&["*"], "'b.example'", [0, 1, 0]),
        (&["*"], "'*'", [1, 1, 1]),
    ];
    for (declared, granted, expected) in cases {
        let evil = asking(declared, &urls);
        let stage = Stage::in_world(web(), &evil)
            .await
            .settings(&format!("[adapter.evil]\nhosts = [{granted}]\n"));
        let ran = stage.explain().await;
        let reached = ["a.example", "b.example", "deep.a.example"].map(|host| asked(&stage, host));
        assert_eq!(reached, expected, "{declared:?} and {granted:?}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_does_not_lead_out_of_the_grants() {
    let evil = asking(&["a.example", "b.example"], &["https://a.example/away"]);
    let world = web().page(
        "https://a.example/away",
        Answer::redirect("https://b.example/"),
    );
    let stage = Stage::in_world(world, &evil)
        .await
        .settings("[adapter.evil]\nhosts = ['a.example']\n");
    let ran = stage.explain().await;
    assert!(ran.stdout.contains("→ denied-host: "), "{ran}");
    // The line that would do keeps what is granted already.
    assert!(
        ran.stdout
            .contains("[adapter.evil] hosts = [\"a.example\", \"b.example\"] in paperfall.toml"),
        "{ran}"
    );
    assert_eq!(
        (asked(&stage, "a.example"), asked(&stage, "b.example")),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_replaces_a_bundled_adapter_inherits_nothing() {
    let header = [("Authorization", "Bearer {{secret:KEY}}")];
    let guest = Guest::new("unpaywall").secret("KEY");
    let url = "https://api.unpaywall.org/v2/10.5555/one";
    let fake = asking_with(guest, &["api.unpaywall.org"], &[url], &header);
    // Grants and a secret that were meant for the bundled one.
    let stage = Stage::new(b"").await.settings(
        "[adapter.unpaywall]\nhosts = ['api.unpaywall.org']\nsecrets = { KEY = 'env:EVIL_KEY' }\n",
    );
    stage.rig.file("adapters/direct_oa/unpaywall.wasm", fake);
    let args = [
        "resolve",
        "10.5555/one",
        "--explain",
        "--only=unpaywall,doi_follow",
    ];
    let mut command = stage
        .rig
        .command(args.into_iter().chain(["--adapters-dir", "adapters"]));
    let ran = finish(command.env("EVIL_KEY", KEY).spawn().unwrap()).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr
            .contains("replaces the bundled adapter unpaywall"),
        "{ran}"
    );
    assert!(
        ran.stdout
            .contains("direct_oa/unpaywall: no_pdf (not_found)"),
        "{ran}"
    );
    assert!(
        ran.stdout.contains("→ denied-host: ") || ran.stdout.contains("→ forbidden-request: "),
        "{ran}"
    );
    assert_eq!(asked(&stage, "api.unpaywall.org"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_reaches_its_host_and_nothing_of_it_comes_back() {
    // The host echoes the key wherever a guest or a person could see it.
    let echo = Answer::text(format!("your key is {KEY}, in a query {KEY_IN_QUERY}"))
        .header("x-echo", KEY)
        .header("x-query", KEY_IN_QUERY);
    let world = web().page("https://a.example/echo", echo.clone()).page(
        "https://a.example/turn",
        Answer::redirect(&format!("https://a.example/echo?key={KEY_IN_QUERY}")),
    );
    let evil = asking_with(
        Guest::new("evil").secret("KEY"),
        &["a.example"],
        &[
            "https://a.example/echo?key={{secret:KEY}}",
            "https://a.example/turn",
        ],
        &[("Authorization", "Bearer {{secret:KEY}}")],
    );
    let stage = Stage::in_world(world, &evil)
        .await
        .settings(&with_key("'a.example'"));
    let ran = explain_and_fetch(&stage).await;
    assert!(
        ran.stdout
            .contains("your key is {{secret:KEY}}, in a query {{secret:KEY}}"),
        "{ran}"
    );

    let requests = stage.rig.web.requests_for("a.example", "/echo");
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {KEY}").as_str())
        );
        assert_eq!(request.path_and_query, format!("/echo?key={KEY_IN_QUERY}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_a_header_stays_behind_when_a_redirect_leaves_the_origin() {
    let world = web()
        .page(
            "https://a.example/away",
            Answer::redirect("https://b.example/"),
        )
        .page(
            "https://a.example/down",
            Answer::redirect("http://a.example/plain"),
        )
        .page("http://a.example/plain", Answer::text("plain"))
        .page(
            "https://a.example/round",
            Answer::redirect("https://b.example/back"),
        )
        .page(
            "https://b.example/back",
            Answer::redirect("https://a.example/"),
        );
    let evil = asking_with(
        Guest::new("evil").secret("KEY"),
        &["a.example", "b.example"],
        &[
            "https://a.example/away",
            "https://a.example/down",
            "https://a.example/round",
        ],
        &[
            ("Authorization", "Bearer {{secret:KEY}}"),
            ("X-Api-Key", "{{secret:KEY}}"),
        ],
    );
    let stage = Stage::in_world(world, &evil)
        .await
        .settings(&with_key("'a.example', 'b.example'"));
    explain_and_fetch(&stage).await;
    let requests = stage.rig.web.requests();
    let mut seen = Vec::new();
    for request in requests
        .iter()
        .filter(|r| ["a.example", "b.example"].contains(&r.host.as_str()))
    {
        let has = request.header("authorization").is_some();
        assert_eq!(
            has,
            request.header("x-api-key").is_some(),
            "{}",
            request.url()
        );
        let first = ["/away", "/down", "/round"].contains(&request.path_and_query.as_str());
        assert_eq!(has, first, "{}", request.url());
        seen.push(request.url());
    }
    for url in [
        "https://b.example/",
        "http://a.example/plain",
        "https://a.example/",
    ] {
        assert!(
            seen.iter().any(|seen| seen == url),
            "{url} was not reached: {seen:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_granted_only_by_a_star_gets_no_secret() {
    let evil = asking_with(
        Guest::new("evil").secret("KEY"),
        &["*"],
        &["https://a.example/?key={{secret:KEY}}"],
        &[],
    );
    let stage = Stage::in_world(web(), &evil)
        .await
        .settings(&with_key("'*'"));
    let ran = explain_and_fetch(&stage).await;
    assert!(
        ran.stdout
            .contains("→ forbidden-request: no secret is sent to a.example"),
        "{ran}"
    );
    assert_eq!(asked(&stage, "a.example"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_not_granted_gets_no_secret() {
    let evil = asking_with(
        Guest::new("evil").secret("KEY"),
        &["a.example", "b.example"],
        &["https://b.example/?key={{secret:KEY}}"],
        &[],
    );
    let stage = Stage::in_world(web(), &evil)
        .await
        .settings(&with_key("'a.example'"));
    let ran = explain_and_fetch(&stage).await;
    assert!(ran.stdout.contains("→ denied-host: "), "{ran}");
    assert_eq!(asked(&stage, "b.example"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_that_were_not_declared_or_not_configured_are_not_sent() {
    let url = "https://a.example/?key={{secret:KEY}}";
    let undeclared = asking(&["a.example"], &[url]);
    let stage = Stage::in_world(web(), &undeclared)
        .await
        .settings(&with_key("'a.example'"));
    let ran = explain_and_fetch(&stage).await;
    assert!(ran.stdout.contains("→ forbidden-request: "), "{ran}");
    assert_eq!(asked(&stage, "a.example"), 0);

    // Configured for somebody else.
    let guest = Guest::new("evil").secret("KEY");
    let evil = asking_with(guest, &["a.example"], &[url], &[]);
    let stage = Stage::in_world(web(), &evil).await.settings(
        "[adapter.evil]\nhosts = ['a.example']\n\
         [adapter.unpaywall]\nsecrets = { KEY = 'env:EVIL_KEY' }\n",
    );
    let ran = explain_and_fetch(&stage).await;
    assert!(
        ran.stdout.contains("no secret \"KEY\" is configured"),
        "{ran}"
    );
    assert!(
        ran.stdout.contains("secrets = { KEY = \"env:VARIABLE\" }"),
        "{ran}"
    );
    assert_eq!(asked(&stage, "a.example"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_carries_no_secret_out() {
    let mut guest = Guest::new("evil").secret("KEY").host("a.example");
    let candidate = guest.candidate("https://a.example/x.pdf?key={{secret:KEY}}");
    let evil = guest.resolve(candidate).build();
    let stage = Stage::in_world(web(), &evil)
        .await
        .settings(&with_key("'a.example'"));
    let ran = explain_and_fetch(&stage).await;
    assert!(
        ran.stdout.contains("no secret is sent to a.example"),
        "{ran}"
    );
    assert_eq!(asked(&stage, "a.example"), 0);
}
