//! What one layer of settings says: the file, the environment or the flags.
//!
//! A layer is already parsed and every value in it is well formed; what it
//! says about tiers and sources is judged when the layers are put together
//! (`layout`). Nothing said is `None`, so that the weaker layer shows through.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::http::HostPattern;

use super::component::ComponentFile;
use super::email::Email;
use super::host_limits::HostLimits;
use super::name::{SourceName, TierName};
use super::origin::{Origin, Sourced};
use super::word::OfflineBehavior;

/// A value one layer may have set.
pub(super) type Said<T> = Option<Sourced<T>>;

/// One layer of settings.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) email: Said<Email>,
    pub(super) total_timeout_ms: Said<u32>,
    pub(super) max_attempts: Said<u32>,
    pub(super) max_concurrent: Said<u32>,
    pub(super) per_source_timeout_ms: Said<u32>,
    pub(super) skip_if_breaker_open: Said<bool>,
    pub(super) offline_behavior: Said<OfflineBehavior>,
    pub(super) skip_if_rate_wait_exceeds_ms: Said<u32>,
    pub(super) disable_wayback: Said<bool>,
    pub(super) only: Said<Vec<String>>,
    pub(super) adapters_dir: Said<PathBuf>,
    /// In the order they were written: a later one wins.
    pub(super) tiers: Vec<TierChange>,
    /// What the adapters folder holds, sorted by tier and name.
    pub(super) scanned: Vec<PlacedComponent>,
    pub(super) sources: BTreeMap<SourceName, SourceChange>,
    pub(super) adapters: BTreeMap<SourceName, AdapterTable>,
    /// In the order they were written: a later one wins.
    pub(super) host_limits: Vec<HostLimits>,
}

impl Layer {
    /// What the layer says last about a tier.
    pub(super) fn tier<T: Clone>(
        &self,
        tier: &TierName,
        option: impl Fn(&TierChange) -> &Said<T>,
    ) -> Said<T> {
        self.tiers
            .iter()
            .rev()
            .filter(|change| change.name == *tier)
            .find_map(|change| option(change).clone())
    }

    /// What the layer says about a source.
    pub(super) fn source<T: Clone>(
        &self,
        source: &SourceName,
        option: impl Fn(&SourceChange) -> &Said<T>,
    ) -> Said<T> {
        self.sources
            .get(source)
            .and_then(|change| option(change).clone())
    }
}

/// What one layer says about one tier: a `[[tier]]` table or a
/// `--fallback-tier`.
#[derive(Debug)]
pub(super) struct TierChange {
    pub(super) name: TierName,
    pub(super) origin: Origin,
    /// Whether it may bring a new tier into being.
    pub(super) may_create: bool,
    pub(super) parallel: Said<u32>,
    pub(super) sources: Said<Vec<SourceName>>,
    pub(super) timeout_ms: Said<u32>,
    pub(super) retries: Said<u32>,
    pub(super) adapter: Said<ComponentFile>,
    pub(super) after: Said<TierName>,
    pub(super) enabled: Said<bool>,
}

impl TierChange {
    pub(super) fn new(name: TierName, origin: Origin) -> Self {
        Self {
            name,
            origin,
            may_create: false,
            parallel: None,
            sources: None,
            timeout_ms: None,
            retries: None,
            adapter: None,
            after: None,
            enabled: None,
        }
    }

    /// Whether it says nothing but a name.
    pub(super) fn is_empty(&self) -> bool {
        self.parallel.is_none()
            && self.sources.is_none()
            && self.timeout_ms.is_none()
            && self.retries.is_none()
            && self.adapter.is_none()
            && self.after.is_none()
            && self.enabled.is_none()
    }
}

/// What one layer says about one source: a `[source.NAME]` table.
#[derive(Debug, Default)]
pub(super) struct SourceChange {
    pub(super) origin: Option<Origin>,
    pub(super) timeout_ms: Said<u32>,
    pub(super) retries: Said<u32>,
    pub(super) robots_respect: Said<bool>,
    pub(super) enabled: Said<bool>,
    pub(super) settings: BTreeMap<String, Sourced<String>>,
}

/// What the file says about one component: an `[adapter.NAME]` table.
#[derive(Debug)]
pub(super) struct AdapterTable {
    pub(super) origin: Origin,
    pub(super) file: Said<PathBuf>,
    pub(super) tier: Said<TierName>,
    pub(super) hosts: Said<Vec<HostPattern>>,
    pub(super) memory_mib: Said<u32>,
    pub(super) settings: BTreeMap<String, Sourced<String>>,
    /// Secret name → name of the variable that holds it.
    pub(super) secrets: BTreeMap<String, Sourced<String>>,
}

/// A component that is put into a tier.
#[derive(Debug, Clone)]
pub(super) struct PlacedComponent {
    pub(super) file: ComponentFile,
    /// None where a tier's `sources` will name it.
    pub(super) tier: Option<TierName>,
    pub(super) origin: Origin,
}

/// The strongest layer's word; `layers` go from weak to strong.
pub(super) fn strongest<T>(layers: &[Layer], said: impl Fn(&Layer) -> Said<T>) -> Said<T> {
    layers.iter().rev().find_map(said)
}
