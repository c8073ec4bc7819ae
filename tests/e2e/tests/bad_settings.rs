//! Flags, variables and settings files that make no sense are refused at
//! start: one line with place, cause and remedy, exit 2, no request sent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Rig, finish};
use paperfall_miniweb::World;

const ID: &str = "arXiv:2101.00001";

/// Each of these flags is refused with all of its words.
async fn refused(cases: &[(&[&str], &[&str])]) {
    let rig = Rig::new(World::new()).await;
    for (flags, words) in cases {
        let mut args = vec!["fetch", ID];
        args.extend(*flags);
        let ran = rig.paperfall(args).await;
        ran.assert_refused(2, words);
    }
    assert!(rig.web.requests().is_empty());
    assert!(!rig.out().exists(), "refused, yet OUT was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_tiers_options_and_sources_are_answered_with_the_nearest_spelling() {
    refused(&[
        (
            &["--fallback-tier", "direct_ao:parallel=1"],
            &["--fallback-tier", "direct_ao", "did you mean direct_oa?"],
        ),
        (
            &["--fallback-tier", "direct_oa:paralel=1"],
            &["paralel", "did you mean parallel?"],
        ),
        (
            &["--fallback-tier", "direct_oa:sources=unpaywal+arxiv"],
            &["unpaywal", "did you mean unpaywall?"],
        ),
        (
            &["--only", "waybak"],
            &["--only", "waybak", "did you mean wayback?"],
        ),
        (&["--only", ""], &["--only", "names nothing"]),
        (
            &["--fallback-tier", "direct_oa:sources="],
            &["direct_oa", "enabled=false"],
        ),
        (
            &["--fallback-tier", "archive:after=archive"],
            &["cannot come after itself"],
        ),
        (
            &["--only", "archive", "--disable-wayback-fallback"],
            &["the plan is empty"],
        ),
        (
            &["--fallback-tier", "mine:adapter=absent.wasm"],
            &["absent.wasm"],
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zero_negative_and_wordy_budgets_are_refused_with_their_bounds() {
    for flag in [
        "--fallback-total-timeout-ms",
        "--fallback-max-attempts",
        "--fallback-max-concurrent",
    ] {
        for value in ["0", "-5", "many", "1.5", "99999999999999999999"] {
            refused(&[(&[flag, value], &[flag, value, "from 1 to"])]).await;
        }
    }
    refused(&[
        (
            &["--fallback-tier", "direct_oa:timeout_ms=0"],
            &["\"0\"", "milliseconds"],
        ),
        (
            &["--fallback-tier", "direct_oa:parallel=-1"],
            &["\"-1\"", "attempts at once"],
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_of_workers_out_of_bounds_is_wrong_usage() {
    let rig = Rig::new(World::new()).await;
    for workers in ["0", "-1", "65", "x"] {
        let ran = rig
            .paperfall(["fetch", ID, &format!("--workers={workers}")])
            .await;
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains("--workers"), "{ran}");
        ran.assert_orderly();
    }
    assert!(!rig.out().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_value_is_told_with_the_variable_it_stands_in() {
    let rig = Rig::new(World::new()).await;
    for (variable, value, flag) in [
        ("PAPERFALL_WORKERS", "many", "--workers <N>"),
        ("PAPERFALL_LEASE_TTL", "1", "--lease-ttl <SECONDS>"),
        ("PAPERFALL_WAIT_FOR_RETRIES", "soon", "--wait-for-retries"),
        ("PAPERFALL_METRICS", "nowhere", "--metrics <ADDR>"),
    ] {
        let mut command = rig.command(["fetch", ID]);
        let ran = finish(command.env(variable, value).spawn().unwrap()).await;
        assert_eq!(ran.code, 2, "{ran}");
        let words = format!("invalid value '{value}' for '{variable} ({flag})'");
        assert!(ran.stderr.contains(&words), "{words}: {ran}");
    }
    let mut command = rig.command(["fetch", ID, "--workers=x"]);
    let ran = finish(command.env("PAPERFALL_WORKERS", "x").spawn().unwrap()).await;
    assert!(ran.stderr.contains("for '--workers <N>'"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_placeholder_or_malformed_e_mail_is_refused() {
    refused(&[
        (
            &["--email", "you@example.com"],
            &["--email", "placeholder", "your own address"],
        ),
        (&["--email", "nobody"], &["--email", "no e-mail address"]),
        (&["--email", ""], &["--email", "empty"]),
    ])
    .await;
    let rig = Rig::new(World::new()).await;
    let mut command = rig.command(["fetch", ID]);
    command.env("PAPERFALL_EMAIL", "your.name@uni.edu");
    let ran = finish(command.spawn().unwrap()).await;
    ran.assert_refused(2, &["env PAPERFALL_EMAIL", "placeholder"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledger_settings_that_make_no_sense_are_refused() {
    refused(&[(
        &["--retry-missing", "30d"],
        &["--retry-missing", "--enable-idempotency"],
    )])
    .await;
    let rig = Rig::new(World::new()).await;
    for (flag, value, word) in [
        ("--retry-missing", "soon", "such as 30d"),
        ("--lease-ttl", "0", "3..=86400"),
        ("--on-ledger-error", "cry", "continue"),
    ] {
        let ran = rig
            .paperfall(["fetch", ID, "--enable-idempotency", flag, value])
            .await;
        let text = ran.to_string();
        assert_eq!(ran.code, 2, "{ran}");
        assert!(text.contains(flag) && text.contains(word), "{ran}");
        assert!(!rig.out().exists(), "refused, yet OUT was made");
    }
    let rig = Rig::new(World::new()).await;
    let mut command = rig.command(["fetch", ID]);
    command.env("DOCSTOKG_ENABLE_IDEMPOTENCY", "maybe");
    let ran = finish(command.spawn().unwrap()).await;
    ran.assert_refused(2, &["DOCSTOKG_ENABLE_IDEMPOTENCY", "maybe"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn network_settings_that_cannot_work_are_refused() {
    refused(&[
        (
            &["--resolve", "arxiv.org"],
            &["--resolve", "HOST:PORT:ADDR", "arxiv.org"],
        ),
        (
            &["--resolve", "arxiv.org:443:elsewhere"],
            &["--resolve", "neither IP"],
        ),
        (
            &["--allow-private-net", "everything"],
            &[
                "--allow-private-net: \"everything\" is not a network",
                "10.0.0.0/8",
            ],
        ),
        (
            &["--allow-private-net", "10.0.0.0/99"],
            &["--allow-private-net", "10.0.0.0/99"],
        ),
        (&["--proxy", "::"], &["proxy", "http://proxy.example:3128"]),
        (
            &["--proxy", "ftp://proxy.example"],
            &["proxy", "http://proxy.example:3128"],
        ),
        (&["--ca-file", "absent.pem"], &["absent.pem", "PEM"]),
        (&["--ca-file", "/"], &["CA file /", "PEM"]),
    ])
    .await;
    let rig = Rig::new(World::new()).await;
    let file = rig.file("not.pem", "hello");
    let ran = rig
        .paperfall(["fetch", ID, "--ca-file", file.to_str().unwrap()])
        .await;
    ran.assert_refused(2, &["not.pem", "no PEM certificate"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_proxys_password_is_not_repeated() {
    let rig = Rig::new(World::new()).await;
    for proxy in [
        "http://user:hunter2@bad host:1",
        "ftp://user:hunter2@proxy.example",
    ] {
        let ran = rig.paperfall(["fetch", ID, "--proxy", proxy]).await;
        ran.assert_refused(2, &["proxy"]);
        assert!(!ran.stderr.contains("hunter2"), "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settings_file_is_refused_by_line() {
    for (content, words) in [
        ("email = \n", &["paperfall.toml:1", "not valid TOML"][..]),
        (
            "\n[budgets]\nmax_attempts = 0\n",
            &["paperfall.toml:3", "max_attempts", "from 1 to"],
        ),
        (
            "[[tier]]\nname = \"direct_oa\"\nsources = [\"unpaywal\"]\n",
            &["paperfall.toml:3", "did you mean unpaywall?"],
        ),
        (
            "[gates]\noffline_behavior = \"sometimes\"\n",
            &["paperfall.toml:2", "sometimes", "metadata_only"],
        ),
        (
            "email = \"you@university.edu\"\n",
            &["paperfall.toml:1", "placeholder"],
        ),
    ] {
        let rig = Rig::new(World::new()).await;
        rig.file("paperfall.toml", content);
        let mut command = rig.command(["fetch", ID]);
        command.env_remove("PAPERFALL_EMAIL");
        let ran = finish(command.spawn().unwrap()).await;
        ran.assert_refused(2, words);
        assert!(!rig.out().exists());
    }
    refused(&[(&["--config", "absent.toml"], &["--config", "absent.toml"])]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_key_of_the_settings_file_is_a_warning_with_the_nearest_one() {
    let rig = Rig::new(World::new()).await;
    rig.file("paperfall.toml", "[budgets]\nmax_atempts = 3\n");
    let ran = rig.paperfall(["plan"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.complaints().len(), 1, "{ran}");
    for word in ["warning", "paperfall.toml:2", "did you mean max_attempts?"] {
        assert!(ran.complaints()[0].contains(word), "{word}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_variable_is_named_as_the_place() {
    for (variable, value) in [
        ("PAPERFALL_FALLBACK_MAX_ATTEMPTS", "abc"),
        ("DOCSTOKG_FALLBACK_TOTAL_TIMEOUT_MS", "-1"),
        (
            "PAPERFALL_FALLBACK_TIER",
            "direct_oa:parallel=2;archve:parallel=1",
        ),
        ("PAPERFALL_ONLY", "nobody"),
    ] {
        let rig = Rig::new(World::new()).await;
        let mut command = rig.command(["fetch", ID]);
        command.env(variable, value);
        let ran = finish(command.spawn().unwrap()).await;
        ran.assert_refused(2, &[&format!("env {variable}")]);
    }
}
