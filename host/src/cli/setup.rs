//! From flags to the things a run needs: HTTP stack, sandbox, loaded plan.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::args::NetworkArgs;
use super::exit::Failed;
use super::output::note;
use crate::fallback::Roster;
use crate::http::har::Private;
use crate::http::{CacheConfig, Http, HttpConfig, Offline, Pin, PolitenessConfig, Secrets};
use crate::ledger::Sha256Hex;
use crate::plan::{Component, OfflineBehavior, Plan, PlanFlags, PlanWarning};
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::telemetry::Metrics;

/// Compiling is announced when it takes longer, and the component is as large
/// as those of Python and JavaScript.
const QUIET: Duration = Duration::from_secs(1);
const BIG_COMPONENT_BYTES: u64 = 4 * 1024 * 1024;

/// Everything that is the same for every work of a run.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) http: Http,
    pub(crate) sandbox: Sandbox,
    pub(crate) roster: Arc<Roster>,
    /// Tells one effective plan from another.
    pub(crate) plan_digest: String,
    /// What its rooms count with.
    pub(crate) metrics: Metrics,
}

/// The plan from flags, environment and file; warnings go to standard error.
pub(crate) fn effective_plan(flags: &PlanFlags) -> Result<Plan, Failed> {
    let (plan, warnings) = Plan::from_process(flags)?;
    warn(&warnings);
    Ok(plan)
}

pub(crate) fn warn(warnings: &[PlanWarning]) {
    for warning in warnings {
        note(&format!("paperfall: warning: {warning}"));
    }
}

impl App {
    /// The plan's sources, in order.
    pub(crate) fn source_names(&self) -> Vec<String> {
        self.roster
            .sources()
            .map(|source| source.name.to_string())
            .collect()
    }

    /// Completes the recording, if one is made; nothing may be under way.
    pub(crate) fn finish(&self) -> Result<(), Failed> {
        self.http.finish_recording().map_err(Failed::machine)
    }

    /// Sets everything up for `workers` works at once; limits are shared with
    /// the other processes of `ledger`.
    pub(crate) async fn new(
        plan: &Plan,
        network: &NetworkArgs,
        workers: u16,
        ledger: Option<&Path>,
        metrics: Metrics,
    ) -> Result<Self, Failed> {
        let mut config = http_config(plan, network)?;
        config.politeness = PolitenessConfig {
            rules: plan.hosts.clone(),
            shared_folder: ledger.map(shared_limits),
        };
        config.metrics = metrics.clone();
        let http = Http::new(config)?;
        let cache_dir = network.cache.cache_dir.as_deref();
        let config = SandboxConfig {
            world: http.fixed_world(),
            metrics: metrics.clone(),
            ..sandbox_config(plan, cache_dir, workers)
        };
        let sandbox = Sandbox::new(&config)?;
        let roster = load(plan, &sandbox).await;
        Ok(Self {
            http,
            sandbox,
            roster: Arc::new(roster),
            plan_digest: digest(plan)?,
            metrics,
        })
    }
}

/// Where the processes of one ledger keep their limits: beside it.
fn shared_limits(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".pace");
    PathBuf::from(name)
}

fn digest(plan: &Plan) -> Result<String, Failed> {
    let text = serde_json::to_vec(plan).map_err(Failed::machine)?;
    Ok(Sha256Hex::of(&text).to_string())
}

/// Loads the plan's adapters, telling people when compiling takes a while.
pub(crate) async fn load(plan: &Plan, sandbox: &Sandbox) -> Roster {
    let bar = super::progress::spinner();
    let current = Mutex::new(String::new());
    let loading = Roster::load(plan, sandbox, |name| {
        bar.set_message(format!("loading adapter {name}"));
        name.clone_into(&mut current.lock().unwrap_or_else(PoisonError::into_inner));
    });
    tokio::pin!(loading);
    let mut told = String::new();
    let roster = loop {
        tokio::select! {
            roster = &mut loading => break roster,
            () = tokio::time::sleep(QUIET) => {}
        }
        // No spinner where nobody would see it; a line for the long ones.
        let name = current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if bar.is_hidden() && name != told && is_big(plan, &name) {
            note(&format!(
                "paperfall: compiling adapter {name}; the next start takes it from the cache"
            ));
            told = name;
        }
    };
    bar.finish_and_clear();
    roster
}

/// Whether compiling a source's component takes seconds.
fn is_big(plan: &Plan, name: &str) -> bool {
    let source = plan.sources().find(|source| source.name.as_str() == name);
    let Some(Component::File(path)) = source.map(|source| &source.component) else {
        return false;
    };
    std::fs::metadata(path).is_ok_and(|about| about.len() >= BIG_COMPONENT_BYTES)
}

/// A sandbox to look at adapters with.
pub(crate) fn new_sandbox(plan: &Plan, cache_dir: Option<&Path>) -> Result<Sandbox, Failed> {
    Ok(Sandbox::new(&sandbox_config(plan, cache_dir, 1))?)
}

fn sandbox_config(plan: &Plan, cache_dir: Option<&Path>, workers: u16) -> SandboxConfig {
    let concurrent = plan.budgets.max_concurrent;
    SandboxConfig {
        cache_dir: cache_folder(cache_dir).map(|folder| folder.join("components")),
        max_instances: concurrent.saturating_mul(u32::from(workers)).clamp(1, 256),
        max_memory_mib: plan
            .sources()
            .map(|source| source.memory_mib)
            .max()
            .unwrap_or(crate::sandbox::AttemptLimits::DEFAULT.memory_mib),
        ..SandboxConfig::default()
    }
}

/// The cache folder: the flag's, or the user's; none where there is no home.
fn cache_folder(given: Option<&Path>) -> Option<PathBuf> {
    given
        .map(Path::to_owned)
        .or_else(|| dirs::cache_dir().map(|folder| folder.join("paperfall")))
}

/// The HTTP stack that plan and flags ask for; its limits are still to come.
pub(crate) fn http_config(plan: &Plan, network: &NetworkArgs) -> Result<HttpConfig, Failed> {
    let version = env!("CARGO_PKG_VERSION");
    let user_agent = match &plan.email {
        Some(email) => format!("paperfall/{version} (mailto:{email})"),
        None => format!("paperfall/{version}"),
    };
    let mut config = HttpConfig {
        user_agent,
        ..HttpConfig::default()
    };
    config.ca_files.clone_from(&network.ca_file);
    for pin in &network.resolve {
        config
            .pins
            .push(Pin::parse(pin).map_err(|error| Failed::usage(format!("--resolve: {error}")))?);
    }
    for net in &network.allow_private_net {
        config.allow_private.push(net.parse().map_err(|_| {
            Failed::usage(format!(
                "--allow-private-net: {net:?} is not a network; write it like 10.0.0.0/8 or fd00::/8"
            ))
        })?);
    }
    if let Some(proxy) = &network.proxy {
        config.proxy = Some(url::Url::parse(proxy).map_err(|error| {
            // Not repeated: it may carry a password.
            Failed::usage(format!(
                "--proxy: not a URL ({error}); write it like http://proxy.example:3128"
            ))
        })?);
    }
    config.offline = plan.gates.offline_behavior.map(|behavior| match behavior {
        OfflineBehavior::MetadataOnly => Offline::MetadataOnly,
        OfflineBehavior::BlockAll => Offline::BlockAll,
        OfflineBehavior::CacheOnly => Offline::CacheOnly,
    });
    config.cache = http_cache(network);
    config.record.clone_from(&network.har.record_har);
    config.replay.clone_from(&network.har.replay_har);
    config.private = private(plan);
    Ok(config)
}

/// What no recording may hold.
fn private(plan: &Plan) -> Private {
    let values = plan.sources().flat_map(|source| &source.secrets);
    let secrets = values.filter_map(|(name, secret)| {
        // One that cannot be used is never sent; its adapter says so.
        Secrets::new([(name.clone(), secret.reveal().to_owned())]).ok()
    });
    Private {
        email: plan.email.as_ref().map(ToString::to_string),
        secrets: secrets.collect(),
    }
}

fn http_cache(network: &NetworkArgs) -> Option<CacheConfig> {
    let folder = cache_folder(network.cache.cache_dir.as_deref())?.join("http");
    let max_bytes = network.http_cache_mib.saturating_mul(1024 * 1024);
    (max_bytes > 0).then_some(CacheConfig { folder, max_bytes })
}
