//! Flags beat the environment, the environment beats the file, the file beats
//! the defaults; and every value says who won.

use clap::CommandFactory;

use super::super::OfflineBehavior;
use super::{Command, Scene, shape, source, value};

#[test]
fn each_layer_beats_the_weaker_ones() {
    let key = "budgets.total_timeout_ms";
    let file = || Scene::new().config("[budgets]\ntotal_timeout_ms = 90000\n");
    let env = || file().env("PAPERFALL_FALLBACK_TOTAL_TIMEOUT_MS", "80000");
    let flag = || env().flags(["--fallback-total-timeout-ms", "70000"]);
    let (number, origin) = value(&file().plan(), key);
    assert_eq!(number, "90000");
    assert!(
        origin.ends_with("paperfall.toml:2: budgets.total_timeout_ms"),
        "{origin}"
    );
    assert_eq!(
        value(&env().plan(), key),
        (
            "80000".into(),
            "env PAPERFALL_FALLBACK_TOTAL_TIMEOUT_MS".into()
        )
    );
    assert_eq!(
        value(&flag().plan(), key),
        ("70000".into(), "--fallback-total-timeout-ms".into())
    );
    assert_eq!(flag().plan().budgets.total_timeout_ms, 70_000);
}

#[test]
fn every_flag_has_its_variable() {
    let plan = Scene::new()
        .env("PAPERFALL_FALLBACK_TOTAL_TIMEOUT_MS", "1000")
        .env("PAPERFALL_FALLBACK_MAX_ATTEMPTS", "2")
        .env("PAPERFALL_FALLBACK_MAX_CONCURRENT", "4")
        .env(
            "PAPERFALL_FALLBACK_TIER",
            "direct_oa:parallel=5; doi_follow:timeout_ms=123;",
        )
        .env("PAPERFALL_DISABLE_WAYBACK_FALLBACK", "Yes")
        .env("PAPERFALL_ONLY", "direct_oa, doi_follow")
        .env("PAPERFALL_EMAIL", "ada@lovelace.edu")
        .plan();
    assert_eq!(plan.budgets.total_timeout_ms, 1000);
    assert_eq!(plan.budgets.max_attempts, 2);
    assert_eq!(plan.budgets.max_concurrent, 4);
    assert_eq!(plan.tiers[0].parallel, 5);
    assert_eq!(source(&plan, "doi_redirect").policy.timeout_ms, 123);
    assert_eq!(plan.tiers.len(), 2);
    assert_eq!(plan.email.unwrap().as_str(), "ada@lovelace.edu");
}

#[test]
fn the_variables_for_files_and_folders_work_too() {
    let scene = Scene::new()
        .file("other.toml", "[budgets]\nmax_attempts = 7\n")
        .file("plugins/direct_oa/acme.wasm", "")
        .env("PAPERFALL_CONFIG", "other.toml")
        .env("PAPERFALL_ADAPTERS_DIR", "plugins");
    let plan = scene.plan();
    assert_eq!(plan.budgets.max_attempts, 7);
    assert_eq!(value(&plan, "config").1, "env PAPERFALL_CONFIG");
    assert_eq!(
        value(&plan, "adapter.acme.file").1,
        "env PAPERFALL_ADAPTERS_DIR"
    );
}

#[test]
fn docstokgs_variables_are_honoured() {
    let plan = Scene::new()
        .env("DOCSTOKG_FALLBACK_TOTAL_TIMEOUT_MS", "1000")
        .env("DOCSTOKG_FALLBACK_TOTAL_ATTEMPTS", "2")
        .env("DOCSTOKG_FALLBACK_MAX_CONCURRENT", "4")
        .env("DOCSTOKG_FALLBACK_PER_SOURCE_TIMEOUT_MS", "5000")
        .env("DOCSTOKG_FALLBACK_OFFLINE_BEHAVIOR", "block_all")
        .env("DOCSTOKG_FALLBACK_SKIP_IF_BREAKER_OPEN", "false")
        .plan();
    assert_eq!(plan.budgets.total_timeout_ms, 1000);
    assert_eq!(plan.budgets.max_attempts, 2);
    assert_eq!(plan.budgets.max_concurrent, 4);
    assert_eq!(plan.budgets.per_source_timeout_ms, 5000);
    assert_eq!(plan.gates.offline_behavior, Some(OfflineBehavior::BlockAll));
    assert!(!plan.gates.skip_if_breaker_open);
    assert!(plan.sources().all(|s| s.policy.timeout_ms == 5000));
}

#[test]
fn our_variables_beat_docstokgs() {
    let plan = Scene::new()
        .env("DOCSTOKG_FALLBACK_TOTAL_ATTEMPTS", "2")
        .env("PAPERFALL_FALLBACK_MAX_ATTEMPTS", "3")
        .plan();
    assert_eq!(plan.budgets.max_attempts, 3);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let scene = Scene::new()
        .env("PAPERFALL_FALLBACK_MAX_ATTEMPTS", "")
        .env("DOCSTOKG_FALLBACK_TOTAL_ATTEMPTS", "9")
        .env("PAPERFALL_ONLY", " ")
        .env("PAPERFALL_DISABLE_WAYBACK_FALLBACK", "");
    assert_eq!(scene.plan().budgets.max_attempts, 9);
    assert_eq!(scene.plan().tiers.len(), 4);
}

#[test]
fn docstokgs_source_names_are_ours() {
    let plan = Scene::new()
        .config("[source.unpaywall_pdf]\ntimeout_ms = 1234\n")
        .flags([
            "--fallback-tier",
            "direct_oa:sources=arxiv_pdf+unpaywall_pdf",
        ])
        .plan();
    assert_eq!(shape(&plan)[0], "direct_oa: arxiv unpaywall");
    assert_eq!(source(&plan, "unpaywall").policy.timeout_ms, 1234);
}

#[test]
fn within_a_layer_source_beats_tier_and_tier_beats_budget() {
    let plan = Scene::new()
        .config(
            "[budgets]\nper_source_timeout_ms = 1000\n\
             [[tier]]\nname = 'direct_oa'\ntimeout_ms = 2000\n\
             [source.arxiv]\ntimeout_ms = 3000\n",
        )
        .plan();
    assert_eq!(source(&plan, "arxiv").policy.timeout_ms, 3000);
    assert_eq!(source(&plan, "pmc").policy.timeout_ms, 2000);
    assert_eq!(source(&plan, "wayback").policy.timeout_ms, 1000);
}

#[test]
fn a_stronger_layers_tier_beats_a_weaker_layers_source() {
    let plan = Scene::new()
        .config("[source.arxiv]\ntimeout_ms = 3000\nretries = 1\n")
        .flags(["--fallback-tier", "direct_oa:timeout_ms=4000,retries=0"])
        .plan();
    let arxiv = source(&plan, "arxiv").policy;
    assert_eq!((arxiv.timeout_ms, arxiv.retries_max), (4000, 0));
    assert_eq!(value(&plan, "source.arxiv.retries").1, "--fallback-tier");
}

#[test]
fn a_later_flag_for_a_tier_beats_an_earlier_one() {
    let plan = Scene::new()
        .flags(["--fallback-tier", "direct_oa:parallel=3"])
        .flags(["--fallback-tier", "direct_oa:parallel=4"])
        .plan();
    assert_eq!(plan.tiers[0].parallel, 4);
}

#[test]
fn a_named_settings_file_replaces_the_usual_ones() {
    let scene = Scene::new()
        .config("[budgets]\nmax_attempts = 5\n")
        .file(
            "home/paperfall/paperfall.toml",
            "[budgets]\nmax_attempts = 6\n",
        )
        .file("named.toml", "[budgets]\nmax_concurrent = 2\n");
    assert_eq!(scene.plan().budgets.max_attempts, 5);
    let plan = scene.flags(["--config", "named.toml"]).plan();
    assert_eq!(plan.budgets.max_attempts, 20);
    assert_eq!(plan.budgets.max_concurrent, 2);
}

#[test]
fn the_users_settings_file_is_read_where_the_folder_has_none() {
    let plan = Scene::new()
        .file(
            "home/paperfall/paperfall.toml",
            "[budgets]\nmax_attempts = 6\n",
        )
        .plan();
    assert_eq!(plan.budgets.max_attempts, 6);
    let (path, origin) = value(&plan, "config");
    assert!(path.ends_with("home/paperfall/paperfall.toml"), "{path}");
    assert_eq!(origin, "default");
}

#[test]
fn every_flags_help_names_its_variable() {
    let command = Command::command();
    let flags: Vec<_> = command.get_arguments().collect();
    assert_eq!(flags.len(), 11);
    for flag in flags {
        let long = flag.get_long().unwrap();
        let variable = format!("PAPERFALL_{}", long.to_uppercase().replace('-', "_"));
        let help = flag.get_help().unwrap().to_string();
        assert!(
            help.contains(&format!("[env: {variable}")),
            "{long}: {help}"
        );
        let repeatable = long == "fallback-tier";
        assert_eq!(flag.get_help_heading(), Some("Plan"));
        assert!(repeatable || help.contains("[default: "), "{long}: {help}");
    }
}
