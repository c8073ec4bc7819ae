//! The values of one tier and one source: policy, settings, grants, secrets.
//!
//! Hosts and secrets are granted to a *component*, not to a name: what the
//! file says beside a `file` belongs to that file, and what it says about a
//! bundled adapter belongs to the bundled one. A component that takes a name
//! over gets the policy and the settings, but neither grants nor secrets.

use std::collections::BTreeMap;

use crate::http::HostPattern;

use super::component::{Component, check_exists, same_file};
use super::defaults;
use super::draft::{DraftSource, DraftTier};
use super::environment::Lookup;
use super::error::{PlanError, PlanWarning, Problem};
use super::layer::{AdapterTable, Layer, Said, SourceChange, TierChange, strongest};
use super::layout::{Layout, TierSlot};
use super::name::{SourceName, TierName};
use super::origin::Sourced;
use super::secret::Secret;

/// What becomes of a secret whose variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnsetSecret {
    /// No plan without it: requests would go out without their key.
    Refused,
    /// Nothing goes out, so nothing lacks it.
    LeftOut,
}

/// Finds the values of tiers and sources in the layers.
pub(super) struct Policies<'a> {
    layers: &'a [Layer],
    layout: &'a Layout,
    env: Lookup<'a>,
    unset: UnsetSecret,
    warnings: &'a mut Vec<PlanWarning>,
}

impl<'a> Policies<'a> {
    pub(super) fn new(
        layers: &'a [Layer],
        layout: &'a Layout,
        env: Lookup<'a>,
        unset: UnsetSecret,
        warnings: &'a mut Vec<PlanWarning>,
    ) -> Self {
        Self {
            layers,
            layout,
            env,
            unset,
            warnings,
        }
    }

    pub(super) fn tier(&self, slot: &TierSlot, sources: Vec<DraftSource>) -> DraftTier {
        let parallel = strongest(self.layers, |layer| layer.tier(&slot.name, |t| &t.parallel));
        DraftTier {
            name: slot.name.clone(),
            parallel: parallel
                .unwrap_or_else(|| Sourced::default(defaults::parallel_of(slot.name.as_str()))),
            sources,
            sources_origin: slot.sources_origin.clone(),
        }
    }

    pub(super) fn source(
        &mut self,
        name: &SourceName,
        tier: &TierName,
    ) -> Result<DraftSource, PlanError> {
        let component = self.layout.component(name);
        self.check_component(name, &component)?;
        let built_in = defaults::of_source(name.as_str());
        let table = self.table(name);
        let granted = self.granted(table, name, &component.value);
        let timeout_ms = strongest(self.layers, |layer| {
            said(layer, name, tier, |s| &s.timeout_ms, |t| &t.timeout_ms)
                .or_else(|| layer.per_source_timeout_ms.clone())
        });
        let retries = strongest(self.layers, |layer| {
            said(layer, name, tier, |s| &s.retries, |t| &t.retries)
        });
        let robots = strongest(self.layers, |l| l.source(name, |s| &s.robots_respect));
        Ok(DraftSource {
            name: name.clone(),
            tier: tier.clone(),
            timeout_ms: timeout_ms.unwrap_or(Sourced::default(
                built_in.map_or(defaults::PER_SOURCE_TIMEOUT_MS, |b| b.timeout_ms),
            )),
            retries: retries.unwrap_or(Sourced::default(
                built_in.map_or(defaults::RETRIES, |b| b.retries),
            )),
            robots_respect: robots.unwrap_or(Sourced::default(
                built_in.map_or(defaults::ROBOTS_RESPECT, |b| b.robots_respect),
            )),
            settings: self.settings(table, name),
            hosts: hosts(granted, &component.value),
            secrets: self.secrets(granted, name)?,
            memory_mib: table
                .and_then(|table| table.memory_mib.clone())
                .unwrap_or(Sourced::default(defaults::MEMORY_MIB)),
            component,
        })
    }

    /// Warns about `[adapter.NAME]` tables for components nobody supplied.
    pub(super) fn warn_about_unused_tables(&mut self) {
        for layer in self.layers {
            for (name, table) in &layer.adapters {
                if !self.layout.knows(name) {
                    self.warnings.push(PlanWarning::UnusedAdapterTable {
                        place: table.origin.clone(),
                        source_name: name.clone(),
                    });
                }
            }
        }
    }

    fn table(&self, name: &SourceName) -> Option<&'a AdapterTable> {
        self.layers
            .iter()
            .rev()
            .find_map(|layer| layer.adapters.get(name))
    }

    fn check_component(
        &mut self,
        name: &SourceName,
        component: &Sourced<Component>,
    ) -> Result<(), PlanError> {
        let Component::File(path) = &component.value else {
            return Ok(());
        };
        check_exists(&component.origin, path)?;
        if defaults::of_source(name.as_str()).is_some() {
            self.warnings.push(PlanWarning::BundledReplaced {
                place: component.origin.clone(),
                source_name: name.clone(),
                path: path.clone(),
            });
        }
        Ok(())
    }

    /// The table, if what it grants was meant for this component.
    fn granted(
        &mut self,
        table: Option<&'a AdapterTable>,
        name: &SourceName,
        component: &Component,
    ) -> Option<&'a AdapterTable> {
        let table = table?;
        let Component::File(path) = component else {
            return Some(table);
        };
        let meant = match &table.file {
            Some(file) => same_file(&file.value, path),
            None => defaults::of_source(name.as_str()).is_none(),
        };
        if !meant && (table.hosts.is_some() || !table.secrets.is_empty()) {
            self.warnings.push(PlanWarning::GrantsNotInherited {
                place: table.origin.clone(),
                path: path.clone(),
            });
        }
        meant.then_some(table)
    }

    /// The settings of `[adapter.NAME]`, with those of `[source.NAME]` on top.
    fn settings(
        &self,
        table: Option<&AdapterTable>,
        name: &SourceName,
    ) -> BTreeMap<String, Sourced<String>> {
        let mut settings = table
            .map(|table| table.settings.clone())
            .unwrap_or_default();
        for change in self.layers.iter().filter_map(|l| l.sources.get(name)) {
            settings.extend(change.settings.clone());
        }
        settings
    }

    fn secrets(
        &self,
        granted: Option<&AdapterTable>,
        name: &SourceName,
    ) -> Result<BTreeMap<String, Sourced<Secret>>, PlanError> {
        let wanted = granted.into_iter().flat_map(|table| &table.secrets);
        wanted
            .filter_map(|(key, variable)| {
                let value = (self.env)(&variable.value).filter(|value| !value.is_empty());
                let Some(value) = value else {
                    let problem = Problem::SecretUnset {
                        source_name: name.clone(),
                        variable: variable.value.clone(),
                    };
                    return match self.unset {
                        UnsetSecret::Refused => {
                            Some(Err(PlanError::new(&variable.origin, problem)))
                        }
                        UnsetSecret::LeftOut => None,
                    };
                };
                let secret = Secret::new(variable.value.clone(), value);
                let secret = Sourced::new(secret, variable.origin.clone());
                Some(Ok((key.clone(), secret)))
            })
            .collect()
    }
}

/// What one layer says about a source, or else about its tier.
fn said(
    layer: &Layer,
    source: &SourceName,
    tier: &TierName,
    of_source: impl Fn(&SourceChange) -> &Said<u32>,
    of_tier: impl Fn(&TierChange) -> &Said<u32>,
) -> Said<u32> {
    layer
        .source(source, of_source)
        .or_else(|| layer.tier(tier, of_tier))
}

fn hosts(
    granted: Option<&AdapterTable>,
    component: &Component,
) -> Sourced<Option<Vec<HostPattern>>> {
    let listed = granted.and_then(|table| table.hosts.clone());
    match (listed, component) {
        (Some(hosts), _) => Sourced::new(Some(hosts.value), hosts.origin),
        (None, Component::Bundled) => Sourced::default(None),
        (None, Component::File(_)) => Sourced::default(Some(Vec::new())),
    }
}
