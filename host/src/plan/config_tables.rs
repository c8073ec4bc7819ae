//! The tables of `paperfall.toml`, read into a layer.
//!
//! A wrong value is an error with its line; an unknown key is a warning, so
//! that a file written for a later version still works.

use std::collections::BTreeMap;
use std::path::Path;

use crate::http::HostPattern;

use super::component::check_extension;
use super::email::Email;
use super::error::{PlanError, PlanWarning, Problem};
use super::flags::warn_if_empty;
use super::host_limits::HostLimits;
use super::layer::{AdapterTable, Layer, SourceChange, TierChange};
use super::name::{SourceName, TierName};
use super::number::Bounds;
use super::origin::Sourced;
use super::spelling::{one_line, shown};
use super::tier_spec::source_list;
use super::toml_reader::{Field, Table};
use super::word::OfflineBehavior;

/// Longest key of a setting or name of a secret, in bytes.
const KEY_MAX: usize = 64;

/// Longest value of a setting, in bytes: the contract's limit on strings.
const VALUE_MAX: usize = 4096;

/// The layer of the file; relative component files are looked for in `folder`.
pub(super) fn layer(
    mut root: Table<'_>,
    folder: &Path,
    warnings: &mut Vec<PlanWarning>,
) -> Result<Layer, PlanError> {
    let mut layer = Layer {
        email: root.read("email", |field| {
            Email::parse(field.text()?).map_err(|error| PlanError::new(&field.place, error))
        })?,
        ..Layer::default()
    };
    if let Some(field) = root.get("budgets") {
        let mut table = field.table()?;
        layer.total_timeout_ms = table.number("total_timeout_ms", Bounds::TOTAL_TIMEOUT_MS)?;
        layer.max_attempts = table.number("max_attempts", Bounds::ATTEMPTS)?;
        layer.max_concurrent = table.number("max_concurrent", Bounds::CONCURRENT)?;
        layer.per_source_timeout_ms =
            table.number("per_source_timeout_ms", Bounds::SOURCE_TIMEOUT_MS)?;
        table.finish(warnings);
    }
    if let Some(field) = root.get("gates") {
        let mut table = field.table()?;
        layer.skip_if_breaker_open = table.switch("skip_if_breaker_open")?;
        layer.offline_behavior = table.read("offline_behavior", |field| {
            OfflineBehavior::parse(&field.place, field.text()?)
        })?;
        layer.skip_if_rate_wait_exceeds_ms =
            table.number("skip_if_rate_wait_exceeds_ms", Bounds::RATE_WAIT_MS)?;
        table.finish(warnings);
    }
    if let Some(field) = root.get("tier") {
        for table in field.tables()? {
            let change = tier(table, &field, warnings)?;
            warn_if_empty(&change, warnings);
            layer.tiers.push(change);
        }
    }
    if let Some(field) = root.get("source") {
        for (name, field) in field.table()?.fields() {
            let change = source(&field, warnings)?;
            insert_once(&mut layer.sources, name, &field, change)?;
        }
    }
    if let Some(field) = root.get("adapter") {
        for (name, field) in field.table()?.fields() {
            let table = adapter(&field, folder, warnings)?;
            insert_once(&mut layer.adapters, name, &field, table)?;
        }
    }
    if let Some(field) = root.get("host") {
        for (name, field) in field.table()?.fields() {
            layer.host_limits.push(host_limit(name, &field, warnings)?);
        }
    }
    root.finish(warnings);
    Ok(layer)
}

/// `[[tier]]`
fn tier(
    mut table: Table<'_>,
    tiers: &Field<'_>,
    warnings: &mut Vec<PlanWarning>,
) -> Result<TierChange, PlanError> {
    let Some(name) = table.read("name", |field| {
        TierName::parse(field.text()?).map_err(|error| PlanError::new(&field.place, error))
    })?
    else {
        let cause = "a [[tier]] without a name: add name = \"…\"".to_owned();
        return Err(PlanError::new(&tiers.place, Problem::Setting { cause }));
    };
    table.rename(format!("tier.{}", name.value));
    let mut change = TierChange::new(name.value, name.origin);
    change.may_create = true;
    change.parallel = table.number("parallel", Bounds::PARALLEL)?;
    change.timeout_ms = table.number("timeout_ms", Bounds::SOURCE_TIMEOUT_MS)?;
    change.retries = table.number("retries", Bounds::RETRIES)?;
    change.enabled = table.switch("enabled")?;
    change.sources = table.read("sources", |field| {
        source_list(&change.name, &field.texts()?, &field.place)
    })?;
    change.after = table.read("after", |field| {
        TierName::parse(field.text()?).map_err(|error| PlanError::new(&field.place, error))
    })?;
    table.finish(warnings);
    Ok(change)
}

/// `[source.NAME]`
fn source(field: &Field<'_>, warnings: &mut Vec<PlanWarning>) -> Result<SourceChange, PlanError> {
    let mut table = field.table()?;
    let change = SourceChange {
        origin: Some(field.place.clone()),
        timeout_ms: table.number("timeout_ms", Bounds::SOURCE_TIMEOUT_MS)?,
        retries: table.number("retries", Bounds::RETRIES)?,
        robots_respect: table.switch("robots_respect")?,
        enabled: table.switch("enabled")?,
        settings: settings(&mut table)?,
    };
    table.finish(warnings);
    Ok(change)
}

/// `[adapter.NAME]`
fn adapter(
    field: &Field<'_>,
    folder: &Path,
    warnings: &mut Vec<PlanWarning>,
) -> Result<AdapterTable, PlanError> {
    let mut table = field.table()?;
    let adapter = AdapterTable {
        origin: field.place.clone(),
        file: table.read("file", |field| {
            let path = folder.join(field.text()?);
            check_extension(&field.place, &path)?;
            Ok(path)
        })?,
        tier: table.read("tier", |field| {
            TierName::parse(field.text()?).map_err(|error| PlanError::new(&field.place, error))
        })?,
        hosts: table.read("hosts", |field| {
            field
                .texts()?
                .into_iter()
                .map(|text| host(text, field))
                .collect()
        })?,
        memory_mib: table.number("memory_mib", Bounds::MEMORY_MIB)?,
        settings: settings(&mut table)?,
        secrets: secrets(&mut table)?,
    };
    table.finish(warnings);
    Ok(adapter)
}

fn host(text: &str, field: &Field<'_>) -> Result<HostPattern, PlanError> {
    HostPattern::parse(text).map_err(|error| {
        let cause = one_line(&error.to_string());
        PlanError::new(&field.place, Problem::Host { cause })
    })
}

/// `[host."name/prefix"]`
fn host_limit(
    name: &str,
    field: &Field<'_>,
    warnings: &mut Vec<PlanWarning>,
) -> Result<HostLimits, PlanError> {
    let mut table = field.table()?;
    let limits = HostLimits::read(name, &mut table, &field.place)?;
    table.finish(warnings);
    Ok(limits)
}

/// `settings = { key = "value" }`
fn settings(table: &mut Table<'_>) -> Result<BTreeMap<String, Sourced<String>>, PlanError> {
    let Some(field) = table.get("settings") else {
        return Ok(BTreeMap::new());
    };
    field
        .table()?
        .fields()
        .map(|(key, field)| {
            let value = field.scalar()?;
            let cause = if key.is_empty() || key.len() > KEY_MAX || key.contains(char::is_control) {
                Some(format!(
                    "a setting's key has 1 to {KEY_MAX} printable characters"
                ))
            } else if value.len() > VALUE_MAX {
                Some(format!(
                    "a setting's value has at most {VALUE_MAX} bytes: shorten it"
                ))
            } else {
                None
            };
            match cause {
                Some(cause) => Err(PlanError::new(&field.place, Problem::Setting { cause })),
                None => Ok((key.to_owned(), Sourced::new(value, field.place))),
            }
        })
        .collect()
}

/// `secrets = { NAME = "env:VARIABLE" }`
fn secrets(table: &mut Table<'_>) -> Result<BTreeMap<String, Sourced<String>>, PlanError> {
    let Some(field) = table.get("secrets") else {
        return Ok(BTreeMap::new());
    };
    field
        .table()?
        .fields()
        .map(|(name, field)| {
            if !is_variable(name) {
                let cause = format!(
                    "{} cannot name a secret: use letters, digits and _, a letter first, at most {KEY_MAX}",
                    shown(name)
                );
                return Err(PlanError::new(&field.place, Problem::Setting { cause }));
            }
            // What stands here instead may be the secret itself: never shown.
            let variable = field
                .text()?
                .strip_prefix("env:")
                .filter(|variable| is_variable(variable))
                .ok_or_else(|| PlanError::new(&field.place, Problem::SecretLiteral))?;
            Ok((
                name.to_owned(),
                Sourced::new(variable.to_owned(), field.place),
            ))
        })
        .collect()
}

fn is_variable(name: &str) -> bool {
    name.len() <= KEY_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `europe-pmc` and `europe_pmc_pdf` are one source: two tables for it would
/// leave one of them unread.
fn insert_once<T>(
    tables: &mut BTreeMap<SourceName, T>,
    name: &str,
    field: &Field<'_>,
    table: T,
) -> Result<(), PlanError> {
    let name = SourceName::parse(name).map_err(|error| PlanError::new(&field.place, error))?;
    if tables.contains_key(&name) {
        return Err(PlanError::new(
            &field.place,
            Problem::NamedTwice { source_name: name },
        ));
    }
    tables.insert(name, table);
    Ok(())
}
