//! What an adapter says it is, checked before anyone reads it.

use super::bindings::paperfall::adapter::types as wit;
use super::limits::STRING_BYTES;
use super::load_error::LoadError;
use super::trace::escape_controls;
use crate::http::HostPattern;

/// Most entries of each list of a descriptor.
const LIST_MAX: usize = 64;

/// An adapter's validated description of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// `[a-z][a-z0-9_]{0,39}`.
    pub name: String,
    /// The adapter's own version.
    pub version: String,
    /// One line for people.
    pub summary: String,
    /// Hosts it declares it needs.
    pub hosts: Vec<HostPattern>,
    /// What it can start from; empty means any work.
    pub identifiers: Vec<String>,
    /// Settings it reads.
    pub settings: Vec<SettingSpec>,
    /// Secrets it uses.
    pub secrets: Vec<SecretSpec>,
}

/// A setting an adapter reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingSpec {
    /// Its key.
    pub key: String,
    /// For people.
    pub help: String,
    /// What it is unless the operator says otherwise.
    pub default: Option<String>,
}

/// A secret an adapter uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSpec {
    /// Its name, as in `{{secret:NAME}}`.
    pub name: String,
    /// For people.
    pub help: String,
}

/// Checks what `describe` returned.
pub(crate) fn validate(component: &str, raw: wit::Descriptor) -> Result<Descriptor, LoadError> {
    let bad = |field: &'static str, cause: String| LoadError::BadDescriptor {
        name: component.to_owned(),
        field,
        cause,
    };
    let text = |field: &'static str, value: String| {
        if value.len() > STRING_BYTES {
            return Err(bad(field, format!("longer than {STRING_BYTES} bytes")));
        }
        Ok(escape_controls(&value))
    };
    let bounded = |field: &'static str, length: usize| {
        if length > LIST_MAX {
            return Err(bad(field, format!("{length} entries, at most {LIST_MAX}")));
        }
        Ok(())
    };
    bounded("hosts", raw.hosts.len())?;
    bounded("identifiers", raw.identifiers.len())?;
    bounded("settings", raw.settings.len())?;
    bounded("secrets", raw.secrets.len())?;

    if !is_name(&raw.name) {
        return Err(bad(
            "name",
            format!(
                "{:?}; it must be [a-z][a-z0-9_]{{0,39}}",
                escape_controls(&raw.name.chars().take(60).collect::<String>())
            ),
        ));
    }
    let hosts = raw
        .hosts
        .iter()
        .map(|host| {
            HostPattern::parse(host)
                .map_err(|cause| bad("hosts", escape_controls(&cause.to_string())))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let identifiers = raw
        .identifiers
        .into_iter()
        .map(|scheme| {
            if is_key(&scheme) {
                Ok(scheme)
            } else {
                Err(bad(
                    "identifiers",
                    "a scheme is 1 to 64 characters of [a-z0-9_-]".to_owned(),
                ))
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    let settings = raw
        .settings
        .into_iter()
        .map(|spec| {
            if !is_key(&spec.key) {
                return Err(bad(
                    "settings",
                    "a key is 1 to 64 characters of [a-z0-9_-]".to_owned(),
                ));
            }
            Ok(SettingSpec {
                key: spec.key,
                help: text("settings", spec.help)?,
                default: spec
                    .default
                    .map(|value| text("settings", value))
                    .transpose()?,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let secrets = raw
        .secrets
        .into_iter()
        .map(|spec| {
            let well_formed = (1..=64).contains(&spec.name.len())
                && spec
                    .name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !well_formed {
                return Err(bad(
                    "secrets",
                    "a name is 1 to 64 characters of [A-Za-z0-9_]".to_owned(),
                ));
            }
            Ok(SecretSpec {
                name: spec.name,
                help: text("secrets", spec.help)?,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Descriptor {
        name: raw.name,
        version: text("version", raw.version)?,
        summary: text("summary", raw.summary)?,
        hosts,
        identifiers,
        settings,
        secrets,
    })
}

fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_key(key: &str) -> bool {
    (1..=64).contains(&key.len())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

#[cfg(test)]
// Named, so that tests/fuzz, which includes this file by its path, finds it too.
#[path = "descriptor/tests.rs"]
mod tests;
