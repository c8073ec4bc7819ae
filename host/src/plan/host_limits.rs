//! Limits of hosts: `[host."HOST/PATH"]` tables, `--host-limit`, and how
//! what several layers say about one place goes together.
//!
//! ```text
//! web.archive.org/cdx:per_minute=12
//! *.press.example:per_second=2,max_concurrent=1
//! intranet.example:breaker=false
//! ```
//!
//! A layer that gives a place any rate replaces all its rates: a weaker
//! layer's other unit would only puzzle.

use std::num::NonZeroU32;

use crate::http::{HostPlace, HostRule};

use super::defaults;
use super::error::{PlanError, Problem};
use super::layer::Said;
use super::number::Bounds;
use super::origin::{Origin, Sourced};
use super::spelling::{one_line, remedy, shown};
use super::toml_reader::Table;
use super::word::parse_switch;

const OPTIONS: [&str; 5] = [
    "per_second",
    "per_minute",
    "per_day",
    "max_concurrent",
    "breaker",
];

/// What is said about one place, by one layer or by all together.
#[derive(Debug, Clone)]
pub(super) struct HostLimits {
    pub(super) place: HostPlace,
    pub(super) per_second: Said<NonZeroU32>,
    pub(super) per_minute: Said<NonZeroU32>,
    pub(super) per_day: Said<NonZeroU32>,
    pub(super) max_concurrent: Said<NonZeroU32>,
    pub(super) breaker: Said<bool>,
}

impl HostLimits {
    fn new(place: HostPlace) -> Self {
        Self {
            place,
            per_second: None,
            per_minute: None,
            per_day: None,
            max_concurrent: None,
            breaker: None,
        }
    }

    /// The table of a place in `paperfall.toml`.
    pub(super) fn read(
        name: &str,
        table: &mut Table<'_>,
        place: &Origin,
    ) -> Result<Self, PlanError> {
        let mut limits = Self::new(parse_place(name, place)?);
        limits.per_second = positive(table.number("per_second", Bounds::HOST_LIMIT)?);
        limits.per_minute = positive(table.number("per_minute", Bounds::HOST_LIMIT)?);
        limits.per_day = positive(table.number("per_day", Bounds::HOST_LIMIT)?);
        limits.max_concurrent = positive(table.number("max_concurrent", Bounds::HOST_SLOTS)?);
        limits.breaker = table.switch("breaker")?;
        Ok(limits)
    }

    /// Reads `HOST[/PATH]:OPTION=VALUE[,...]`.
    pub(super) fn parse(text: &str, place: &Origin) -> Result<Self, PlanError> {
        let syntax = |problem: String| {
            PlanError::new(
                place,
                Problem::HostLimitSyntax {
                    given: shown(text),
                    problem,
                },
            )
        };
        // From the right: an IPv6 address has colons of its own.
        let (name, options) = text
            .rsplit_once(':')
            .filter(|(_, options)| !options.contains(']'))
            .ok_or_else(|| syntax("it names no limit".to_owned()))?;
        let mut limits = Self::new(parse_place(name.trim(), place)?);
        for option in options.split(',').map(str::trim) {
            let Some((key, value)) = option.split_once('=') else {
                return Err(syntax(format!("{} is not OPTION=VALUE", shown(option))));
            };
            let (key, value) = (key.trim(), value.trim());
            let fresh = match key {
                "per_second" => number(&mut limits.per_second, Bounds::HOST_LIMIT, value, place)?,
                "per_minute" => number(&mut limits.per_minute, Bounds::HOST_LIMIT, value, place)?,
                "per_day" => number(&mut limits.per_day, Bounds::HOST_LIMIT, value, place)?,
                "max_concurrent" => {
                    number(&mut limits.max_concurrent, Bounds::HOST_SLOTS, value, place)?
                }
                "breaker" => put(&mut limits.breaker, parse_switch(place, value)?, place),
                unknown => {
                    return Err(PlanError::new(
                        place,
                        Problem::UnknownHostOption {
                            given: shown(unknown),
                            remedy: remedy(unknown, OPTIONS),
                        },
                    ));
                }
            };
            if !fresh {
                return Err(syntax(format!("{key} is given twice")));
            }
        }
        Ok(limits)
    }

    /// Lets a stronger layer's word prevail.
    fn overrule(&mut self, stronger: &Self) {
        let rates = [
            &stronger.per_second,
            &stronger.per_minute,
            &stronger.per_day,
        ];
        if rates.iter().any(|rate| rate.is_some()) {
            self.per_second = stronger.per_second.clone();
            self.per_minute = stronger.per_minute.clone();
            self.per_day = stronger.per_day.clone();
        }
        if stronger.max_concurrent.is_some() {
            self.max_concurrent = stronger.max_concurrent.clone();
        }
        if stronger.breaker.is_some() {
            self.breaker = stronger.breaker.clone();
        }
    }

    /// The rule that carries it out.
    pub(super) fn rule(self) -> HostRule {
        let value = |said: Said<NonZeroU32>| said.map(|said| said.value);
        HostRule {
            per_second: value(self.per_second),
            per_minute: value(self.per_minute),
            per_day: value(self.per_day),
            max_concurrent: value(self.max_concurrent),
            breaker: self.breaker.map(|said| said.value),
            ..HostRule::new(self.place)
        }
    }
}

/// The built-in limits, overruled by the layers, weak to strong.
pub(super) fn together<'a>(
    layers: impl IntoIterator<Item = &'a Vec<HostLimits>>,
) -> Vec<HostLimits> {
    let mut all: Vec<HostLimits> = built_in();
    for said in layers.into_iter().flatten() {
        match all.iter_mut().find(|known| known.place == said.place) {
            Some(known) => known.overrule(said),
            None => all.push(said.clone()),
        }
    }
    all
}

fn built_in() -> Vec<HostLimits> {
    let limit = |count: u32| NonZeroU32::new(count).map(Sourced::default);
    defaults::HOSTS
        .iter()
        .filter_map(|host| {
            let place = HostPlace::parse(host.place).ok()?;
            Some(HostLimits {
                per_second: limit(host.per_second),
                per_minute: limit(host.per_minute),
                per_day: limit(host.per_day),
                max_concurrent: limit(host.max_concurrent),
                ..HostLimits::new(place)
            })
        })
        .collect()
}

fn parse_place(name: &str, place: &Origin) -> Result<HostPlace, PlanError> {
    HostPlace::parse(name).map_err(|error| {
        let cause = one_line(&error.to_string());
        PlanError::new(place, Problem::Host { cause })
    })
}

/// The bounds of every limit begin at one.
fn positive(said: Said<u32>) -> Said<NonZeroU32> {
    said.and_then(|said| Some(Sourced::new(NonZeroU32::new(said.value)?, said.origin)))
}

/// Puts a number in; false if there was one already.
fn number(
    slot: &mut Said<NonZeroU32>,
    bounds: Bounds,
    text: &str,
    place: &Origin,
) -> Result<bool, PlanError> {
    let value = bounds.parse(place, text)?;
    Ok(slot.is_none() && {
        *slot = positive(Some(Sourced::new(value, place.clone())));
        true
    })
}

fn put<T>(slot: &mut Said<T>, value: T, place: &Origin) -> bool {
    let fresh = slot.is_none();
    *slot = Some(Sourced::new(value, place.clone()));
    fresh
}
