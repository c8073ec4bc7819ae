//! What the environment says: one `PAPERFALL_` variable per flag, and
//! DocsToKG's own variables, which are weaker.
//!
//! A variable that is set to nothing counts as not set.

use std::path::{Path, PathBuf};

use super::adapters_dir;
use super::email::Email;
use super::error::{PlanError, PlanWarning};
use super::flags::warn_if_empty;
use super::host_limits::HostLimits;
use super::layer::{Layer, Said};
use super::number::Bounds;
use super::origin::{Origin, Sourced};
use super::switches::parse_only;
use super::tier_spec;
use super::word::{OfflineBehavior, parse_switch};

/// Looks a variable up.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The first of `names` that is set, with its place.
fn read(env: Lookup<'_>, names: &[&'static str]) -> Option<(Origin, String)> {
    names.iter().find_map(|name| {
        let value = env(name).filter(|value| !value.trim().is_empty())?;
        Some((Origin::Env { name }, value))
    })
}

/// The settings file named by the environment.
pub(super) fn config_file(env: Lookup<'_>) -> Option<(Origin, PathBuf)> {
    let (place, path) = read(env, &["PAPERFALL_CONFIG"])?;
    Some((place, PathBuf::from(path)))
}

/// The layer of the environment.
pub(super) fn layer(
    env: Lookup<'_>,
    folder: &Path,
    warnings: &mut Vec<PlanWarning>,
) -> Result<Layer, PlanError> {
    let number = |bounds: Bounds, names: &[&'static str]| {
        said(env, names, |place, text| bounds.parse(place, text))
    };
    let switch = |names: &[&'static str]| said(env, names, parse_switch);
    let mut layer = Layer {
        total_timeout_ms: number(
            Bounds::TOTAL_TIMEOUT_MS,
            &[
                "PAPERFALL_FALLBACK_TOTAL_TIMEOUT_MS",
                "DOCSTOKG_FALLBACK_TOTAL_TIMEOUT_MS",
            ],
        )?,
        max_attempts: number(
            Bounds::ATTEMPTS,
            &[
                "PAPERFALL_FALLBACK_MAX_ATTEMPTS",
                "DOCSTOKG_FALLBACK_TOTAL_ATTEMPTS",
            ],
        )?,
        max_concurrent: number(
            Bounds::CONCURRENT,
            &[
                "PAPERFALL_FALLBACK_MAX_CONCURRENT",
                "DOCSTOKG_FALLBACK_MAX_CONCURRENT",
            ],
        )?,
        per_source_timeout_ms: number(
            Bounds::SOURCE_TIMEOUT_MS,
            &["DOCSTOKG_FALLBACK_PER_SOURCE_TIMEOUT_MS"],
        )?,
        offline_behavior: said(
            env,
            &["PAPERFALL_OFFLINE", "DOCSTOKG_FALLBACK_OFFLINE_BEHAVIOR"],
            OfflineBehavior::parse,
        )?,
        skip_if_breaker_open: switch(&["DOCSTOKG_FALLBACK_SKIP_IF_BREAKER_OPEN"])?,
        disable_wayback: switch(&["PAPERFALL_DISABLE_WAYBACK_FALLBACK"])?,
        email: said(env, &["PAPERFALL_EMAIL"], |place, text| {
            Email::parse(text).map_err(|error| PlanError::new(place, error))
        })?,
        only: said(env, &["PAPERFALL_ONLY"], |place, text| {
            parse_only(text, place)
        })?,
        ..Layer::default()
    };
    if let Some((place, specs)) = read(env, &["PAPERFALL_FALLBACK_TIER"]) {
        for spec in specs.split(';').filter(|spec| !spec.trim().is_empty()) {
            let change = tier_spec::parse(spec, &place, folder)?;
            warn_if_empty(&change, warnings);
            layer.tiers.push(change);
        }
    }
    if let Some((place, specs)) = read(env, &["PAPERFALL_HOST_LIMIT"]) {
        for spec in specs.split(';').filter(|spec| !spec.trim().is_empty()) {
            layer.host_limits.push(HostLimits::parse(spec, &place)?);
        }
    }
    if let Some((place, dir)) = read(env, &["PAPERFALL_ADAPTERS_DIR"]) {
        adapters_dir::scan_into(&mut layer, folder.join(dir), place, warnings)?;
    }
    Ok(layer)
}

fn said<T>(
    env: Lookup<'_>,
    names: &[&'static str],
    parse: impl Fn(&Origin, &str) -> Result<T, PlanError>,
) -> Result<Said<T>, PlanError> {
    read(env, names)
        .map(|(place, text)| Ok(Sourced::new(parse(&place, &text)?, place)))
        .transpose()
}
