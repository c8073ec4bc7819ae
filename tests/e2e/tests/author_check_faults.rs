//! Every check of `paperfall adapter check` fails for a component with the
//! fault it looks for, and no other check does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeSet;

use paperfall_e2e::{checked, component, misfit};

/// Faults of a component that loads and describes itself, and those with which
/// it does not.
const DECLARED: &[&str] = &[
    "describe_answers",
    "descriptor_valid",
    "describe_steady",
    "described_for_people",
    "known_identifiers",
    "narrow_hosts",
    "keys_are_secrets",
];
const CONDUCT: &[&str] = &[
    "declared_hosts",
    "permitted_requests",
    "well_formed_urls",
    "https_only",
    "asks_once",
    "heeds_retry_after",
    "leaves_retries_to_host",
    "accepts_refusals",
    "does_not_wait",
    "stops_asking",
    "short_of_time",
    "short_of_requests",
    "deterministic",
];
const TROUBLE: &[&str] = &[
    "names_rate_limit",
    "names_server_error",
    "names_refusals",
    "slow_drip",
    "time_out",
    "connection_trouble",
    "truncated_body",
    "broken_encoding",
    "oversize_body",
    "redirect_circle",
    "denied_host",
    "private_redirect",
];
const JUNK: &[&str] = &[
    "html_as_pdf",
    "invalid_json",
    "cut_json",
    "empty_answer",
    "binary_answer",
    "hollow_json",
    "wrong_types",
    "deep_nesting",
    "large_answer",
    "later_trouble",
    "hostile_answer",
];
const WORKS: &[&str] = &[
    "each_identifier",
    "missing_identifiers",
    "hostile_work",
    "escapes_identifiers",
    "missing_settings",
    "odd_settings",
];
const RESULTS: &[&str] = &[
    "calm_answer",
    "named_reasons",
    "valid_candidates",
    "within_limits",
    "log_volume",
    "modest_memory",
    "secrets_stay_inside",
    "secrets_over_https",
    "secrets_to_one_site",
    "missing_secrets",
];
/// What only text of WebAssembly gets wrong.
const BY_HAND: &[&str] = &["imports", "contract_shape"];
/// What is worth knowing and no reason to refuse a component.
const WARNS: &[&str] = &["modest_memory"];

/// Each component fails the check of its name and no other.
async fn each_fails_its_own(faults: &[&str]) {
    for fault in faults {
        fails_only(&misfit(fault), fault).await;
    }
}

async fn fails_only(component: &[u8], check: &str) {
    let report = checked(component).await;
    let warns = WARNS.contains(&check);
    let verdict = if warns { "warn" } else { "fail" };
    assert_eq!(report.amiss(), [format!("{verdict} {check}")], "{report}");
    assert_eq!(report.code, if warns { 0 } else { 1 }, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_fault_every_check_passes_or_does_not_apply() {
    let report = checked(&misfit("none")).await;
    assert_eq!(report.code, 0, "{report}");
    assert!(report.amiss().is_empty(), "{report}");
    assert!(report.passed() >= 50, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_in_what_it_declares_fails_its_own_check() {
    each_fails_its_own(DECLARED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_in_its_conduct_fails_its_own_check() {
    each_fails_its_own(CONDUCT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_taken_for_an_answer_fails_its_own_check() {
    each_fails_its_own(TROUBLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn breaking_on_junk_fails_its_own_check() {
    each_fails_its_own(JUNK).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn breaking_on_odd_works_and_settings_fails_its_own_check() {
    each_fails_its_own(WORKS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_in_its_results_and_secrets_fails_its_own_check() {
    each_fails_its_own(RESULTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_and_exports_of_another_world_fail_their_own_checks() {
    let with = |imports: &str| {
        component(&format!(
            "(component {imports} (instance $empty)
               (export \"paperfall:adapter/source@0.1.0\" (instance $empty)))"
        ))
    };
    let http = "(import \"wasi:http/outgoing-handler@0.2.0\" (instance))";
    fails_only(&with(http), "imports").await;
    fails_only(&with(""), "contract_shape").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_a_component_for_every_check() {
    let lists = [DECLARED, CONDUCT, TROUBLE, JUNK, WORKS, RESULTS, BY_HAND];
    let faults: BTreeSet<String> = lists.concat().into_iter().map(str::to_owned).collect();
    let report = checked(&misfit("none")).await;
    let checks = report.json["checks"].as_array().unwrap();
    let checks: BTreeSet<String> = checks
        .iter()
        .map(|check| check["check"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(faults, checks);
}
