//! Nothing said: the design's table, to the number.

use super::super::{Component, Origin};
use super::{ALL, Scene, row, shape, source};

#[test]
fn the_defaults_are_the_designs_table() {
    let plan = Scene::new().plan();
    assert_eq!(shape(&plan), ALL);
    let parallel: Vec<u32> = plan.tiers.iter().map(|tier| tier.parallel).collect();
    assert_eq!(parallel, [2, 1, 2, 1]);
    assert_eq!(plan.budgets.total_timeout_ms, 120_000);
    assert_eq!(plan.budgets.max_attempts, 20);
    assert_eq!(plan.budgets.max_concurrent, 3);
    assert_eq!(plan.budgets.per_source_timeout_ms, 10_000);
    assert!(plan.gates.skip_if_breaker_open);
    assert_eq!(plan.gates.offline_behavior, None);
    assert_eq!(plan.gates.skip_if_rate_wait_exceeds_ms, 5_000);
    assert_eq!(plan.email, None);
    assert!(plan.try_given);
    for (name, timeout_ms, retries, robots) in [
        ("unpaywall", 6_000, 2, false),
        ("arxiv", 8_000, 3, false),
        ("pmc", 8_000, 3, false),
        ("doi_redirect", 10_000, 2, true),
        ("landing_scrape", 12_000, 2, true),
        ("europe_pmc", 6_000, 2, false),
        ("wayback", 10_000, 1, false),
    ] {
        let source = source(&plan, name);
        assert_eq!(source.policy.timeout_ms, timeout_ms, "{name}");
        assert_eq!(source.policy.retries_max, retries, "{name}");
        assert_eq!(source.policy.robots_respect, robots, "{name}");
        assert_eq!(source.component, Component::Bundled);
        assert_eq!(source.hosts, None);
        assert_eq!(source.memory_mib, 64);
        assert!(source.settings.is_empty() && source.secrets.is_empty());
    }
}

#[test]
fn every_row_of_an_untouched_plan_says_default() {
    let plan = Scene::new().plan();
    assert!(plan.rows().len() > 40);
    for row in plan.rows() {
        assert_eq!(row.origin, Origin::Default, "{}", row.key);
    }
}

#[test]
fn the_plan_says_that_unpaywall_needs_an_email() {
    let note = |scene: Scene| row(&scene.plan(), "email").note.clone();
    assert!(
        note(Scene::new())
            .unwrap()
            .starts_with("unpaywall will be skipped")
    );
    assert_eq!(
        note(Scene::new().flags(["--email", "ada@lovelace.edu"])),
        None
    );
    assert_eq!(note(Scene::new().flags(["--only", "arxiv"])), None);
}

#[test]
fn the_plan_is_one_json_object_with_values_and_origins() {
    let scene = Scene::new().config("[source.arxiv]\ntimeout_ms = 7000\n");
    let json = serde_json::to_value(scene.plan()).unwrap();
    assert_eq!(json["budgets"]["max_attempts"], 20);
    assert_eq!(json["tiers"][0]["sources"][1]["policy"]["timeout_ms"], 7000);
    assert_eq!(json["tiers"][0]["sources"][0]["component"], "bundled");
    let values = json["values"].as_array().unwrap();
    let row = values
        .iter()
        .find(|row| row["key"] == "source.arxiv.timeout_ms")
        .unwrap();
    assert_eq!(row["value"], "7000");
    assert_eq!(row["origin"]["from"], "file");
    assert_eq!(row["origin"]["line"], 2);
    assert_eq!(row["origin"]["key"], "source.arxiv.timeout_ms");
}
