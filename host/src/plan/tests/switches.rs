//! `--only`, `--disable-wayback-fallback` and `enabled = false`.

use super::{ALL, Scene, refused_flags, row, shape, value};

#[test]
fn a_tier_emptied_by_a_switch_drops_out_and_the_plan_says_why() {
    let plan = Scene::new().flags(["--disable-wayback-fallback"]).plan();
    assert_eq!(shape(&plan), ALL[..3]);
    let row = row(&plan, "source.wayback.enabled");
    assert_eq!(row.value, "no");
    assert_eq!(row.origin.to_string(), "--disable-wayback-fallback");
    assert_eq!(
        row.note.as_deref(),
        Some("left out of tier archive: the Wayback Machine is switched off")
    );
    assert_eq!(value(&plan, "tier.archive.enabled").0, "no");
}

#[test]
fn the_wayback_variable_can_also_say_no() {
    let plan = Scene::new()
        .env("PAPERFALL_DISABLE_WAYBACK_FALLBACK", "false")
        .plan();
    assert_eq!(shape(&plan), ALL);
}

#[test]
fn tiers_and_sources_can_be_switched_off_and_on_again_by_a_stronger_layer() {
    let scene = Scene::new()
        .config("[[tier]]\nname = 'archive'\nenabled = false\n[source.arxiv]\nenabled = false\n");
    assert_eq!(
        shape(&scene.plan()),
        [
            "direct_oa: unpaywall pmc",
            "doi_follow: doi_redirect",
            "landing_scrape: landing_scrape europe_pmc"
        ]
    );
    let plan = scene
        .flags(["--fallback-tier", "archive:enabled=yes"])
        .plan();
    assert_eq!(plan.tiers.len(), 4);
}

#[test]
fn only_keeps_the_named_tiers_and_sources_in_plan_order() {
    let plan = Scene::new().flags(["--only", "wayback,direct_oa"]).plan();
    assert_eq!(shape(&plan), [ALL[0], ALL[3]]);
    let plan = Scene::new().flags(["--only", "pmc, unpaywall_pdf"]).plan();
    assert_eq!(shape(&plan), ["direct_oa: unpaywall pmc"]);
    let plan = Scene::new()
        .flags(["--only", "pmc", "--only", "archive"])
        .plan();
    assert_eq!(shape(&plan), ["direct_oa: pmc", "archive: wayback"]);
}

#[test]
fn a_name_of_both_a_tier_and_a_source_means_the_tier() {
    let plan = Scene::new().flags(["--only", "landing_scrape"]).plan();
    assert_eq!(shape(&plan), [ALL[2]]);
    let plan = Scene::new().flags(["--only", "landing_scrape_pdf"]).plan();
    assert_eq!(shape(&plan), ["landing_scrape: landing_scrape"]);
}

#[test]
fn only_leaves_given_pdf_urls_alone_unless_it_names_them() {
    assert!(!Scene::new().flags(["--only", "arxiv"]).plan().try_given);
    assert!(
        Scene::new()
            .flags(["--only", "arxiv,given"])
            .plan()
            .try_given
    );
}

#[test]
fn only_refuses_unknown_names_and_no_name() {
    assert_eq!(
        refused_flags(["--only", "arxiv,waybak"]),
        "--only: there is no tier or source \"waybak\": did you mean wayback? (valid: archive, arxiv, \
         direct_oa, doi_follow, doi_redirect, europe_pmc, given, landing_scrape, pmc, unpaywall, wayback)"
    );
    for nothing in ["", ",", "arxiv,"] {
        assert!(refused_flags(["--only", nothing]).contains("it names nothing"));
    }
}

#[test]
fn an_empty_plan_is_refused_and_names_every_switch() {
    assert_eq!(
        refused_flags(["--only", "wayback", "--disable-wayback-fallback"]),
        "--disable-wayback-fallback: the plan is empty, no source is left: other sources are asked alone (--only), \
         the Wayback Machine is switched off (--disable-wayback-fallback); switch at least one source on"
    );
    let off = ["direct_oa", "doi_follow", "landing_scrape", "archive"]
        .map(|tier| format!("[[tier]]\nname = '{tier}'\nenabled = false\n"))
        .concat();
    let refusal = Scene::new().config(&off).refusal();
    assert!(refusal.contains("the plan is empty"), "{refusal}");
    assert!(refused_flags(["--only", "given"]).contains("the plan is empty"));
}

#[test]
fn only_warns_about_a_name_that_selects_nothing() {
    let scene = Scene::new().flags(["--only", "wayback,arxiv", "--disable-wayback-fallback"]);
    assert_eq!(
        scene.warnings(),
        ["--only: wayback has no source left in the plan"]
    );
}
