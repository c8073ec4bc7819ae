//! `paperfall.toml`: types, unknown keys, unreadable files.

use std::fs;

use super::{Scene, refused_config, refused_flags, row, source, value};

#[test]
fn the_example_of_the_documentation_is_read_whole() {
    let scene = Scene::new()
        .file("acme.wasm", "")
        .env("ACME_KEY", "k")
        .config(
            r#"
email = "ada@lovelace.edu"
[budgets]
total_timeout_ms = 90_000
[[tier]]
name = "direct_oa"
parallel = 3
[source.unpaywall]
timeout_ms = 0x1000
retries = 0
robots_respect = true
[adapter.acme]
file = "acme.wasm"
tier = "direct_oa"
hosts = ["api.acme.org"]
memory_mib = 64
settings = { base-url = "https://api.acme.org" }
secrets = { KEY = "env:ACME_KEY" }
[host."web.archive.org/cdx"]
per_minute = 24
[gates]
skip_if_breaker_open = false
offline_behavior = "cache_only"
skip_if_rate_wait_exceeds_ms = 0
"#,
        );
    let plan = scene.plan();
    assert_eq!(plan.budgets.total_timeout_ms, 90_000);
    assert_eq!(plan.tiers[0].parallel, 3);
    let unpaywall = source(&plan, "unpaywall").policy;
    assert_eq!((unpaywall.timeout_ms, unpaywall.retries_max), (4096, 0));
    assert!(unpaywall.robots_respect);
    assert!(!plan.gates.skip_if_breaker_open);
    assert_eq!(plan.gates.skip_if_rate_wait_exceeds_ms, 0);
    let limit = row(&plan, "host.\"web.archive.org/cdx\".per_minute");
    assert_eq!(limit.value, "24");
    assert_eq!(limit.note, None);
}

#[test]
fn every_origin_names_its_line() {
    let plan = Scene::new()
        .config("\n\n[source.pmc]\n# a comment\nretries = 1\n")
        .plan();
    let (_, origin) = value(&plan, "source.pmc.retries");
    assert!(
        origin.ends_with("paperfall.toml:5: source.pmc.retries"),
        "{origin}"
    );
}

#[test]
fn wrong_values_are_refused_with_file_line_and_key() {
    for (text, expected) in [
        (
            "[budgets]\nmax_attempts = 0",
            "2: budgets.max_attempts: \"0\" is not allowed: give a whole number of attempts from 1 to 1000",
        ),
        (
            "[budgets]\nmax_attempts = -3",
            "2: budgets.max_attempts: \"-3\" is not allowed: give a whole number of attempts from 1 to 1000",
        ),
        (
            "[budgets]\nmax_attempts = 99999999999999999999",
            "2: budgets.max_attempts: \"99999999999999999999\" is not allowed: give a whole number of attempts from 1 to 1000",
        ),
        (
            "[budgets]\nmax_attempts = '20'",
            "2: budgets.max_attempts: expected a whole number, found a string",
        ),
        (
            "[budgets]\ntotal_timeout_ms = 1.5",
            "2: budgets.total_timeout_ms: expected a whole number, found a fraction",
        ),
        (
            "[budgets]\nper_source_timeout_ms = 0",
            "2: budgets.per_source_timeout_ms: \"0\" is not allowed: give a whole number of milliseconds from 1 to 86400000",
        ),
        (
            "budgets = 3",
            "1: budgets: expected a table, found a whole number",
        ),
        (
            "email = 3",
            "1: email: expected a string, found a whole number",
        ),
        (
            "[gates]\nskip_if_breaker_open = 1",
            "2: gates.skip_if_breaker_open: expected true or false, found a whole number",
        ),
        (
            "[gates]\noffline_behavior = 'offline'",
            "2: gates.offline_behavior: \"offline\" is not understood: valid: metadata_only, block_all, cache_only",
        ),
        (
            "[tier]\nname = 'archive'",
            "1: tier: expected a list of tables, [[…]], found a table",
        ),
        (
            "[[tier]]\nparallel = 2",
            "1: tier: a [[tier]] without a name: add name = \"…\"",
        ),
        (
            "[[tier]]\nname = 'archive'\nparallel = 0",
            "3: tier.archive.parallel: \"0\" is not allowed: give a whole number of attempts at once from 1 to 64",
        ),
        (
            "[[tier]]\nname = 'archive'\nsources = []",
            "3: tier.archive.sources: tier archive would have no sources: name at least one, or switch the tier off with enabled=false",
        ),
        (
            "[[tier]]\nname = 'archive'\nsources = 'wayback'",
            "3: tier.archive.sources: expected a list of strings, found a string",
        ),
        (
            "[[tier]]\nname = 'archive'\nsources = [\n'wayback',\n7]",
            "5: tier.archive.sources: expected a string, found a whole number",
        ),
        (
            "[source.unpaywal]\nretries = 1",
            "1: source.unpaywal: there is no source \"unpaywal\": did you mean unpaywall? (valid: arxiv, doi_redirect, europe_pmc, landing_scrape, pmc, unpaywall, wayback)",
        ),
        (
            "[source.arxiv]\nretries = 1\n[source.arxiv_pdf]\nretries = 2",
            "3: source.arxiv_pdf: arxiv is named twice: name it once",
        ),
        (
            "[source.arxiv]\nsettings = { a = [1] }",
            "2: source.arxiv.settings.a: expected a string, a number, true or false, found a list",
        ),
        (
            "[adapter.arxiv]\nmemory_mib = 0",
            "2: adapter.arxiv.memory_mib: \"0\" is not allowed: give a whole number of MiB from 1 to 4096",
        ),
        (
            "[adapter.arxiv]\nmemory_mib = 4097",
            "2: adapter.arxiv.memory_mib: \"4097\" is not allowed: give a whole number of MiB from 1 to 4096",
        ),
        (
            "[host.'a.org']\nper_minute = 0",
            "2: host.\"a.org\".per_minute: \"0\" is not allowed: give a whole number of requests from 1 to 1000000",
        ),
    ] {
        assert_eq!(refused_config(text), format!("paperfall.toml:{expected}"));
    }
}

#[test]
fn hosts_that_are_no_patterns_are_refused() {
    for text in [
        "[adapter.arxiv]\nhosts = ['https://arxiv.org']",
        "[adapter.arxiv]\nhosts = ['']",
        "[host.'https://arxiv.org']\nper_minute = 3",
    ] {
        let refusal = refused_config(text);
        assert!(refusal.contains("is not a host pattern"), "{refusal}");
    }
}

#[test]
fn settings_and_secrets_have_bounds() {
    for text in [
        format!(
            "[source.arxiv]\nsettings = {{ a = '{}' }}",
            "x".repeat(4097)
        ),
        format!("[source.arxiv]\nsettings = {{ {} = 'a' }}", "x".repeat(65)),
        "[source.arxiv]\nsettings = { \"a\\n\" = 'a' }".to_owned(),
        "[adapter.arxiv]\nsecrets = { 'a b' = 'env:X' }".to_owned(),
        "[adapter.arxiv]\nsecrets = { A = 'env:' }".to_owned(),
    ] {
        assert!(refused_config(&text).starts_with("paperfall.toml:2: "));
    }
}

#[test]
fn unknown_keys_are_warnings_with_the_nearest_key() {
    let scene = Scene::new().config(
        "budget = 1\n[budgets]\nmax_atempts = 3\n[source.arxiv]\ntime = 1\n\
         [gates]\nzzz = 1\n[[tier]]\nname = 'archive'\nparalel = 1\nparallel = 2\n",
    );
    assert_eq!(
        scene.warnings(),
        [
            "paperfall.toml:3: budgets.max_atempts: unknown key, ignored; did you mean max_attempts?",
            "paperfall.toml:7: gates.zzz: unknown key, ignored",
            "paperfall.toml:10: tier.archive.paralel: unknown key, ignored; did you mean parallel?",
            "paperfall.toml:5: source.arxiv.time: unknown key, ignored; did you mean timeout_ms?",
            "paperfall.toml:1: budget: unknown key, ignored; did you mean budgets?",
        ]
    );
}

#[test]
fn broken_toml_is_refused_with_its_line() {
    for (text, line) in [
        ("[budgets]\nmax_attempts = = 3\n", 2),
        ("a = 1\na = 2\n", 2),
        ("[budgets\n", 1),
    ] {
        let refusal = refused_config(text);
        let start = format!("paperfall.toml:{line}: not valid TOML: ");
        assert!(refusal.starts_with(&start), "{refusal}");
    }
    let deep = format!("a = {}1{}", "[".repeat(5000), "]".repeat(5000));
    assert!(refused_config(&deep).contains("not valid TOML"));
}

#[test]
fn a_settings_file_that_cannot_be_read_is_refused() {
    let refusal = refused_flags(["--config", "nowhere.toml"]);
    assert!(
        refusal.starts_with("--config: cannot read nowhere.toml: "),
        "{refusal}"
    );
    assert!(
        refusal.ends_with("create it, or name the right file with --config"),
        "{refusal}"
    );

    let folder = Scene::new();
    fs::create_dir(folder.path("paperfall.toml")).unwrap();
    let refusal = folder.refusal();
    assert!(
        refusal.starts_with("paperfall.toml: cannot read paperfall.toml: "),
        "{refusal}"
    );

    let binary = Scene::new();
    fs::write(binary.path("paperfall.toml"), b"\xff\xfe").unwrap();
    assert!(binary.refusal().contains("it is not UTF-8 text"));

    let large = Scene::new().config(&"#\n".repeat(600_000));
    assert!(large.refusal().contains("it is larger than 1 MiB"));
}

#[test]
fn an_empty_settings_file_changes_nothing() {
    let plan = Scene::new().config("").plan();
    assert_eq!(plan.tiers.len(), 4);
    assert!(value(&plan, "config").0.ends_with("paperfall.toml"));
}
