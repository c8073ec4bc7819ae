//! The grammar of `--fallback-tier`: `TIER[:OPTION=VALUE,...]`.
//!
//! ```text
//! direct_oa:parallel=3,sources=arxiv+unpaywall
//! mine:adapter=acme.wasm,after=direct_oa,timeout_ms=8000,retries=1
//! archive:enabled=false
//! ```
//!
//! A file name with a comma in it cannot be written here; `paperfall.toml`
//! takes any.

use std::path::Path;

use super::component::ComponentFile;
use super::error::{PlanError, Problem};
use super::layer::{Said, TierChange};
use super::name::{SourceName, TierName};
use super::number::Bounds;
use super::origin::{Origin, Sourced};
use super::spelling::{remedy, shown};
use super::word::parse_switch;

const OPTIONS: [&str; 7] = [
    "parallel",
    "sources",
    "timeout_ms",
    "retries",
    "adapter",
    "after",
    "enabled",
];

/// Reads one specification; relative files are looked for in `folder`.
pub(super) fn parse(text: &str, place: &Origin, folder: &Path) -> Result<TierChange, PlanError> {
    let syntax = |problem: &str| {
        PlanError::new(
            place,
            Problem::TierSyntax {
                given: shown(text),
                problem: problem.to_owned(),
            },
        )
    };
    let (name, options) = match text.split_once(':') {
        Some((name, options)) => (name.trim(), Some(options)),
        None => (text.trim(), None),
    };
    if name.is_empty() {
        return Err(syntax("it names no tier"));
    }
    let name = TierName::parse(name).map_err(|error| PlanError::new(place, error))?;
    let mut change = TierChange::new(name, place.clone());
    for option in options.into_iter().flat_map(|options| options.split(',')) {
        let option = option.trim();
        if option.is_empty() {
            return Err(syntax(
                "an option is missing before or after a comma or colon",
            ));
        }
        let Some((key, value)) = option.split_once('=') else {
            return Err(if OPTIONS.contains(&option) {
                syntax(&format!("{option} needs a value, {option}=VALUE"))
            } else {
                unknown_option(place, option)
            });
        };
        let key = key.trim();
        // `sources` without a value has an error of its own.
        if value.trim().is_empty() && key != "sources" && OPTIONS.contains(&key) {
            return Err(syntax(&format!("{key} needs a value, {key}=VALUE")));
        }
        set(&mut change, key, value.trim(), place, folder).map_err(|refusal| match refusal {
            Refusal::Twice => syntax(&format!("{key} is given twice")),
            Refusal::Error(error) => error,
        })?;
    }
    if let (Some(adapter), Some(sources)) = (&change.adapter, &change.sources)
        && !sources.value.contains(&adapter.value.name)
    {
        return Err(syntax(&format!(
            "sources leaves out {}, the adapter beside it",
            adapter.value.name
        )));
    }
    change.may_create = change.adapter.is_some();
    Ok(change)
}

enum Refusal {
    Twice,
    Error(PlanError),
}

impl From<PlanError> for Refusal {
    fn from(error: PlanError) -> Self {
        Self::Error(error)
    }
}

fn set(
    change: &mut TierChange,
    key: &str,
    value: &str,
    place: &Origin,
    folder: &Path,
) -> Result<(), Refusal> {
    match key {
        "parallel" => put(
            &mut change.parallel,
            Bounds::PARALLEL.parse(place, value)?,
            place,
        ),
        "timeout_ms" => {
            let timeout = Bounds::SOURCE_TIMEOUT_MS.parse(place, value)?;
            put(&mut change.timeout_ms, timeout, place)
        }
        "retries" => put(
            &mut change.retries,
            Bounds::RETRIES.parse(place, value)?,
            place,
        ),
        "enabled" => put(&mut change.enabled, parse_switch(place, value)?, place),
        "sources" => {
            let words: Vec<&str> = if value.is_empty() {
                Vec::new()
            } else {
                value.split('+').map(str::trim).collect()
            };
            let sources = source_list(&change.name, &words, place)?;
            put(&mut change.sources, sources, place)
        }
        "after" => {
            let after = TierName::parse(value).map_err(|error| PlanError::new(place, error))?;
            put(&mut change.after, after, place)
        }
        "adapter" => {
            let file = ComponentFile::named_by_stem(place, folder.join(value))?;
            put(&mut change.adapter, file, place)
        }
        unknown => Err(unknown_option(place, unknown).into()),
    }
}

fn put<T>(slot: &mut Said<T>, value: T, place: &Origin) -> Result<(), Refusal> {
    if slot.is_some() {
        return Err(Refusal::Twice);
    }
    *slot = Some(Sourced::new(value, place.clone()));
    Ok(())
}

/// A tier's list of sources: at least one, none twice.
pub(super) fn source_list(
    tier: &TierName,
    words: &[&str],
    place: &Origin,
) -> Result<Vec<SourceName>, PlanError> {
    if words.is_empty() {
        return Err(PlanError::new(
            place,
            Problem::NoSources { tier: tier.clone() },
        ));
    }
    let mut names = Vec::new();
    for word in words {
        let name = SourceName::parse(word).map_err(|error| PlanError::new(place, error))?;
        if names.contains(&name) {
            return Err(PlanError::new(
                place,
                Problem::NamedTwice { source_name: name },
            ));
        }
        names.push(name);
    }
    Ok(names)
}

fn unknown_option(place: &Origin, option: &str) -> PlanError {
    PlanError::new(
        place,
        Problem::UnknownOption {
            given: shown(option),
            remedy: remedy(option, OPTIONS),
        },
    )
}
