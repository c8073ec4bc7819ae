//! `host/ops`: rules, alerts and the dashboard use what is exported, and the
//! rules do what they say (promtool).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::metrics::everything;

fn ops(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ops").join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(ops(file)).expect(file)
}

/// Every expression of the dashboard.
fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("grafana/paperfall.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let mut all: Vec<String> = targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect();
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        all.extend(variable["definition"].as_str().map(str::to_owned));
    }
    all
}

/// Series as they are exported: their names and the labels of each.
async fn exported() -> BTreeMap<String, BTreeSet<String>> {
    let mut series: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let text = everything().await.render();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        let labels = series.entry(name.to_owned()).or_default();
        if let Some(inside) = rest.strip_prefix('{') {
            let inside = inside.split('}').next().unwrap();
            for label in inside.split("\",") {
                labels.insert(label.split('=').next().unwrap().to_owned());
            }
        }
    }
    series
}

/// The metric names in an expression, each with the labels in the braces behind it.
fn used(expression: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("paperfall") {
        rest = &rest[at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
            .unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let labels = behind.strip_prefix('{').map_or_else(Vec::new, |inside| {
            let inside = inside.split('}').next().unwrap();
            inside
                .split(',')
                .map(|label| label.split(['=', '!']).next().unwrap().trim().to_owned())
                .collect()
        });
        found.push((name.to_owned(), labels));
        rest = behind;
    }
    found
}

/// The words in `by (…)` of an expression.
fn grouped_by(expression: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for behind in expression.split("by (").skip(1) {
        let inside = behind.split(')').next().unwrap();
        words.extend(inside.split(',').map(|word| word.trim().to_owned()));
    }
    words
}

/// The expressions of a rules file, block scalars and single lines alike.
fn expressions(rules: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut block: Option<usize> = None;
    for line in rules.lines() {
        let indent = line.len() - line.trim_start().len();
        match block {
            Some(outer) if indent > outer => {
                let last = all.last_mut().unwrap();
                last.push(' ');
                last.push_str(line.trim());
                continue;
            }
            _ => block = None,
        }
        if let Some(expression) = line.trim_start().strip_prefix("expr: ") {
            if expression == "|" {
                all.push(String::new());
                block = Some(indent);
            } else {
                all.push(expression.to_owned());
            }
        }
    }
    all
}

#[tokio::test]
async fn rules_alerts_and_the_dashboard_use_only_what_is_exported_with_its_labels() {
    let exported = exported().await;
    let recording = read("prometheus/recording.yml");
    let recorded: BTreeSet<&str> = recording
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "))
        .collect();
    let mut all = dashboard();
    assert!(all.len() > 30, "{}", all.len());
    let rules = [
        expressions(&recording),
        expressions(&read("prometheus/alerts.yml")),
    ]
    .concat();
    assert!(rules.len() > 40, "{}", rules.len());
    all.extend(rules);
    let mut seen = BTreeSet::new();
    for expression in &all {
        let mut has: BTreeSet<&str> = BTreeSet::from(["job"]);
        for (name, labels) in used(expression) {
            if name.contains(':') {
                assert!(recorded.contains(name.as_str()), "{name} in {expression}");
                continue;
            }
            let known = exported
                .get(&name)
                .unwrap_or_else(|| panic!("{name} is not exported: {expression}"));
            has.extend(known.iter().map(String::as_str));
            for label in labels {
                assert!(
                    label == "job" || known.contains(&label),
                    "{label} of {name}: {expression}"
                );
            }
            seen.insert(name);
        }
        for label in grouped_by(expression) {
            assert!(has.contains(label.as_str()), "by {label}: {expression}");
        }
    }
    // And nothing is exported that no plot or alert shows.
    for name in exported.keys() {
        let base = ["_count", "_sum", "_bucket"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .filter(|base| seen.iter().any(|seen| seen.starts_with(base)));
        assert!(
            seen.contains(name) || base.is_some(),
            "nobody looks at {name}"
        );
    }
}

#[test]
fn every_alert_is_tested_to_fire_and_to_stay_silent() {
    let tests = read("prometheus/tests.yml") + &read("prometheus/tests_slow.yml");
    let alerts = read("prometheus/alerts.yml");
    let mut names = 0;
    for alert in alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        names += 1;
        let said =
            |what: &str| tests.contains(&format!("alertname: {alert}\n        exp_alerts:{what}"));
        assert!(said("\n"), "{alert} never fires in the tests");
        assert!(said(" []\n"), "{alert} is never silent in the tests");
    }
    assert!(names > 15, "{names}");
}

/// Debian's `prometheus` brings promtool; `.ci/run` installs it and says that it
/// must be there.
fn promtool(arguments: &[&str], folder: &Path) {
    match Command::new("promtool")
        .args(arguments)
        .current_dir(folder)
        .output()
    {
        Ok(ran) => assert!(
            ran.status.success(),
            "promtool {arguments:?}: {}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        ),
        Err(error) => assert!(
            std::env::var_os("PAPERFALL_REQUIRE_TOOLS").is_none(),
            "promtool is needed: {error}"
        ),
    }
}

#[test]
fn the_alerts_fire_when_they_should_and_stay_silent_when_they_should() {
    let folder = ops("prometheus");
    promtool(&["check", "rules", "recording.yml", "alerts.yml"], &folder);
    promtool(&["test", "rules", "tests.yml", "tests_slow.yml"], &folder);
}

#[test]
fn prometheus_understands_every_query_of_the_dashboard() {
    let dir = TempDir::new().unwrap();
    let mut rules = String::from("groups:\n  - name: dashboard\n    rules:\n");
    for (number, expression) in dashboard().iter().enumerate() {
        if expression.starts_with("label_values(") {
            continue;
        }
        let expression = expression
            .replace("$__rate_interval", "5m")
            .replace("$job", ".*");
        let quoted = Value::from(expression).to_string();
        rules.push_str(&format!(
            "      - record: panel:{number}\n        expr: {quoted}\n"
        ));
    }
    fs::write(dir.path().join("dashboard.yml"), rules).unwrap();
    promtool(&["check", "rules", "dashboard.yml"], dir.path());
}

#[test]
fn every_alert_leads_to_a_part_of_the_document_that_is_there() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
    let document = fs::read_to_string(document).unwrap();
    let anchors: BTreeSet<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|title| title.to_lowercase().replace(' ', "-"))
        .collect();
    let alerts = read("prometheus/alerts.yml");
    let mut checked = 0;
    for runbook in alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook: "))
    {
        let anchor = runbook.trim_matches('"').split('#').nth(1).unwrap();
        assert!(anchors.contains(anchor), "{anchor} is not in {anchors:?}");
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}

#[tokio::test]
async fn the_document_names_every_metric_and_every_event() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/telemetry.md");
    let document = fs::read_to_string(document).unwrap();
    for name in exported().await.keys() {
        let base = ["_count", "_sum", "_bucket"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        assert!(document.contains(&format!("`{base}`")), "{base}");
    }
    for event in crate::telemetry::event_schemas() {
        assert!(
            document.contains(&format!("| `{}` |", event.event)),
            "{}",
            event.event
        );
    }
}
