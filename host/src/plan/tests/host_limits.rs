//! Limits of hosts: the services' own by default, replaced place by place.

use super::{Scene, refused_config, refused_flags, value};
use crate::plan::Plan;

fn from(plan: &Plan, key: &str) -> String {
    let (value, origin) = value(plan, key);
    format!("{value} {origin}")
}

/// What the HTTP stack is told about a place.
fn rule(plan: &Plan, place: &str) -> String {
    let rule = plan
        .hosts
        .iter()
        .find(|rule| rule.place.to_string() == place);
    rule.map_or_else(String::new, |rule| {
        format!(
            "{:?} {:?} {:?} {:?} {:?}",
            rule.per_second.map(u32::from),
            rule.per_minute.map(u32::from),
            rule.per_day.map(u32::from),
            rule.max_concurrent.map(u32::from),
            rule.breaker
        )
    })
}

#[test]
fn the_services_known_limits_hold_where_nothing_is_said() {
    let plan = Scene::new().plan();
    for (place, limits) in [
        ("api.unpaywall.org", "None None Some(100000) None None"),
        ("export.arxiv.org", "None Some(20) None Some(1) None"),
        ("web.archive.org/cdx", "None Some(24) None None None"),
        ("web.archive.org/web", "Some(8) None None None None"),
    ] {
        assert_eq!(rule(&plan, place), limits, "{place}");
    }
    assert_eq!(
        from(&plan, "host.\"web.archive.org/cdx\".per_minute"),
        "24 default"
    );
}

#[test]
fn a_stronger_layer_replaces_the_rates_of_a_place_and_leaves_the_rest() {
    let plan = Scene::new()
        .config("[host.\"export.arxiv.org\"]\nper_second = 2\n[host.\"a.org/x/\"]\nper_day = 9\nbreaker = false\n")
        .env("PAPERFALL_HOST_LIMIT", "a.org/x:per_minute=3; *:max_concurrent=4")
        .flags(["--host-limit", "A.org/x:max_concurrent=1,breaker=yes"])
        .plan();
    assert_eq!(
        rule(&plan, "export.arxiv.org"),
        "Some(2) None None Some(1) None"
    );
    assert_eq!(
        rule(&plan, "a.org/x"),
        "None Some(3) None Some(1) Some(true)"
    );
    assert_eq!(rule(&plan, "*"), "None None None Some(4) None");
    assert_eq!(
        from(&plan, "host.\"a.org/x\".per_minute"),
        "3 env PAPERFALL_HOST_LIMIT"
    );
    assert_eq!(from(&plan, "host.\"a.org/x\".breaker"), "yes --host-limit");
}

#[test]
fn an_address_with_colons_can_be_limited_too() {
    let flags = ["--host-limit", "[2606:4700::1]/x:per_second=1"];
    let plan = Scene::new().flags(flags).plan();
    assert_eq!(
        rule(&plan, "[2606:4700::1]/x"),
        "Some(1) None None None None"
    );
}

#[test]
fn a_limit_that_cannot_be_kept_is_refused_in_one_line() {
    for (given, said) in [
        (
            "a.org:per_minute=0",
            "\"0\" is not allowed: give a whole number of requests from 1 to 1000000",
        ),
        ("a.org:max_concurrent=-1", "requests at once from 1 to 1000"),
        ("a.org:per_second=fast", "\"fast\" is not allowed"),
        ("a.org:per_hour=3", "there is no host limit \"per_hour\""),
        ("a.org:breaker=maybe", "\"maybe\" is not understood"),
        (
            "a.org:per_second=1,per_second=2",
            "per_second is given twice",
        ),
        ("a.org:per_second", "\"per_second\" is not OPTION=VALUE"),
        ("a.org:", "\"\" is not OPTION=VALUE"),
        ("a.org", "it names no limit"),
        ("[2606:4700::1]", "it names no limit"),
        (":per_second=1", "is not a host pattern"),
        ("https://a.org:per_second=1", "is not a host pattern"),
        ("a.org/x?y:per_second=1", "leave out ?"),
        ("", "it names no limit"),
    ] {
        let refusal = refused_flags(["--host-limit", given]);
        assert!(
            refusal.starts_with("--host-limit: ") && refusal.contains(said),
            "{given}: {refusal}"
        );
    }
    for (text, said) in [
        (
            "[host.\"a.org\"]\nper_minute = 0",
            "host.\"a.org\".per_minute: \"0\" is not allowed",
        ),
        (
            "[host.\"a.org\"]\nper_minute = \"24\"",
            "expected a whole number, found a string",
        ),
        ("[host.\"a b\"]\nper_minute = 1", "is not a host pattern"),
        (
            "[host.\"a.org/../b\"]\nper_minute = 1",
            "leave out . and ..",
        ),
        ("[host]\n\"a.org\" = 3", "expected a table"),
    ] {
        let refusal = refused_config(text);
        assert!(refusal.contains(said), "{text}: {refusal}");
    }
}

#[test]
fn an_unknown_key_of_a_host_is_a_warning() {
    let warnings = Scene::new()
        .config("[host.\"a.org\"]\nper_minutes = 3\n")
        .warnings();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("did you mean per_minute?"),
        "{warnings:?}"
    );
}
