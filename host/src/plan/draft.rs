//! The plan while it is put together: every value still bound to its origin.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::http::HostPattern;

use super::component::Component;
use super::defaults;
use super::effective::{Budgets, Gates, Plan, Policy, Source, Tier};
use super::email::Email;
use super::host_limits::HostLimits;
use super::layer::Said;
use super::name::{SourceName, TierName};
use super::origin::{Origin, Sourced};
use super::rows;
use super::secret::Secret;
use super::switches::Dropped;
use super::word::OfflineBehavior;

/// The plan with the origin of every value.
pub(super) struct Draft {
    pub(super) email: Said<Email>,
    pub(super) budgets: DraftBudgets,
    pub(super) gates: DraftGates,
    pub(super) config: Said<PathBuf>,
    pub(super) adapters_dir: Said<PathBuf>,
    /// What `--only` says, and whether given PDF URLs are still tried.
    pub(super) only: Said<Vec<String>>,
    pub(super) try_given: bool,
    pub(super) tiers: Vec<DraftTier>,
    pub(super) dropped_tiers: Vec<Sourced<TierName>>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) host_limits: Vec<HostLimits>,
}

pub(super) struct DraftBudgets {
    pub(super) total_timeout_ms: Sourced<u32>,
    pub(super) max_attempts: Sourced<u32>,
    pub(super) max_concurrent: Sourced<u32>,
    pub(super) per_source_timeout_ms: Sourced<u32>,
}

pub(super) struct DraftGates {
    pub(super) skip_if_breaker_open: Sourced<bool>,
    pub(super) offline_behavior: Said<OfflineBehavior>,
    pub(super) skip_if_rate_wait_exceeds_ms: Sourced<u32>,
}

pub(super) struct DraftTier {
    pub(super) name: TierName,
    pub(super) parallel: Sourced<u32>,
    pub(super) sources: Vec<DraftSource>,
    pub(super) sources_origin: Origin,
}

pub(super) struct DraftSource {
    pub(super) name: SourceName,
    pub(super) tier: TierName,
    pub(super) component: Sourced<Component>,
    pub(super) timeout_ms: Sourced<u32>,
    pub(super) retries: Sourced<u32>,
    pub(super) robots_respect: Sourced<bool>,
    pub(super) settings: BTreeMap<String, Sourced<String>>,
    pub(super) hosts: Sourced<Option<Vec<HostPattern>>>,
    pub(super) secrets: BTreeMap<String, Sourced<Secret>>,
    pub(super) memory_mib: Sourced<u32>,
}

impl DraftSource {
    pub(super) fn replaces_bundled(&self) -> bool {
        self.component.value != Component::Bundled
            && defaults::of_source(self.name.as_str()).is_some()
    }
}

impl Draft {
    pub(super) fn into_plan(self) -> Plan {
        Plan {
            rows: rows::of(&self),
            email: self.email.map(|email| email.value),
            budgets: Budgets {
                total_timeout_ms: self.budgets.total_timeout_ms.value.into(),
                max_attempts: self.budgets.max_attempts.value,
                max_concurrent: self.budgets.max_concurrent.value,
                per_source_timeout_ms: self.budgets.per_source_timeout_ms.value.into(),
            },
            gates: Gates {
                skip_if_breaker_open: self.gates.skip_if_breaker_open.value,
                offline_behavior: self.gates.offline_behavior.map(|said| said.value),
                skip_if_rate_wait_exceeds_ms: self.gates.skip_if_rate_wait_exceeds_ms.value,
            },
            try_given: self.try_given,
            hosts: self.host_limits.into_iter().map(HostLimits::rule).collect(),
            tiers: self.tiers.into_iter().map(DraftTier::into_tier).collect(),
        }
    }
}

impl DraftTier {
    fn into_tier(self) -> Tier {
        Tier {
            name: self.name,
            parallel: self.parallel.value,
            sources: self
                .sources
                .into_iter()
                .map(DraftSource::into_source)
                .collect(),
        }
    }
}

impl DraftSource {
    fn into_source(self) -> Source {
        Source {
            name: self.name,
            tier: self.tier,
            component: self.component.value,
            policy: Policy {
                timeout_ms: self.timeout_ms.value.into(),
                retries_max: self.retries.value,
                robots_respect: self.robots_respect.value,
            },
            settings: values(self.settings),
            hosts: self.hosts.value,
            secrets: values(self.secrets),
            memory_mib: self.memory_mib.value,
        }
    }
}

fn values<T>(map: BTreeMap<String, Sourced<T>>) -> BTreeMap<String, T> {
    map.into_iter()
        .map(|(key, said)| (key, said.value))
        .collect()
}
