//! From flags, environment, file and defaults to the plan in force.
//!
//! Strongest first: flags, environment, file, defaults. The strongest layer
//! that says anything about a value decides. Within one layer a source's own
//! policy beats its tier's, and a tier's beats `per_source_timeout_ms`: so a
//! flag for a tier beats the file's word on one of its sources.

use std::collections::BTreeSet;
use std::path::Path;

use super::config_file;
use super::defaults;
use super::draft::{Draft, DraftBudgets, DraftGates};
use super::effective::Plan;
use super::environment;
use super::error::{PlanError, PlanWarning, Problem};
use super::flags::{self, PlanFlags};
use super::host_limits;
use super::layer::{Layer, Said, strongest};
use super::layout::Layout;
use super::name::{SourceName, TierName};
use super::origin::{Origin, Sourced};
use super::policies::{Policies, UnsetSecret};
use super::switches::Switches;

/// Everything a plan is made of.
#[derive(Clone, Copy)]
pub struct PlanInputs<'a> {
    /// The flags.
    pub flags: &'a PlanFlags,
    /// Looks an environment variable up.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The folder relative paths of flags and variables start from, and where
    /// `paperfall.toml` is looked for; empty for the process's own.
    pub cwd: &'a Path,
    /// The user's configuration folder (`~/.config`), if there is one.
    pub user_config_dir: Option<&'a Path>,
}

impl Plan {
    /// Puts the plan together.
    ///
    /// # Errors
    /// The first setting that is refused.
    pub fn build(inputs: PlanInputs<'_>) -> Result<(Self, Vec<PlanWarning>), PlanError> {
        Self::build_with(inputs, UnsetSecret::Refused)
    }

    fn build_with(
        inputs: PlanInputs<'_>,
        unset: UnsetSecret,
    ) -> Result<(Self, Vec<PlanWarning>), PlanError> {
        let mut warnings = Vec::new();
        let draft = Draft::new(inputs, unset, &mut warnings)?;
        Ok((draft.into_plan(), warnings))
    }

    /// Puts the plan together from the process's own environment and folders.
    ///
    /// # Errors
    /// The first setting that is refused.
    pub fn from_process(flags: &PlanFlags) -> Result<(Self, Vec<PlanWarning>), PlanError> {
        Self::of_process(flags, UnsetSecret::Refused)
    }

    /// [`Plan::from_process`] where nothing leaves the machine: a secret whose
    /// variable is not set is left out.
    ///
    /// # Errors
    /// The first setting that is refused.
    pub(crate) fn without_unset_secrets(
        flags: &PlanFlags,
    ) -> Result<(Self, Vec<PlanWarning>), PlanError> {
        Self::of_process(flags, UnsetSecret::LeftOut)
    }

    fn of_process(
        flags: &PlanFlags,
        unset: UnsetSecret,
    ) -> Result<(Self, Vec<PlanWarning>), PlanError> {
        let env =
            |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let user_config_dir = dirs::config_dir();
        let inputs = PlanInputs {
            flags,
            env: &env,
            cwd: Path::new(""),
            user_config_dir: user_config_dir.as_deref(),
        };
        Self::build_with(inputs, unset)
    }
}

impl Draft {
    fn new(
        inputs: PlanInputs<'_>,
        unset: UnsetSecret,
        warnings: &mut Vec<PlanWarning>,
    ) -> Result<Self, PlanError> {
        let (config, file) = config_file::read(&inputs, warnings)?;
        let layers = [
            file,
            environment::layer(inputs.env, inputs.cwd, warnings)?,
            flags::layer(inputs.flags, inputs.cwd, warnings)?,
        ];
        let layout = Layout::new(&layers)?;
        let switches = Switches::new(&layers, &layout)?;
        let mut draft = Self {
            email: strongest(&layers, |layer| layer.email.clone()),
            budgets: DraftBudgets::new(&layers),
            gates: DraftGates::new(&layers),
            config,
            adapters_dir: strongest(&layers, |layer| layer.adapters_dir.clone()),
            only: strongest(&layers, |layer| layer.only.clone()),
            try_given: switches.try_given(),
            tiers: Vec::new(),
            dropped_tiers: Vec::new(),
            dropped: Vec::new(),
            host_limits: Vec::new(),
        };
        let mut policies = Policies::new(&layers, &layout, inputs.env, unset, warnings);
        for slot in layout.tiers() {
            let mut sources = Vec::new();
            for source in &slot.sources {
                match switches.judge(&slot.name, source) {
                    Some(dropped) => draft.dropped.push(dropped),
                    None => sources.push(policies.source(source, &slot.name)?),
                }
            }
            if sources.is_empty() {
                let by = draft.dropped.iter().rev().find(|d| d.tier == slot.name);
                let origin = by.map_or_else(|| slot.sources_origin.clone(), |d| d.origin.clone());
                draft
                    .dropped_tiers
                    .push(Sourced::new(slot.name.clone(), origin));
            } else {
                draft.tiers.push(policies.tier(slot, sources));
            }
        }
        policies.warn_about_unused_tables();
        draft.dropped.extend(layout.unlisted().cloned());
        draft.check_not_empty()?;
        switches.warn(&draft.kept(), warnings);
        draft.host_limits = host_limits::together(layers.iter().map(|layer| &layer.host_limits));
        Ok(draft)
    }

    fn kept(&self) -> BTreeSet<(TierName, SourceName)> {
        self.tiers
            .iter()
            .flat_map(|tier| &tier.sources)
            .map(|source| (source.tier.clone(), source.name.clone()))
            .collect()
    }

    fn check_not_empty(&self) -> Result<(), PlanError> {
        if !self.tiers.is_empty() {
            return Ok(());
        }
        let mut reasons: Vec<String> = Vec::new();
        for dropped in &self.dropped {
            let reason = format!("{} ({})", dropped.why, dropped.origin);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let place = self
            .dropped
            .iter()
            .map(|dropped| &dropped.origin)
            .next_back()
            .unwrap_or(&Origin::Default);
        Err(PlanError::new(
            place,
            Problem::EmptyPlan {
                why: reasons.join(", "),
            },
        ))
    }
}
impl DraftBudgets {
    fn new(layers: &[Layer]) -> Self {
        let or = |said: fn(&Layer) -> Said<u32>, default: u32| {
            strongest(layers, said).unwrap_or(Sourced::default(default))
        };
        Self {
            total_timeout_ms: or(|l| l.total_timeout_ms.clone(), defaults::TOTAL_TIMEOUT_MS),
            max_attempts: or(|l| l.max_attempts.clone(), defaults::MAX_ATTEMPTS),
            max_concurrent: or(|l| l.max_concurrent.clone(), defaults::MAX_CONCURRENT),
            per_source_timeout_ms: or(
                |l| l.per_source_timeout_ms.clone(),
                defaults::PER_SOURCE_TIMEOUT_MS,
            ),
        }
    }
}

impl DraftGates {
    fn new(layers: &[Layer]) -> Self {
        Self {
            skip_if_breaker_open: strongest(layers, |l| l.skip_if_breaker_open.clone())
                .unwrap_or(Sourced::default(true)),
            offline_behavior: strongest(layers, |l| l.offline_behavior.clone()),
            skip_if_rate_wait_exceeds_ms: strongest(layers, |l| {
                l.skip_if_rate_wait_exceeds_ms.clone()
            })
            .unwrap_or(Sourced::default(defaults::RATE_WAIT_MS)),
        }
    }
}
