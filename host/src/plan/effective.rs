//! The plan in force: what the race, the sandbox and the CLI read.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::http::{HostPattern, HostRule};

use super::component::Component;
use super::email::Email;
use super::name::{SourceName, TierName};
use super::rows::Row;
use super::secret::Secret;
use super::word::OfflineBehavior;

/// The effective plan. It has at least one tier, every tier at least one
/// source, and no source stands in two of them.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The contact for services that ask for one.
    pub email: Option<Email>,
    /// Limits for one work.
    pub budgets: Budgets,
    /// What makes a source be skipped.
    pub gates: Gates,
    /// Whether the PDF URLs given with a work are tried before the first tier:
    /// yes, unless `--only` names other things than `given`.
    pub try_given: bool,
    /// The tiers in the order they are tried.
    pub tiers: Vec<Tier>,
    /// Limits of hosts, the built-in ones included.
    #[serde(skip)]
    pub hosts: Vec<HostRule>,
    #[serde(rename = "values")]
    pub(super) rows: Vec<Row>,
}

impl Plan {
    /// Every value with its origin, in a stable order: budgets, gates, e-mail,
    /// files, tiers with their sources, what was left out and why, host
    /// limits. A row's key is the key of `paperfall.toml` that sets it, where
    /// there is one.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Every source in plan order.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.tiers.iter().flat_map(|tier| &tier.sources)
    }
}

/// Limits for the search for one work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Budgets {
    /// Time for finding, downloads not counted, in milliseconds.
    pub total_timeout_ms: u64,
    /// Attempts, all tiers together.
    pub max_attempts: u32,
    /// Attempts at once, all sources of a tier together.
    pub max_concurrent: u32,
    /// Time of one attempt where a source has no policy of its own, in
    /// milliseconds; already part of every [`Policy`].
    pub per_source_timeout_ms: u64,
}

impl Budgets {
    /// [`Budgets::total_timeout_ms`] as a duration.
    #[must_use]
    pub fn total_timeout(&self) -> Duration {
        Duration::from_millis(self.total_timeout_ms)
    }
}

/// What makes a source be skipped rather than tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gates {
    /// Skip a source when every host it names has an open circuit breaker.
    pub skip_if_breaker_open: bool,
    /// What is left when the network may not be used; none: it may.
    pub offline_behavior: Option<OfflineBehavior>,
    /// A request that would wait longer than this for its turn is not sent, in
    /// milliseconds.
    pub skip_if_rate_wait_exceeds_ms: u32,
}

/// One step of the plan.
#[derive(Debug, Clone, Serialize)]
pub struct Tier {
    /// Its name.
    pub name: TierName,
    /// Attempts at once in this tier.
    pub parallel: u32,
    /// Its sources, the preferred one first; never empty.
    pub sources: Vec<Source>,
}

/// One source: an adapter in its place, with all it may use.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// The tier it stands in.
    pub tier: TierName,
    /// Its code.
    pub component: Component,
    /// How it is asked.
    pub policy: Policy,
    /// Settings given by the operator; the adapter sees those it declared.
    pub settings: BTreeMap<String, String>,
    /// The operator's grants: it may talk to the hosts it declares *and* finds
    /// here. None, for bundled adapters only: to all it declares. An empty list
    /// grants nothing; `*` must stand here to be granted.
    #[serde(serialize_with = "host_names")]
    pub hosts: Option<Vec<HostPattern>>,
    /// Secrets by the name the adapter uses.
    pub secrets: BTreeMap<String, Secret>,
    /// Memory of one attempt, in MiB.
    pub memory_mib: u32,
}

/// How a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Time of one attempt, in milliseconds.
    pub timeout_ms: u64,
    /// How often the host repeats a request that failed for the moment.
    pub retries_max: u32,
    /// Whether robots.txt is asked before each page.
    pub robots_respect: bool,
}

impl Policy {
    /// [`Policy::timeout_ms`] as a duration.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

fn host_names<S: Serializer>(
    hosts: &Option<Vec<HostPattern>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match hosts {
        Some(hosts) => serializer.collect_seq(hosts.iter().map(ToString::to_string)),
        None => serializer.serialize_none(),
    }
}
