//! The switches that take sources out of the plan: `--only`,
//! `--disable-wayback-fallback`, and `enabled = false` on a tier or a source.

use std::collections::BTreeSet;

use super::defaults::WAYBACK;
use super::error::{PlanError, PlanWarning, Problem};
use super::layer::{Layer, Said, strongest};
use super::layout::Layout;
use super::name::{GIVEN, SourceName, TierName};
use super::origin::{Origin, Sourced};
use super::spelling::{remedy, shown};

/// Splits the value of `--only`.
pub(super) fn parse_only(given: &str, place: &Origin) -> Result<Vec<String>, PlanError> {
    let names: Vec<String> = given
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    if names.iter().any(String::is_empty) {
        return Err(PlanError::new(place, Problem::EmptyOnly));
    }
    Ok(names)
}

/// A source that is not asked, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) tier: TierName,
    pub(super) source: SourceName,
    /// Completes "not asked: …".
    pub(super) why: String,
    pub(super) origin: Origin,
}

/// What `--only` selects.
enum Selected {
    Given,
    Tier(TierName),
    Source(SourceName),
}

/// Every switch, ready to be asked about a source.
pub(super) struct Switches<'a> {
    layers: &'a [Layer],
    only: Said<Vec<(String, Selected)>>,
}

impl<'a> Switches<'a> {
    pub(super) fn new(layers: &'a [Layer], layout: &Layout) -> Result<Self, PlanError> {
        let only = strongest(layers, |layer| layer.only.clone())
            .map(|only| {
                let selected = only
                    .value
                    .into_iter()
                    .map(|name| Ok((name.clone(), select(&name, layout, &only.origin)?)))
                    .collect::<Result<_, PlanError>>()?;
                Ok(Sourced::new(selected, only.origin))
            })
            .transpose()?;
        Ok(Self { layers, only })
    }

    /// Whether the PDF URLs given with a work are tried.
    pub(super) fn try_given(&self) -> bool {
        self.only.as_ref().is_none_or(|only| {
            let mut names = only.value.iter();
            names.any(|(_, name)| matches!(name, Selected::Given))
        })
    }

    /// Why the source is switched off, if it is.
    pub(super) fn judge(&self, tier: &TierName, source: &SourceName) -> Option<Dropped> {
        let off = |why: String, origin: &Origin| {
            Some(Dropped {
                tier: tier.clone(),
                source: source.clone(),
                why,
                origin: origin.clone(),
            })
        };
        let tier_enabled = strongest(self.layers, |layer| layer.tier(tier, |t| &t.enabled));
        if let Some(Sourced {
            value: false,
            origin,
        }) = tier_enabled
        {
            return off(format!("tier {tier} is switched off"), &origin);
        }
        let enabled = strongest(self.layers, |layer| layer.source(source, |s| &s.enabled));
        if let Some(Sourced {
            value: false,
            origin,
        }) = enabled
        {
            return off("the source is switched off".to_owned(), &origin);
        }
        if source.as_str() == WAYBACK {
            let disabled = strongest(self.layers, |layer| layer.disable_wayback.clone());
            if let Some(Sourced {
                value: true,
                origin,
            }) = disabled
            {
                return off("the Wayback Machine is switched off".to_owned(), &origin);
            }
        }
        let only = self.only.as_ref()?;
        if only.value.iter().any(|(_, name)| name.covers(tier, source)) {
            return None;
        }
        off("other sources are asked alone".to_owned(), &only.origin)
    }

    /// Warns about names in `--only` whose sources are all switched off.
    pub(super) fn warn(
        &self,
        kept: &BTreeSet<(TierName, SourceName)>,
        warnings: &mut Vec<PlanWarning>,
    ) {
        let Some(only) = &self.only else { return };
        for (name, selected) in &only.value {
            if !matches!(selected, Selected::Given)
                && !kept
                    .iter()
                    .any(|(tier, source)| selected.covers(tier, source))
            {
                warnings.push(PlanWarning::NothingSelected {
                    place: only.origin.clone(),
                    name: name.clone(),
                });
            }
        }
    }
}

impl Selected {
    fn covers(&self, tier: &TierName, source: &SourceName) -> bool {
        match self {
            Self::Given => false,
            Self::Tier(name) => name == tier,
            Self::Source(name) => name == source,
        }
    }
}

/// A tier of that name, or else a source.
fn select(name: &str, layout: &Layout, place: &Origin) -> Result<Selected, PlanError> {
    if name == GIVEN {
        return Ok(Selected::Given);
    }
    if let Some(tier) = layout.tiers().find(|tier| tier.name.as_str() == name) {
        return Ok(Selected::Tier(tier.name.clone()));
    }
    if let Ok(source) = SourceName::parse(name)
        && layout.knows(&source)
    {
        return Ok(Selected::Source(source));
    }
    let valid: BTreeSet<&str> = layout
        .tiers()
        .map(|tier| tier.name.as_str())
        .chain(layout.source_names())
        .chain([GIVEN])
        .collect();
    Err(PlanError::new(
        place,
        Problem::UnknownOnly {
            given: shown(name),
            remedy: remedy(name, valid),
        },
    ))
}
