//! The plan as a list of values and their origins, for `paperfall plan`.

use serde::Serialize;

use super::component::{Component, shown_component};
use super::defaults::NEEDS_EMAIL;
use super::draft::{Draft, DraftSource, DraftTier};
use super::host_limits::HostLimits;
use super::layer::Said;
use super::origin::{Origin, Sourced};
use super::spelling::{one_line, shown, shown_path};

/// One value of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The key of `paperfall.toml` that sets it, where there is one.
    pub key: String,
    /// The value, for people; on one line.
    pub value: String,
    /// What set it.
    pub origin: Origin,
    /// What follows from it, when that is not obvious.
    pub note: Option<String>,
}

/// Every row of the plan, in the order [`super::Plan::rows`] promises.
pub(super) fn of(draft: &Draft) -> Vec<Row> {
    let mut rows = Rows(Vec::new());
    let budgets = &draft.budgets;
    rows.add("budgets.total_timeout_ms", &budgets.total_timeout_ms);
    rows.add("budgets.max_attempts", &budgets.max_attempts);
    rows.add("budgets.max_concurrent", &budgets.max_concurrent);
    rows.add(
        "budgets.per_source_timeout_ms",
        &budgets.per_source_timeout_ms,
    );
    let gates = &draft.gates;
    rows.switch("gates.skip_if_breaker_open", &gates.skip_if_breaker_open);
    rows.optional("gates.offline_behavior", &gates.offline_behavior);
    rows.add(
        "gates.skip_if_rate_wait_exceeds_ms",
        &gates.skip_if_rate_wait_exceeds_ms,
    );
    rows.optional("email", &draft.email);
    if draft.email.is_none() && asks_unpaywall(draft) {
        rows.note("unpaywall will be skipped: no e-mail (set --email, PAPERFALL_EMAIL or email in paperfall.toml)");
    }
    rows.optional("config", &draft.config.as_ref().map(shown_file));
    rows.optional("adapters_dir", &draft.adapters_dir.as_ref().map(shown_file));
    let only = draft
        .only
        .as_ref()
        .map(|only| Sourced::new(one_line(&only.value.join(", ")), only.origin.clone()));
    rows.optional("only", &only);
    if !draft.try_given {
        rows.note("PDF URLs given with a work are not tried either: add given to try them");
    }
    for tier in &draft.tiers {
        rows.tier(tier);
    }
    for dropped in &draft.dropped_tiers {
        rows.push(
            format!("tier.{}.enabled", dropped.value),
            "no",
            &dropped.origin,
        );
        rows.note("left out: it has no source to ask");
    }
    for dropped in &draft.dropped {
        rows.push(
            format!("source.{}.enabled", dropped.source),
            "no",
            &dropped.origin,
        );
        rows.note(&format!(
            "left out of tier {}: {}",
            dropped.tier, dropped.why
        ));
    }
    for limits in &draft.host_limits {
        rows.host(limits);
    }
    rows.0
}

fn shown_file(path: &Sourced<std::path::PathBuf>) -> Sourced<String> {
    Sourced::new(shown_path(&path.value), path.origin.clone())
}

fn asks_unpaywall(draft: &Draft) -> bool {
    draft
        .tiers
        .iter()
        .flat_map(|tier| &tier.sources)
        .any(|source| {
            source.name.as_str() == NEEDS_EMAIL && source.component.value == Component::Bundled
        })
}

struct Rows(Vec<Row>);

impl Rows {
    fn push(&mut self, key: impl Into<String>, value: impl Into<String>, origin: &Origin) {
        self.0.push(Row {
            key: key.into(),
            value: value.into(),
            origin: origin.clone(),
            note: None,
        });
    }

    /// Adds a note to the row pushed last.
    fn note(&mut self, note: &str) {
        if let Some(row) = self.0.last_mut() {
            row.note = Some(note.to_owned());
        }
    }

    fn add(&mut self, key: impl Into<String>, value: &Sourced<impl ToString>) {
        self.push(key, value.value.to_string(), &value.origin);
    }

    fn switch(&mut self, key: impl Into<String>, value: &Sourced<bool>) {
        self.push(key, if value.value { "yes" } else { "no" }, &value.origin);
    }

    fn optional(&mut self, key: &str, value: &Said<impl ToString>) {
        match value {
            Some(value) => self.add(key, value),
            None => self.push(key, "none", &Origin::Default),
        }
    }

    fn host(&mut self, limits: &HostLimits) {
        let place = shown(&limits.place.to_string());
        for (key, limit) in [
            ("per_second", &limits.per_second),
            ("per_minute", &limits.per_minute),
            ("per_day", &limits.per_day),
            ("max_concurrent", &limits.max_concurrent),
        ] {
            if let Some(limit) = limit {
                self.add(format!("host.{place}.{key}"), limit);
            }
        }
        if let Some(breaker) = &limits.breaker {
            self.switch(format!("host.{place}.breaker"), breaker);
        }
    }

    fn tier(&mut self, tier: &DraftTier) {
        let name = &tier.name;
        self.add(format!("tier.{name}.parallel"), &tier.parallel);
        let sources: Vec<&str> = tier.sources.iter().map(|s| s.name.as_str()).collect();
        self.push(
            format!("tier.{name}.sources"),
            sources.join(", "),
            &tier.sources_origin,
        );
        for source in &tier.sources {
            self.source(source);
        }
    }

    fn source(&mut self, source: &DraftSource) {
        let name = &source.name;
        self.push(
            format!("adapter.{name}.file"),
            shown_component(&source.component.value),
            &source.component.origin,
        );
        if source.replaces_bundled() {
            self.note("replaces the bundled adapter, without its grants and secrets");
        }
        self.add(format!("source.{name}.timeout_ms"), &source.timeout_ms);
        self.add(format!("source.{name}.retries"), &source.retries);
        self.switch(
            format!("source.{name}.robots_respect"),
            &source.robots_respect,
        );
        if source.robots_respect.value {
            self.note("asked before pages, not before APIs");
        }
        for (key, value) in &source.settings {
            self.push(
                format!("source.{name}.settings.{key}"),
                one_line(&value.value),
                &value.origin,
            );
        }
        let hosts = match &source.hosts.value {
            None => "all it declares".to_owned(),
            Some(hosts) if hosts.is_empty() => "none".to_owned(),
            Some(hosts) => {
                let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
                hosts.join(", ")
            }
        };
        self.push(format!("adapter.{name}.hosts"), hosts, &source.hosts.origin);
        if source.hosts.value.as_ref().is_some_and(Vec::is_empty) {
            self.note(&format!(
                "it may send no request: grant hosts = [\"…\"] in [adapter.{name}]"
            ));
        }
        for (key, variable) in &source.secrets {
            self.push(
                format!("adapter.{name}.secrets.{key}"),
                format!("env:{}", variable.value.variable()),
                &variable.origin,
            );
        }
        self.add(format!("adapter.{name}.memory_mib"), &source.memory_mib);
    }
}
