//! One service level: its goal, its value, its verdict.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::ledger::Verdict;

/// What a value is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share, 0 to 1.
    Ratio,
    /// Seconds.
    Seconds,
}

/// A goal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "must_be", content = "value", rename_all = "snake_case")]
pub enum Target {
    /// The value must reach this.
    AtLeast(f64),
    /// The value must stay under this.
    Below(f64),
}

/// How much may go wrong, and how much did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ErrorBudget {
    /// What was counted.
    pub total: u64,
    /// How many of them went wrong (took too long, failed, were repeated).
    pub bad: u64,
    /// How many in a million may go wrong.
    pub allowed_per_million: u32,
}

impl ErrorBudget {
    /// The share of the budget that is left: 1 when nothing went wrong, below 0
    /// when more did than may; none when nothing was counted.
    #[must_use]
    // Counts stay far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    pub fn left(&self) -> Option<f64> {
        let allowed = self.total as f64 * f64::from(self.allowed_per_million) / 1e6;
        (self.total > 0).then(|| 1.0 - self.bad as f64 / allowed)
    }
}

/// A service level over a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// Its name, for machines.
    pub name: &'static str,
    /// Its name, for people.
    #[serde(skip)]
    pub title: &'static str,
    /// Its goal; none where a value is only shown.
    pub target: Option<Target>,
    /// What it is measured in.
    pub unit: Unit,
    /// What it came to; none when there is no data.
    pub value: Option<f64>,
    /// Whether that is good enough; none where a value is only shown.
    pub verdict: Option<Verdict>,
    /// The share of the error budget that is left.
    pub error_budget_left: Option<f64>,
    /// The counts it was made of.
    pub from: Map<String, Value>,
    /// What to do where there is no data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
}

impl Level {
    /// Judges a value against its goal.
    pub(super) fn judged(
        name: &'static str,
        title: &'static str,
        (target, unit): (Target, Unit),
        value: Option<f64>,
    ) -> Self {
        let verdict = match (value, target) {
            (None, _) => Verdict::NoData,
            (Some(value), Target::AtLeast(least)) if value >= least => Verdict::Met,
            (Some(value), Target::Below(limit)) if value < limit => Verdict::Met,
            _ => Verdict::Missed,
        };
        Self {
            verdict: Some(verdict),
            target: Some(target),
            ..Self::shown(name, title, unit, value)
        }
    }

    /// Shows a value that nobody judges.
    pub(super) fn shown(
        name: &'static str,
        title: &'static str,
        unit: Unit,
        value: Option<f64>,
    ) -> Self {
        Self {
            name,
            title,
            target: None,
            unit,
            value,
            verdict: None,
            error_budget_left: None,
            from: Map::new(),
            hint: None,
        }
    }

    pub(super) fn with_budget(mut self, budget: ErrorBudget) -> Self {
        self.error_budget_left = budget.left();
        self
    }

    /// With one of the counts it was made of.
    pub(super) fn from(mut self, what: &str, count: u64) -> Self {
        self.from.insert(what.to_owned(), count.into());
        self
    }

    pub(super) fn hinting(mut self, hint: Option<&'static str>) -> Self {
        self.hint = hint;
        self
    }

    /// The value for people.
    #[must_use]
    pub fn value_text(&self) -> String {
        self.value
            .map_or_else(|| "no data".to_owned(), |value| self.unit.text(value))
    }

    /// The goal for people.
    #[must_use]
    pub fn target_text(&self) -> String {
        match self.target {
            None => String::new(),
            Some(Target::AtLeast(value)) => format!("≥ {}", self.unit.text(value)),
            Some(Target::Below(value)) => format!("< {}", self.unit.text(value)),
        }
    }

    /// The share of the error budget that is left, for people.
    #[must_use]
    pub fn budget_text(&self) -> String {
        self.error_budget_left
            .map_or_else(String::new, |left| Unit::Ratio.text(left))
    }

    /// The verdict for people.
    #[must_use]
    pub const fn verdict_text(&self) -> &'static str {
        match self.verdict {
            None => "shown only",
            Some(Verdict::Met) => "met",
            Some(Verdict::Missed) => "MISSED",
            Some(Verdict::NoData) => "no data",
        }
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            // Down, so that 99.499 % does not look like 99.5 %.
            Self::Ratio => format!("{} %", Plain((value * 1e4 + 1e-6).floor() / 1e2)),
            Self::Seconds if value < 1.0 => format!("{} ms", Plain((value * 1e5).round() / 1e2)),
            Self::Seconds => format!("{} s", Plain((value * 1e2).round() / 1e2)),
        }
    }
}

/// A number with two decimals at most.
struct Plain(f64);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.2}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}
