//! Changing tiers, making new ones, moving sources between them.

use super::super::Component;
use super::{ALL, Scene, refused_config, row, shape, source, value};

#[test]
fn sources_reorders_and_limits_a_tier() {
    let plan = Scene::new()
        .flags([
            "--fallback-tier",
            "direct_oa:sources=pmc+unpaywall,parallel=1",
        ])
        .plan();
    assert_eq!(shape(&plan)[0], "direct_oa: pmc unpaywall");
    assert_eq!(plan.tiers[0].parallel, 1);
    assert_eq!(
        value(&plan, "tier.direct_oa.sources"),
        ("pmc, unpaywall".into(), "--fallback-tier".into())
    );
    let left_out = row(&plan, "source.arxiv.enabled");
    assert_eq!(
        left_out.note.as_deref(),
        Some("left out of tier direct_oa: tier direct_oa lists other sources")
    );
}

#[test]
fn a_stronger_list_brings_back_what_a_weaker_one_left_out() {
    let plan = Scene::new()
        .config("[[tier]]\nname = 'direct_oa'\nsources = ['pmc']\n")
        .flags(["--fallback-tier", "direct_oa:sources=arxiv+pmc"])
        .plan();
    assert_eq!(shape(&plan)[0], "direct_oa: arxiv pmc");
}

#[test]
fn a_tier_that_names_a_source_takes_it_from_the_other() {
    let plan = Scene::new()
        .flags([
            "--fallback-tier",
            "doi_follow:sources=doi_redirect+europe_pmc",
        ])
        .plan();
    assert_eq!(
        shape(&plan),
        [
            ALL[0],
            "doi_follow: doi_redirect europe_pmc",
            "landing_scrape: landing_scrape",
            ALL[3]
        ]
    );
    let plan = Scene::new()
        .flags([
            "--fallback-tier",
            "direct_oa:sources=unpaywall+arxiv+pmc+wayback",
        ])
        .plan();
    assert_eq!(plan.tiers.len(), 3);
    assert_eq!(value(&plan, "tier.archive.enabled").0, "no");
}

#[test]
fn a_new_tier_goes_last_or_where_it_is_told() {
    let scene = || Scene::new().file("acme.wasm", "");
    let plan = scene()
        .flags(["--fallback-tier", "mine:adapter=acme.wasm"])
        .plan();
    assert_eq!(shape(&plan)[4], "mine: acme");
    assert_eq!(plan.tiers[4].parallel, 1);
    let plan = scene()
        .flags([
            "--fallback-tier",
            "mine:adapter=acme.wasm,after=direct_oa,parallel=2,timeout_ms=500,retries=0",
        ])
        .plan();
    assert_eq!(shape(&plan)[1], "mine: acme");
    assert_eq!(plan.tiers[1].parallel, 2);
    let acme = source(&plan, "acme");
    assert_eq!((acme.policy.timeout_ms, acme.policy.retries_max), (500, 0));
}

#[test]
fn a_third_party_source_has_the_careful_defaults() {
    let plan = Scene::new()
        .file("sub/Acme-OA.wasm", "")
        .flags(["--fallback-tier", "direct_oa:adapter=sub/Acme-OA.wasm"])
        .plan();
    assert_eq!(shape(&plan)[0], "direct_oa: unpaywall arxiv pmc acme_oa");
    let acme = source(&plan, "acme_oa");
    assert!(matches!(&acme.component, Component::File(path) if path.ends_with("sub/Acme-OA.wasm")));
    assert_eq!(
        (acme.policy.timeout_ms, acme.policy.retries_max),
        (10_000, 2)
    );
    assert!(acme.policy.robots_respect);
    assert_eq!(acme.hosts, Some(Vec::new()));
    let note = row(&plan, "adapter.acme_oa.hosts").note.clone().unwrap();
    assert!(note.contains("[adapter.acme_oa]"), "{note}");
}

#[test]
fn per_source_timeout_reaches_third_party_sources_of_a_stronger_layer() {
    let plan = Scene::new()
        .file("acme.wasm", "")
        .config("[budgets]\nper_source_timeout_ms = 777\n")
        .flags(["--fallback-tier", "mine:adapter=acme.wasm"])
        .plan();
    assert_eq!(source(&plan, "acme").policy.timeout_ms, 777);
}

#[test]
fn existing_tiers_can_be_moved() {
    let plan = Scene::new()
        .flags(["--fallback-tier", "archive:after=direct_oa"])
        .plan();
    assert_eq!(shape(&plan), [ALL[0], ALL[3], ALL[1], ALL[2]]);
}

#[test]
fn a_tier_of_the_file_may_take_known_sources_and_stand_anywhere() {
    let plan = Scene::new()
        .config("[[tier]]\nname = 'last_resort'\nsources = ['europe_pmc', 'wayback']\nafter = 'doi_follow'\nparallel = 2\n")
        .plan();
    assert_eq!(
        shape(&plan),
        [
            ALL[0],
            ALL[1],
            "last_resort: europe_pmc wayback",
            "landing_scrape: landing_scrape"
        ]
    );
    let (_, origin) = value(&plan, "tier.last_resort.parallel");
    assert!(
        origin.ends_with("paperfall.toml:5: tier.last_resort.parallel"),
        "{origin}"
    );
}

#[test]
fn a_tier_of_the_file_may_come_after_one_that_is_defined_below_it() {
    let plan = Scene::new()
        .config(
            "[[tier]]\nname = 'one'\nsources = ['pmc']\nafter = 'two'\n\
             [[tier]]\nname = 'two'\nsources = ['arxiv']\n",
        )
        .plan();
    assert_eq!(shape(&plan)[4..], ["two: arxiv", "one: pmc"]);
}

#[test]
fn a_new_tier_without_sources_is_taken_for_a_typing_error() {
    assert_eq!(
        refused_config("[[tier]]\nname = 'direct_ao'\nparallel = 3\n"),
        "paperfall.toml:2: tier[0].name: the new tier direct_ao has no sources: give it some, or did you mean direct_oa?"
    );
}

#[test]
fn two_components_of_one_name_are_refused() {
    let refusal = Scene::new()
        .file("a/acme.wasm", "")
        .file("b/acme.wasm", "")
        .flags(["--fallback-tier", "direct_oa:adapter=a/acme.wasm"])
        .flags(["--fallback-tier", "archive:adapter=b/acme.wasm"])
        .refusal();
    assert_eq!(
        refusal,
        "--fallback-tier: two components are named acme, a/acme.wasm and b/acme.wasm: rename or drop one"
    );
}

#[test]
fn a_tier_named_without_an_option_is_only_a_warning() {
    let scene = Scene::new().flags(["--fallback-tier", "archive"]);
    assert_eq!(
        scene.warnings(),
        ["--fallback-tier: tier archive is named without an option, so nothing changes"]
    );
}
