//! `paperfall adapter check` as an operator uses it: the bundled adapters are
//! fit, what is no adapter is refused in one line, and nothing needs a network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Checked, checked, component, example, misfit, run_check};

/// The bundled adapter passes; `known` are its warnings.
async fn is_fit(name: &str, known: &[&str]) {
    let report = run_check(name).await;
    assert_eq!(report.code, 0, "{report}");
    assert!(report.json["fit"].as_bool().unwrap(), "{report}");
    assert_eq!(report.amiss(), known, "{report}");
    assert!(report.passed() >= 20, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpaywall_is_fit() {
    is_fit("unpaywall", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arxiv_is_fit() {
    let report = run_check("arxiv").await;
    assert_eq!(report.code, 0, "{report}");
    assert!(report.amiss().is_empty(), "{report}");
    // It never asks anybody, so most checks have nothing to judge.
    assert_eq!(report.verdict("time_out"), "not_applicable", "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pmc_is_fit() {
    is_fit("pmc", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doi_redirect_is_fit_and_wants_any_host() {
    is_fit("doi_redirect", &["warn narrow_hosts"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn landing_scrape_is_fit_and_wants_any_host() {
    is_fit("landing_scrape", &["warn narrow_hosts"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn europe_pmc_is_fit() {
    is_fit("europe_pmc", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wayback_is_fit() {
    is_fit("wayback", &[]).await;
}

/// None of the examples' warnings; skipped where they cannot be built.
async fn example_is_fit(name: &'static str) {
    if let Some(component) = example(name).await {
        is_fit(component.to_str().unwrap(), &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_openalex_example_in_python_is_fit() {
    example_is_fit("openalex").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_semantic_scholar_example_in_javascript_is_fit() {
    example_is_fit("semantic_scholar").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_names_the_component_and_every_check_once() {
    let report = checked(&misfit("none")).await;
    assert_eq!(report.json["adapter"], "misfit 0.1.0", "{report}");
    assert_eq!(report.json["sha256"].as_str().unwrap().len(), 64);
    let checks = report.json["checks"].as_array().unwrap();
    let names: std::collections::BTreeSet<&str> = checks
        .iter()
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), checks.len());
    assert!(checks.len() >= 20, "{report}");
    for check in checks {
        let amiss = ["warn", "fail"].contains(&check["verdict"].as_str().unwrap());
        assert_eq!(check["remedy"].is_string(), amiss, "{check}");
        assert!(!check["tried"].as_str().unwrap().is_empty(), "{check}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_ends_with_a_verdict_and_tells_what_to_mend() {
    let fit = Checked::table(&misfit("none")).await;
    assert_eq!(fit.code, 0, "{fit:?}");
    let last = fit.stdout.lines().last().unwrap();
    assert!(
        last.starts_with("misfit 0.1.0 is fit to be run ("),
        "{last}"
    );

    let unfit = Checked::table(&misfit("hollow_json")).await;
    assert_eq!(unfit.code, 1, "{unfit:?}");
    assert!(
        unfit
            .stdout
            .contains("hollow_json (FAIL)\n  tried:  answered {}")
    );
    assert!(
        unfit
            .stdout
            .contains("  remedy: catch what your parser throws")
    );
    let last = unfit.stdout.lines().last().unwrap();
    assert!(last.starts_with("misfit 0.1.0 is UNFIT"), "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_adapter_is_refused_in_one_line() {
    let whole = misfit("none");
    let other = component(
        "(component (instance $empty)
           (export \"paperfall:adapter/source@0.9.0\" (instance $empty)))",
    );
    for (file, words) in [
        (Vec::new(), "the file is empty"),
        (b"hello".to_vec(), "looks like text"),
        (whole[..whole.len() / 2].to_vec(), "does not compile"),
        (component("(module)"), "core WebAssembly module"),
        (other, "rebuild it against wit/"),
        (component("(component)"), "does not export"),
    ] {
        let ran = Checked::table(&file).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert_eq!(ran.stdout, "", "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(words), "{words}: {ran:?}");
    }
    let ran = run_check("no-such-adapter").await;
    assert_eq!(ran.code, 2, "{ran}");
    assert!(
        ran.stderr.contains("give a component file or one of"),
        "{ran}"
    );
}
