//! The outcome of a run, fit to be shown or written as JSON.

use serde::Serialize;

/// What one check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Worth knowing; no reason to refuse it.
    Warn,
    /// Unfit to be run until this is mended.
    Fail,
    /// Nothing could be seen: the component does not do this at all.
    NotApplicable,
}

impl Verdict {
    /// For a table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::NotApplicable => "n/a",
        }
    }
}

/// One check and what it came to.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The check's name, `[a-z_]+`; stays the same from release to release.
    pub check: &'static str,
    /// What it came to.
    pub verdict: Verdict,
    /// What was done to the component.
    pub tried: &'static str,
    /// What it did, control characters escaped.
    pub seen: String,
    /// What its author can do; none where there is nothing to do.
    pub remedy: Option<&'static str>,
}

/// Every check of a component.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The component, as it was named to the program.
    pub component: String,
    /// Name and version it gives itself; none when it does not load.
    pub adapter: Option<String>,
    /// SHA-256 of the file, hex; none when it does not load.
    pub sha256: Option<String>,
    /// Whether nothing failed.
    pub fit: bool,
    /// In the order of the checks.
    pub checks: Vec<Finding>,
}

impl Report {
    /// How many checks came to `verdict`.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let checks = self.checks.iter();
        checks.filter(|check| check.verdict == verdict).count()
    }
}
