//! Which tiers there are, in which order, and which sources stand in each.
//!
//! The defaults come first, then one layer of settings after the other, weak
//! to strong. A source stands in at most one tier: a tier that names it takes
//! it from the tier that had it. A `sources` list that leaves a source out
//! takes it out of the plan, and the layout remembers who did.

use std::collections::BTreeMap;

use super::component::{Component, same_file};
use super::defaults;
use super::error::{PlanError, Problem};
use super::layer::{Layer, PlacedComponent, TierChange};
use super::name::{NameError, SourceName, TierName};
use super::origin::{Origin, Sourced};
use super::spelling::{nearest, remedy, shown};
use super::switches::Dropped;

/// One tier and who made it what it is.
#[derive(Debug)]
pub(super) struct TierSlot {
    pub(super) name: TierName,
    pub(super) sources: Vec<SourceName>,
    /// What touched the list of sources last.
    pub(super) sources_origin: Origin,
    made_by: Origin,
    /// Whether it ever had a source: a new tier without one is a typing error.
    populated: bool,
}

/// The tiers in order and the code of every known source.
#[derive(Debug)]
pub(super) struct Layout {
    tiers: Vec<TierSlot>,
    components: BTreeMap<SourceName, Sourced<Component>>,
    unlisted: BTreeMap<SourceName, Dropped>,
}

impl Layout {
    /// The built-in tiers with the layers, weak to strong, laid over them.
    pub(super) fn new(layers: &[Layer]) -> Result<Self, PlanError> {
        let mut layout =
            Self::built_in().map_err(|error| PlanError::new(&Origin::Default, error))?;
        for layer in layers {
            layout.apply(layer)?;
        }
        layout.check(layers)?;
        Ok(layout)
    }

    pub(super) fn tiers(&self) -> impl Iterator<Item = &TierSlot> + Clone {
        self.tiers.iter()
    }

    pub(super) fn knows(&self, source: &SourceName) -> bool {
        self.components.contains_key(source)
    }

    pub(super) fn source_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.components.keys().map(SourceName::as_str)
    }

    pub(super) fn component(&self, source: &SourceName) -> Sourced<Component> {
        self.components
            .get(source)
            .cloned()
            .unwrap_or_else(|| Sourced::default(Component::Bundled))
    }

    /// Sources that a tier's list leaves out.
    pub(super) fn unlisted(&self) -> impl Iterator<Item = &Dropped> {
        self.unlisted.values()
    }

    fn built_in() -> Result<Self, NameError> {
        let mut layout = Self {
            tiers: Vec::new(),
            components: BTreeMap::new(),
            unlisted: BTreeMap::new(),
        };
        for default in defaults::TIERS {
            let mut tier = TierSlot::new(TierName::parse(default.name)?, Origin::Default);
            for source in default.sources {
                let name = SourceName::parse(source.name)?;
                let component = Sourced::default(Component::Bundled);
                layout.components.insert(name.clone(), component);
                tier.sources.push(name);
            }
            tier.populated = true;
            layout.tiers.push(tier);
        }
        Ok(layout)
    }

    fn apply(&mut self, layer: &Layer) -> Result<(), PlanError> {
        for change in layer.tiers.iter().filter(|change| change.may_create) {
            self.make(&change.name, &change.origin);
        }
        for placed in &layer.scanned {
            if let Some(tier) = &placed.tier {
                self.make(tier, &placed.origin);
            }
        }
        for change in &layer.tiers {
            self.find(&change.name, &change.origin)?;
        }
        self.add_components(layer)?;
        self.list_sources(&layer.tiers)?;
        for change in &layer.tiers {
            if let Some(after) = &change.after {
                self.place_after(&change.name, &after.value, &after.origin)?;
            }
        }
        Ok(())
    }

    /// Makes a tier at the end unless it is there.
    fn make(&mut self, name: &TierName, origin: &Origin) {
        if !self.tiers.iter().any(|tier| tier.name == *name) {
            self.tiers.push(TierSlot::new(name.clone(), origin.clone()));
        }
    }

    fn find(&mut self, name: &TierName, place: &Origin) -> Result<&mut TierSlot, PlanError> {
        // Made beforehand: it borrows the tiers too.
        let unknown = self.unknown_tier(name, place);
        self.tiers
            .iter_mut()
            .find(|tier| tier.name == *name)
            .ok_or(unknown)
    }

    fn add_components(&mut self, layer: &Layer) -> Result<(), PlanError> {
        let mut seen: BTreeMap<SourceName, PlacedComponent> = BTreeMap::new();
        for placed in components_of(layer) {
            let name = placed.file.name.clone();
            if let Some(first) = seen.get(&name)
                && !same_file(&first.file.path, &placed.file.path)
            {
                return Err(PlanError::new(
                    &placed.origin,
                    Problem::TwoComponents {
                        source_name: name,
                        first: first.file.path.clone(),
                        second: placed.file.path,
                    },
                ));
            }
            let component = Component::File(placed.file.path.clone());
            self.components
                .insert(name.clone(), Sourced::new(component, placed.origin.clone()));
            if let Some(tier) = &placed.tier {
                self.put(&name, tier, &placed.origin)?;
            }
            seen.insert(name, placed);
        }
        // `tier` without `file` moves a source that is already known.
        for (name, table) in &layer.adapters {
            if let Some(tier) = &table.tier {
                self.find(&tier.value, &tier.origin)?;
                if self.knows(name) && !seen.contains_key(name) {
                    self.put(name, &tier.value, &tier.origin)?;
                }
            }
        }
        Ok(())
    }

    fn list_sources(&mut self, changes: &[TierChange]) -> Result<(), PlanError> {
        let mut claims: BTreeMap<SourceName, TierName> = BTreeMap::new();
        for change in changes {
            let Some(list) = &change.sources else {
                continue;
            };
            for source in &list.value {
                if !self.knows(source) {
                    return Err(self.unknown_source(source, &list.origin));
                }
                let first = claims.entry(source.clone()).or_insert(change.name.clone());
                if *first != change.name {
                    return Err(PlanError::new(
                        &list.origin,
                        Problem::ClaimedTwice {
                            source_name: source.clone(),
                            first: first.clone(),
                            second: change.name.clone(),
                        },
                    ));
                }
            }
            self.limit(&change.name, list)?;
        }
        Ok(())
    }

    /// Makes `list` the sources of a tier.
    fn limit(&mut self, tier: &TierName, list: &Sourced<Vec<SourceName>>) -> Result<(), PlanError> {
        let before = std::mem::take(&mut self.find(tier, &list.origin)?.sources);
        for source in &list.value {
            self.put(source, tier, &list.origin)?;
        }
        for source in before {
            if !list.value.contains(&source) {
                let dropped = Dropped {
                    tier: tier.clone(),
                    source: source.clone(),
                    why: format!("tier {tier} lists other sources"),
                    origin: list.origin.clone(),
                };
                self.unlisted.insert(source, dropped);
            }
        }
        Ok(())
    }

    /// Puts a source at the end of a tier, unless it stands there, and takes
    /// it from any other.
    fn put(&mut self, source: &SourceName, tier: &TierName, by: &Origin) -> Result<(), PlanError> {
        for slot in &mut self.tiers {
            if slot.name != *tier && slot.sources.contains(source) {
                slot.sources.retain(|name| name != source);
                slot.sources_origin = by.clone();
            }
        }
        self.unlisted.remove(source);
        let slot = self.find(tier, by)?;
        slot.populated = true;
        slot.sources_origin = by.clone();
        if !slot.sources.contains(source) {
            slot.sources.push(source.clone());
        }
        Ok(())
    }

    fn place_after(
        &mut self,
        tier: &TierName,
        after: &TierName,
        place: &Origin,
    ) -> Result<(), PlanError> {
        if tier == after {
            return Err(PlanError::new(
                place,
                Problem::AfterItself { tier: tier.clone() },
            ));
        }
        self.find(after, place)?;
        let (moved, mut rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.tiers)
            .into_iter()
            .partition(|slot| slot.name == *tier);
        let at = rest
            .iter()
            .position(|slot| slot.name == *after)
            .map_or(rest.len(), |index| index + 1);
        rest.splice(at..at, moved);
        self.tiers = rest;
        Ok(())
    }

    /// What can only be judged when every layer has spoken.
    fn check(&self, layers: &[Layer]) -> Result<(), PlanError> {
        for (name, component) in &self.components {
            let placed = self.tiers.iter().any(|tier| tier.sources.contains(name));
            if !placed && !self.unlisted.contains_key(name) {
                return Err(PlanError::new(
                    &component.origin,
                    Problem::Homeless {
                        source_name: name.clone(),
                    },
                ));
            }
        }
        if let Some(tier) = self.tiers.iter().find(|tier| !tier.populated) {
            let others = self.tiers.iter().filter(|other| other.populated);
            let meant = nearest(tier.name.as_str(), others.map(|other| other.name.as_str()));
            return Err(PlanError::new(
                &tier.made_by,
                Problem::EmptyTier {
                    tier: tier.name.clone(),
                    meant: meant.map(str::to_owned),
                },
            ));
        }
        for layer in layers {
            for (name, change) in &layer.sources {
                let announced = layers.iter().any(|layer| layer.adapters.contains_key(name));
                if let Some(origin) = &change.origin
                    && !self.knows(name)
                    && !announced
                {
                    return Err(self.unknown_source(name, origin));
                }
            }
        }
        Ok(())
    }

    fn unknown_tier(&self, name: &TierName, place: &Origin) -> PlanError {
        let valid = self.tiers.iter().map(|tier| tier.name.as_str());
        PlanError::new(
            place,
            Problem::UnknownTier {
                given: shown(name.as_str()),
                remedy: remedy(name.as_str(), valid),
            },
        )
    }

    fn unknown_source(&self, name: &SourceName, place: &Origin) -> PlanError {
        PlanError::new(
            place,
            Problem::UnknownSource {
                given: shown(name.as_str()),
                remedy: remedy(name.as_str(), self.source_names()),
            },
        )
    }
}

impl TierSlot {
    fn new(name: TierName, origin: Origin) -> Self {
        Self {
            name,
            sources: Vec::new(),
            sources_origin: origin.clone(),
            made_by: origin,
            populated: false,
        }
    }
}

/// Every component a layer brings: the adapters folder's first, then the ones
/// named one by one.
fn components_of(layer: &Layer) -> impl Iterator<Item = PlacedComponent> + '_ {
    let named_in_tables = layer.adapters.iter().filter_map(|(name, table)| {
        let file = table.file.as_ref()?;
        Some(PlacedComponent {
            file: super::component::ComponentFile {
                name: name.clone(),
                path: file.value.clone(),
            },
            tier: table.tier.as_ref().map(|tier| tier.value.clone()),
            origin: file.origin.clone(),
        })
    });
    let named_in_options = layer.tiers.iter().filter_map(|change| {
        let adapter = change.adapter.as_ref()?;
        Some(PlacedComponent {
            file: adapter.value.clone(),
            tier: Some(change.name.clone()),
            origin: adapter.origin.clone(),
        })
    });
    layer
        .scanned
        .iter()
        .cloned()
        .chain(named_in_tables)
        .chain(named_in_options)
}
