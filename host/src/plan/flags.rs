//! The plan's command-line flags, and what they say.
//!
//! Numbers and names arrive as text: they are judged with everything else, so
//! that a wrong value reads the same whether it came from a flag, a variable
//! or the file.

use std::path::{Path, PathBuf};

use clap::Args;

use super::adapters_dir;
use super::email::Email;
use super::error::{PlanError, PlanWarning};
use super::host_limits::HostLimits;
use super::layer::Layer;
use super::number::Bounds;
use super::origin::{Origin, Sourced};
use super::switches::parse_only;
use super::tier_spec;
use super::word::OfflineBehavior;

/// Set on each flag: as the next heading it would spread to the flags of the
/// command this is flattened into.
const HEADING: &str = "Plan";

/// The flags that shape the plan; flatten them into a command.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanFlags {
    /// Time for finding one work, in milliseconds [default: 120000] [env: PAPERFALL_FALLBACK_TOTAL_TIMEOUT_MS]
    #[arg(long, help_heading = HEADING, value_name = "MS", allow_negative_numbers = true)]
    pub fallback_total_timeout_ms: Option<String>,

    /// Attempts for one work, all tiers together [default: 20] [env: PAPERFALL_FALLBACK_MAX_ATTEMPTS]
    #[arg(long, help_heading = HEADING, value_name = "N", allow_negative_numbers = true)]
    pub fallback_max_attempts: Option<String>,

    /// Attempts at once for one work [default: 3] [env: PAPERFALL_FALLBACK_MAX_CONCURRENT]
    #[arg(long, help_heading = HEADING, value_name = "N", allow_negative_numbers = true)]
    pub fallback_max_concurrent: Option<String>,

    /// Change a tier, or make one with adapter=FILE.wasm; repeatable [env: PAPERFALL_FALLBACK_TIER, with ';' between]
    ///
    /// Options: parallel=N (attempts at once), sources=a+b (these, in this
    /// order), timeout_ms=MS and retries=N (for each of its sources),
    /// adapter=FILE.wasm (add this component, named after the file),
    /// after=TIER (place the tier there; a new one goes last), enabled=false.
    #[arg(long, help_heading = HEADING, value_name = "TIER[:OPTION=VALUE,...]")]
    pub fallback_tier: Vec<String>,

    /// Leave the Wayback Machine out [default: it is asked last] [env: PAPERFALL_DISABLE_WAYBACK_FALLBACK=true]
    #[arg(long, help_heading = HEADING)]
    pub disable_wayback_fallback: bool,

    /// Ask just these tiers or sources, in plan order [default: all] [env: PAPERFALL_ONLY]
    ///
    /// A name that is both a tier's and a source's means the tier: the source
    /// alone is landing_scrape_pdf.
    #[arg(long, help_heading = HEADING, value_name = "NAME[,NAME]")]
    pub only: Vec<String>,

    /// Do without the network [default: it is used] [env: PAPERFALL_OFFLINE]
    ///
    /// metadata_only: services are asked for metadata, but no page and no
    /// file is. block_all: nothing is asked, and the HTTP cache does not
    /// answer either. cache_only: nothing is asked; metadata comes from the
    /// HTTP cache, also when it would have to be confirmed otherwise. What is
    /// not asked ends with the reason `offline`.
    #[arg(long, help_heading = HEADING, value_name = "MODE")]
    pub offline: Option<String>,

    /// Limit what is sent to a host; repeatable [default: the services' known limits] [env: PAPERFALL_HOST_LIMIT, with ';' between]
    ///
    /// Options: per_second=N, per_minute=N (evenly spaced), per_day=N (a tenth
    /// of them may come at once), max_concurrent=N, breaker=false (ask it
    /// however often it fails). The longest PATH wins; with a wildcard
    /// (*.example.org, *) each host counts by itself.
    #[arg(long, help_heading = HEADING, value_name = "HOST[/PATH]:OPTION=VALUE,...")]
    pub host_limit: Vec<String>,

    /// Settings file [default: ./paperfall.toml, else paperfall/paperfall.toml in the user's configuration folder] [env: PAPERFALL_CONFIG]
    #[arg(long, help_heading = HEADING, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Your e-mail address, for the services that ask for a contact [default: none; Unpaywall is then skipped] [env: PAPERFALL_EMAIL]
    #[arg(long, help_heading = HEADING, value_name = "ADDRESS")]
    pub email: Option<String>,

    /// Add the components DIR/TIER/NAME.wasm; a new tier goes last [default: none] [env: PAPERFALL_ADAPTERS_DIR]
    #[arg(long, help_heading = HEADING, value_name = "DIR")]
    pub adapters_dir: Option<PathBuf>,
}

const TOTAL_TIMEOUT: Origin = flag("--fallback-total-timeout-ms");
const MAX_ATTEMPTS: Origin = flag("--fallback-max-attempts");
const MAX_CONCURRENT: Origin = flag("--fallback-max-concurrent");
const TIER: Origin = flag("--fallback-tier");
const DISABLE_WAYBACK: Origin = flag("--disable-wayback-fallback");
const ONLY: Origin = flag("--only");
const OFFLINE: Origin = flag("--offline");
const HOST_LIMIT: Origin = flag("--host-limit");
pub(super) const CONFIG: Origin = flag("--config");
const EMAIL: Origin = flag("--email");
const ADAPTERS_DIR: Origin = flag("--adapters-dir");

const fn flag(name: &'static str) -> Origin {
    Origin::Flag { name }
}

/// The layer of the flags.
pub(super) fn layer(
    flags: &PlanFlags,
    folder: &Path,
    warnings: &mut Vec<PlanWarning>,
) -> Result<Layer, PlanError> {
    let number = |bounds: Bounds, given: &Option<String>, place: Origin| {
        given
            .as_deref()
            .map(|text| Ok(Sourced::new(bounds.parse(&place, text)?, place)))
            .transpose()
    };
    let mut layer = Layer {
        total_timeout_ms: number(
            Bounds::TOTAL_TIMEOUT_MS,
            &flags.fallback_total_timeout_ms,
            TOTAL_TIMEOUT,
        )?,
        max_attempts: number(Bounds::ATTEMPTS, &flags.fallback_max_attempts, MAX_ATTEMPTS)?,
        max_concurrent: number(
            Bounds::CONCURRENT,
            &flags.fallback_max_concurrent,
            MAX_CONCURRENT,
        )?,
        disable_wayback: flags
            .disable_wayback_fallback
            .then(|| Sourced::new(true, DISABLE_WAYBACK)),
        ..Layer::default()
    };
    if let Some(given) = &flags.email {
        let email = Email::parse(given).map_err(|error| PlanError::new(&EMAIL, error))?;
        layer.email = Some(Sourced::new(email, EMAIL));
    }
    if !flags.only.is_empty() {
        let names = parse_only(&flags.only.join(","), &ONLY)?;
        layer.only = Some(Sourced::new(names, ONLY));
    }
    if let Some(given) = &flags.offline {
        let behavior = OfflineBehavior::parse(&OFFLINE, given)?;
        layer.offline_behavior = Some(Sourced::new(behavior, OFFLINE));
    }
    for spec in &flags.fallback_tier {
        let change = tier_spec::parse(spec, &TIER, folder)?;
        warn_if_empty(&change, warnings);
        layer.tiers.push(change);
    }
    for spec in &flags.host_limit {
        layer
            .host_limits
            .push(HostLimits::parse(spec, &HOST_LIMIT)?);
    }
    if let Some(dir) = &flags.adapters_dir {
        adapters_dir::scan_into(&mut layer, folder.join(dir), ADAPTERS_DIR, warnings)?;
    }
    Ok(layer)
}

/// A tier named without options is most likely a misunderstanding.
pub(super) fn warn_if_empty(change: &super::layer::TierChange, warnings: &mut Vec<PlanWarning>) {
    if change.is_empty() {
        warnings.push(PlanWarning::NothingChanged {
            place: change.origin.clone(),
            tier: change.name.clone(),
        });
    }
}
