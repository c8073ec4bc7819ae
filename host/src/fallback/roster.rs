//! The adapters of a plan, loaded and ready: what every race of a run shares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::component::component_bytes;
use super::race::GIVEN;
use crate::http::{HostGrants, HostPattern, RequestPolicy, Secrets, Session};
use crate::plan::{Budgets, Component, Email, Gates, Plan, Policy, Source, SourceName, TierName};
use crate::sandbox::{AttemptLimits, Bundled, Descriptor, LoadError, LoadedAdapter, Sandbox};

/// Retries for the PDF URLs given with a work, which no source's policy covers.
const GIVEN_RETRIES: u32 = 2;

/// How long a download waits for its turn at a host.
const DOWNLOAD_RATE_WAIT: Duration = Duration::from_secs(60);

/// How much of a complaint is shown.
const COMPLAINT_CHARS: usize = 400;

/// The loaded plan.
#[derive(Debug)]
pub struct Roster {
    /// Tiers in order.
    pub tiers: Vec<RosterTier>,
    pub(crate) budgets: Budgets,
    pub(crate) gates: Gates,
    /// Whether the PDF URLs given with a work are tried first.
    pub(crate) try_given: bool,
    /// How they are asked; the time-out is for all of them together.
    pub(crate) given_policy: Policy,
}

/// One tier.
#[derive(Debug)]
pub struct RosterTier {
    /// Its name.
    pub name: TierName,
    /// Attempts at once.
    pub parallel: u32,
    /// Sources in order.
    pub sources: Vec<Arc<RosterSource>>,
}

/// One source of a tier.
#[derive(Debug)]
pub struct RosterSource {
    /// Its tier.
    pub tier: TierName,
    /// Its name in the plan.
    pub name: SourceName,
    /// Its policy.
    pub policy: Policy,
    /// The adapter, or why there is none; such a source ends every attempt as
    /// `load_failed` and the work goes on with the next.
    pub adapter: Result<Arc<Ready>, LoadError>,
    /// The operator was told that the service refuses the configuration.
    complained: AtomicBool,
}

/// An adapter with what the operator lets it have.
#[derive(Debug)]
pub struct Ready {
    /// The adapter.
    pub adapter: LoadedAdapter,
    /// Hosts it may talk to.
    pub grants: HostGrants,
    /// Secrets the host fills in.
    pub secrets: Secrets,
    /// Its settings, defaults filled in.
    pub settings: BTreeMap<String, String>,
    /// What one attempt may use.
    pub limits: AttemptLimits,
}

impl Roster {
    /// Loads every adapter of the plan. `progress` is told each name before
    /// its component is compiled.
    pub async fn load(plan: &Plan, sandbox: &Sandbox, progress: impl Fn(&str)) -> Self {
        let mut tiers = Vec::with_capacity(plan.tiers.len());
        for tier in &plan.tiers {
            let mut sources = Vec::with_capacity(tier.sources.len());
            for source in &tier.sources {
                progress(source.name.as_str());
                let adapter = load(plan, source, sandbox).await;
                if let Err(error) = &adapter {
                    tracing::warn!("{error}");
                }
                sources.push(Arc::new(RosterSource {
                    tier: tier.name.clone(),
                    name: source.name.clone(),
                    policy: source.policy,
                    adapter: adapter.map(Arc::new),
                    complained: AtomicBool::new(false),
                }));
            }
            tiers.push(RosterTier {
                name: tier.name.clone(),
                parallel: tier.parallel,
                sources,
            });
        }
        Self {
            tiers,
            budgets: plan.budgets,
            gates: plan.gates,
            try_given: plan.try_given,
            given_policy: Policy {
                timeout_ms: plan.budgets.per_source_timeout_ms,
                retries_max: GIVEN_RETRIES,
                robots_respect: false,
            },
        }
    }

    /// A plan of one source, for whoever looks at it alone.
    pub(crate) fn of_one(source: &Source, ready: Ready, budgets: Budgets, gates: Gates) -> Self {
        Self {
            tiers: vec![RosterTier {
                name: source.tier.clone(),
                parallel: 1,
                sources: vec![Arc::new(RosterSource {
                    tier: source.tier.clone(),
                    name: source.name.clone(),
                    policy: source.policy,
                    adapter: Ok(Arc::new(ready)),
                    complained: AtomicBool::new(false),
                })],
            }],
            budgets,
            gates,
            try_given: false,
            given_policy: source.policy,
        }
    }

    /// What the plan says of a source in its tier: attempts at once there, and
    /// its policy. URLs given with a work are tried one after the other.
    pub(crate) fn rule(&self, tier: &str, source: &str) -> Option<(u32, Policy)> {
        if (tier, source) == (GIVEN, GIVEN) {
            return Some((1, self.given_policy));
        }
        self.tiers
            .iter()
            .filter(|known| known.name.as_str() == tier)
            .flat_map(|known| known.sources.iter().map(|source| (known.parallel, source)))
            .find(|(_, known)| known.name.as_str() == source)
            .map(|(parallel, known)| (parallel, known.policy))
    }

    /// How requests of `source` are sent: the policy of its plan, or that of
    /// URLs given with a work.
    pub(crate) fn request_policy(&self, source: &str) -> RequestPolicy {
        let policy = self
            .sources()
            .find(|known| known.name.as_str() == source)
            .map_or(self.given_policy, |source| source.policy);
        let rate_wait_ms = u64::from(self.gates.skip_if_rate_wait_exceeds_ms);
        RequestPolicy {
            retries_max: policy.retries_max,
            robots_respect: policy.robots_respect,
            rate_wait_max: Duration::from_millis(rate_wait_ms),
        }
    }

    /// How a paper that `source` found is downloaded: as the source asks, but
    /// with more patience, for there is no deadline and the paper is found.
    #[must_use]
    pub fn download_policy(&self, source: &str) -> RequestPolicy {
        let policy = self.request_policy(source);
        RequestPolicy {
            rate_wait_max: policy.rate_wait_max.max(DOWNLOAD_RATE_WAIT),
            ..policy
        }
    }

    /// Every source, in plan order.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<RosterSource>> {
        self.tiers.iter().flat_map(|tier| &tier.sources)
    }
}

impl RosterSource {
    /// Tells the operator that the service refuses the configuration: once,
    /// for every work of the run meets the same refusal.
    pub(crate) fn complain(&self, detail: &str) {
        if !self.complained.swap(true, Ordering::Relaxed) {
            // A guest's words: already harmless, not yet short.
            let detail: String = detail.chars().take(COMPLAINT_CHARS).collect();
            tracing::warn!("{} is misconfigured: {detail}", self.name);
        }
    }

    /// Whether every host it names is being left alone now. A source that may
    /// go anywhere is not held up by some hosts' trouble.
    pub(crate) fn is_refused(&self, session: &Session) -> bool {
        let Ok(ready) = &self.adapter else {
            return false;
        };
        let hosts = &ready.adapter.descriptor().hosts;
        let mut named = hosts.iter().filter_map(HostPattern::exact).peekable();
        named.peek().is_some()
            && !hosts.iter().any(HostPattern::is_any)
            && named.all(|host| session.refuses(host))
    }

    /// Whether two sources declare a host in common (`*` is no host).
    pub(crate) fn shares_host(&self, other: &RosterSource) -> bool {
        let (Ok(mine), Ok(theirs)) = (&self.adapter, &other.adapter) else {
            return false;
        };
        let theirs = &theirs.adapter.descriptor().hosts;
        mine.adapter
            .descriptor()
            .hosts
            .iter()
            .any(|host| !host.is_any() && theirs.contains(host))
    }
}

async fn load(plan: &Plan, source: &Source, sandbox: &Sandbox) -> Result<Ready, LoadError> {
    let bytes: Arc<[u8]> = component_bytes(source).await?;
    let adapter = sandbox
        .load(source.name.as_str(), bytes, source.memory_mib)
        .await?;
    let descriptor = adapter.descriptor();
    if claims_anothers_name(plan, source, &descriptor.name) {
        return Err(LoadError::BadDescriptor {
            name: source.name.to_string(),
            field: "name",
            cause: format!("{:?} claims another's name", descriptor.name),
        });
    }
    equip(adapter, source, plan.email.as_ref())
}

/// Gives a loaded adapter what the operator lets it have.
pub(crate) fn equip(
    adapter: LoadedAdapter,
    source: &Source,
    email: Option<&Email>,
) -> Result<Ready, LoadError> {
    let descriptor = adapter.descriptor();
    let bundled = matches!(source.component, Component::Bundled);
    let settings = effective_settings(email, source, descriptor);
    let grants = grants(source, descriptor, bundled);
    let limits = AttemptLimits {
        memory_mib: adapter.memory_mib(),
        ..AttemptLimits::DEFAULT
    };
    let secrets = Secrets::new(
        source
            .secrets
            .iter()
            .filter(|(name, _)| descriptor.secrets.iter().any(|spec| spec.name == **name))
            .map(|(name, secret)| (name.clone(), secret.reveal().to_owned())),
    )
    .map_err(|error| LoadError::Configuration {
        name: source.name.to_string(),
        cause: error.to_string(),
    })?;
    Ok(Ready {
        grants,
        secrets,
        settings,
        limits,
        adapter,
    })
}

/// Whether an adapter calls itself by the name of another source. A
/// third-party one may differ from its file's name, as versions do.
fn claims_anothers_name(plan: &Plan, source: &Source, claimed: &str) -> bool {
    let taken = || {
        let in_plan = plan.sources().any(|other| other.name.as_str() == claimed);
        in_plan || Bundled::by_name(claimed).is_some()
    };
    let bundled = matches!(source.component, Component::Bundled);
    source.name.as_str() != claimed && (bundled || taken())
}

/// Defaults of the descriptor, the operator's values over them, and the
/// contact address for an adapter that asks for `email`.
fn effective_settings(
    email: Option<&Email>,
    source: &Source,
    descriptor: &Descriptor,
) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for spec in &descriptor.settings {
        let value = source
            .settings
            .get(&spec.key)
            .cloned()
            .or_else(|| {
                (spec.key == "email")
                    .then(|| email.map(ToString::to_string))
                    .flatten()
            })
            .or_else(|| spec.default.clone());
        if let Some(value) = value {
            settings.insert(spec.key.clone(), value);
        }
    }
    for key in source.settings.keys() {
        if !descriptor.settings.iter().any(|spec| spec.key == *key) {
            tracing::warn!(
                "setting {key:?} of {} is not one it reads; it reads: {}",
                source.name,
                descriptor
                    .settings
                    .iter()
                    .map(|spec| spec.key.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
    }
    settings
}

/// What an adapter declares *and* the operator grants; a bundled one is
/// granted all it declares unless the operator says otherwise, and the hosts
/// of URLs the operator put into its settings (a mirror).
fn grants(source: &Source, descriptor: &Descriptor, bundled: bool) -> HostGrants {
    let declared = &descriptor.hosts;
    let mut grants = match &source.hosts {
        None if bundled => declared.clone(),
        granted => intersection(declared, granted.as_deref().unwrap_or_default()),
    };
    if bundled {
        grants.extend(
            source
                .settings
                .values()
                .filter_map(|value| url::Url::parse(value).ok())
                .filter_map(|url| url.host_str().map(str::to_owned))
                .filter_map(|host| HostPattern::parse(&host).ok()),
        );
    }
    HostGrants::new(grants)
}

/// The patterns of one side that the other side covers.
fn intersection(declared: &[HostPattern], granted: &[HostPattern]) -> Vec<HostPattern> {
    let covered =
        |by: &[HostPattern], pattern: &HostPattern| by.iter().any(|wide| wide.covers(pattern));
    let mut both: Vec<HostPattern> = declared
        .iter()
        .filter(|pattern| covered(granted, pattern))
        .chain(granted.iter().filter(|pattern| covered(declared, pattern)))
        .cloned()
        .collect();
    both.dedup();
    both
}
