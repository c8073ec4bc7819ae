//! Bad flags and variables: each a one-line refusal with place, cause and
//! remedy.

use super::{Scene, refused_config, refused_flags};

#[test]
fn zero_negative_huge_and_nonsense_numbers_are_refused_with_their_bounds() {
    for (flag, unit, max) in [
        ("--fallback-total-timeout-ms", "milliseconds", "86400000"),
        ("--fallback-max-attempts", "attempts", "1000"),
        ("--fallback-max-concurrent", "attempts at once", "64"),
    ] {
        for given in [
            "0",
            "-5",
            "99999999999999999999999",
            "86400001",
            "ten",
            "1.5",
            "",
        ] {
            assert_eq!(
                refused_flags([flag, given]),
                format!(
                    "{flag}: \"{given}\" is not allowed: give a whole number of {unit} from 1 to {max}"
                )
            );
        }
    }
}

#[test]
fn the_bounds_themselves_are_allowed() {
    for (flag, given) in [
        ("--fallback-total-timeout-ms", "1"),
        ("--fallback-total-timeout-ms", "86400000"),
        ("--fallback-max-attempts", "1000"),
        ("--fallback-max-concurrent", "64"),
    ] {
        Scene::new().flags([flag, given]).plan();
    }
}

#[test]
fn wrong_variables_are_refused_by_name() {
    for (name, given, expected) in [
        (
            "PAPERFALL_FALLBACK_MAX_ATTEMPTS",
            "0",
            "\"0\" is not allowed: give a whole number of attempts from 1 to 1000",
        ),
        (
            "DOCSTOKG_FALLBACK_TOTAL_ATTEMPTS",
            "-1",
            "\"-1\" is not allowed: give a whole number of attempts from 1 to 1000",
        ),
        (
            "DOCSTOKG_FALLBACK_PER_SOURCE_TIMEOUT_MS",
            "0",
            "\"0\" is not allowed: give a whole number of milliseconds from 1 to 86400000",
        ),
        (
            "DOCSTOKG_FALLBACK_OFFLINE_BEHAVIOR",
            "block",
            "\"block\" is not understood: did you mean block_all? (valid: metadata_only, block_all, cache_only)",
        ),
        (
            "DOCSTOKG_FALLBACK_SKIP_IF_BREAKER_OPEN",
            "maybe",
            "\"maybe\" is not understood: valid: true, false, 1, 0, yes, no",
        ),
        (
            "PAPERFALL_DISABLE_WAYBACK_FALLBACK",
            "ture",
            "\"ture\" is not understood: did you mean true? (valid: true, false, 1, 0, yes, no)",
        ),
        (
            "PAPERFALL_FALLBACK_TIER",
            "archive:parallel=1;archve:parallel=2",
            "there is no tier \"archve\": did you mean archive? (valid: direct_oa, doi_follow, landing_scrape, archive); a new tier needs adapter=FILE.wasm or a [[tier]] table",
        ),
        (
            "PAPERFALL_ONLY",
            "a,,b",
            "it names nothing: give tiers or sources, with a comma between",
        ),
    ] {
        let refusal = Scene::new().env(name, given).refusal();
        assert_eq!(refusal, format!("env {name}: {expected}"));
    }
}

#[test]
fn an_unknown_tier_is_refused_with_the_nearest() {
    assert_eq!(
        refused_flags(["--fallback-tier", "direct_ao:parallel=3"]),
        "--fallback-tier: there is no tier \"direct_ao\": did you mean direct_oa? \
         (valid: direct_oa, doi_follow, landing_scrape, archive); \
         a new tier needs adapter=FILE.wasm or a [[tier]] table"
    );
    for spec in [
        "archive:after=direct",
        "xyz",
        "mine:sources=arxiv,after=archive",
    ] {
        let refusal = refused_flags(["--fallback-tier", spec]);
        assert!(refusal.contains("there is no tier"), "{refusal}");
    }
}

#[test]
fn an_unknown_option_is_refused_with_the_nearest() {
    assert_eq!(
        refused_flags(["--fallback-tier", "direct_oa:paralel=3"]),
        "--fallback-tier: there is no tier option \"paralel\": did you mean parallel? \
         (valid: parallel, sources, timeout_ms, retries, adapter, after, enabled)"
    );
    let refusal = refused_flags(["--fallback-tier", "direct_oa:nonsense"]);
    assert!(
        refusal.contains("there is no tier option \"nonsense\": valid: parallel"),
        "{refusal}"
    );
}

#[test]
fn an_unknown_source_is_refused_with_the_nearest() {
    assert_eq!(
        refused_flags(["--fallback-tier", "direct_oa:sources=unpaywal+arxiv"]),
        "--fallback-tier: there is no source \"unpaywal\": did you mean unpaywall? \
         (valid: arxiv, doi_redirect, europe_pmc, landing_scrape, pmc, unpaywall, wayback)"
    );
}

#[test]
fn broken_tier_specifications_are_refused() {
    for (spec, cause) in [
        ("", "it names no tier"),
        (":parallel=2", "it names no tier"),
        ("direct_oa:", "an option is missing"),
        ("direct_oa:parallel=2,", "an option is missing"),
        ("direct_oa:,parallel=2", "an option is missing"),
        (
            "direct_oa:parallel",
            "parallel needs a value, parallel=VALUE",
        ),
        ("direct_oa:parallel=", "parallel needs a value"),
        ("direct_oa:adapter=", "adapter needs a value"),
        ("direct_oa:parallel=2,parallel=3", "parallel is given twice"),
        (
            "direct_oa:adapter=acme.wasm,sources=arxiv",
            "sources leaves out acme",
        ),
    ] {
        let refusal = refused_flags(["--fallback-tier", spec]);
        assert!(
            refusal.contains("does not read as TIER[:OPTION=VALUE,...]") && refusal.contains(cause),
            "{spec:?}: {refusal}"
        );
    }
}

#[test]
fn wrong_values_of_tier_options_are_refused() {
    for (spec, cause) in [
        (
            "direct_oa:parallel=0",
            "\"0\" is not allowed: give a whole number of attempts at once from 1 to 64",
        ),
        ("direct_oa:parallel=65", "\"65\" is not allowed"),
        (
            "direct_oa:timeout_ms=0",
            "\"0\" is not allowed: give a whole number of milliseconds",
        ),
        ("direct_oa:timeout_ms=-1", "\"-1\" is not allowed"),
        (
            "direct_oa:retries=11",
            "\"11\" is not allowed: give a whole number of retries from 0 to 10",
        ),
        ("direct_oa:enabled=perhaps", "\"perhaps\" is not understood"),
        (
            "direct_oa:sources=",
            "tier direct_oa would have no sources: name at least one",
        ),
        ("direct_oa:sources=arxiv+", "cannot name a source"),
        ("direct_oa:sources=arxiv+arxiv_pdf", "arxiv is named twice"),
        ("direct_oa:after=direct_oa", "cannot come after itself"),
        ("Direct_OA:parallel=2", "(for example direct_oa)"),
        (
            "direct_oa:adapter=acme",
            "a component's file name ends in .wasm",
        ),
        ("direct_oa:adapter=42.wasm", "cannot name a source"),
    ] {
        let refusal = refused_flags(["--fallback-tier", spec]);
        assert!(refusal.starts_with("--fallback-tier: "), "{refusal}");
        assert!(refusal.contains(cause), "{spec:?}: {refusal}");
    }
}

#[test]
fn a_source_in_two_tiers_of_one_layer_is_refused() {
    let refusal = Scene::new()
        .flags(["--fallback-tier", "direct_oa:sources=arxiv"])
        .flags(["--fallback-tier", "archive:sources=arxiv+wayback"])
        .refusal();
    assert!(
        refusal.contains("arxiv is claimed by two tiers, direct_oa and archive"),
        "{refusal}"
    );
}

#[test]
fn placeholder_and_malformed_emails_are_refused_wherever_they_stand() {
    let refusal = refused_flags(["--email", "you@university.edu"]);
    assert_eq!(
        refusal,
        "--email: \"you@university.edu\" is a placeholder, and services answer those with errors: give your own address"
    );
    let refusal = Scene::new()
        .env("PAPERFALL_EMAIL", "ada@example.com")
        .refusal();
    assert!(
        refusal.starts_with("env PAPERFALL_EMAIL: ") && refusal.contains("placeholder"),
        "{refusal}"
    );
    let refusal = refused_config("# contact\nemail = 'ada'\n");
    assert!(
        refusal.starts_with("paperfall.toml:2: email: "),
        "{refusal}"
    );
    assert!(refusal.contains("it has no @"), "{refusal}");
}

#[test]
fn hostile_text_is_shown_escaped_and_short() {
    let long = format!("x\n\u{1b}[31m{}", "y".repeat(100_000));
    for flags in [
        ["--fallback-tier", long.as_str()],
        ["--fallback-max-attempts", &long],
        ["--only", &long],
        ["--email", &long],
    ] {
        let refusal = refused_flags(flags);
        assert!(refusal.len() < 400, "{refusal}");
    }
}
