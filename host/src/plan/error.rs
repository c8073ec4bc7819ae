//! What can be wrong with the settings, each said in one line: place, cause,
//! remedy.

use std::path::PathBuf;

use thiserror::Error;

use super::email::EmailError;
use super::name::{NameError, SourceName, TierName};
use super::origin::Origin;
use super::spelling::{nearest, one_line, shown_path};

/// A setting that is refused: where it stands and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct PlanError {
    // Boxed: results carrying this error stay small.
    place: Box<Origin>,
    problem: Box<Problem>,
}

impl PlanError {
    pub(super) fn new(place: &Origin, problem: impl Into<Problem>) -> Self {
        Self {
            place: Box::new(place.clone()),
            problem: Box::new(problem.into()),
        }
    }

    /// The flag, variable or line that is at fault.
    #[must_use]
    pub fn place(&self) -> &Origin {
        &self.place
    }

    /// What is wrong, and the remedy.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// What is wrong with a setting. Strings in the fields are already shortened
/// and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Zero, negative, too large, or no number at all.
    #[error("{given} is not allowed: give a whole number of {what} from {min} to {max}")]
    Number {
        /// As written.
        given: String,
        /// The unit.
        what: &'static str,
        /// Smallest allowed.
        min: u32,
        /// Largest allowed.
        max: u32,
    },
    /// A value of the wrong TOML type.
    #[error("expected {wanted}, found {found}")]
    WrongType {
        /// The type it must have.
        wanted: &'static str,
        /// The type it has.
        found: &'static str,
    },
    /// A word outside a closed list.
    #[error("{given} is not understood: {remedy}")]
    UnknownWord {
        /// As written.
        given: String,
        /// Nearest and valid words.
        remedy: String,
    },
    /// An e-mail address that is refused.
    #[error("{0}")]
    Email(#[from] EmailError),
    /// A name that is not well formed.
    #[error("{0}")]
    Name(#[from] NameError),
    /// A tier nobody defined.
    #[error(
        "there is no tier {given}: {remedy}; a new tier needs adapter=FILE.wasm or a [[tier]] table"
    )]
    UnknownTier {
        /// As written.
        given: String,
        /// Nearest and valid names.
        remedy: String,
    },
    /// A source nobody defined.
    #[error("there is no source {given}: {remedy}")]
    UnknownSource {
        /// As written.
        given: String,
        /// Nearest and valid names.
        remedy: String,
    },
    /// An option `--fallback-tier` does not have.
    #[error("there is no tier option {given}: {remedy}")]
    UnknownOption {
        /// As written.
        given: String,
        /// Nearest and valid names.
        remedy: String,
    },
    /// A `--fallback-tier` that does not follow TIER[:OPTION=VALUE,...].
    #[error("{given} does not read as TIER[:OPTION=VALUE,...]: {problem}")]
    TierSyntax {
        /// As written.
        given: String,
        /// What is wrong.
        problem: String,
    },
    /// An empty list of sources.
    #[error(
        "tier {tier} would have no sources: name at least one, or switch the tier off with enabled=false"
    )]
    NoSources {
        /// The tier.
        tier: TierName,
    },
    /// A source named twice in one list.
    #[error("{source_name} is named twice: name it once")]
    NamedTwice {
        /// The source.
        source_name: SourceName,
    },
    /// A source claimed by two tiers of one layer.
    #[error("{source_name} is claimed by two tiers, {first} and {second}: a source belongs to one")]
    ClaimedTwice {
        /// The source.
        source_name: SourceName,
        /// The tier that named it first.
        first: TierName,
        /// The tier that named it too.
        second: TierName,
    },
    /// Two files for one source.
    #[error(
        "two components are named {source_name}, {} and {}: rename or drop one",
        shown_path(first),
        shown_path(second)
    )]
    TwoComponents {
        /// The source.
        source_name: SourceName,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A component file that cannot be used.
    #[error("{}: {problem}", shown_path(path))]
    ComponentFile {
        /// The file.
        path: PathBuf,
        /// Cause and remedy.
        problem: String,
    },
    /// A third-party adapter that no tier asks.
    #[error("adapter {source_name} is in no tier: set tier = \"…\" or name it in a tier's sources")]
    Homeless {
        /// The source.
        source_name: SourceName,
    },
    /// A new tier that nothing was put into.
    #[error("the new tier {tier} has no sources: give it some{}", meant.as_ref().map(|m| format!(", or did you mean {m}?")).unwrap_or_default())]
    EmptyTier {
        /// The tier.
        tier: TierName,
        /// The nearest tier there is.
        meant: Option<String>,
    },
    /// A tier to be placed after itself.
    #[error("tier {tier} cannot come after itself: name another tier")]
    AfterItself {
        /// The tier.
        tier: TierName,
    },
    /// `--only` with a word that is neither tier nor source.
    #[error("there is no tier or source {given}: {remedy}")]
    UnknownOnly {
        /// As written.
        given: String,
        /// Nearest and valid names.
        remedy: String,
    },
    /// `--only` without a name.
    #[error("it names nothing: give tiers or sources, with a comma between")]
    EmptyOnly,
    /// Nothing would be asked.
    #[error("the plan is empty, no source is left: {why}; switch at least one source on")]
    EmptyPlan {
        /// What switched the sources off.
        why: String,
    },
    /// A settings file that cannot be read.
    #[error("cannot read {}: {cause}", shown_path(path))]
    ConfigUnreadable {
        /// The file.
        path: PathBuf,
        /// Cause and remedy.
        cause: String,
    },
    /// A settings file that is not TOML.
    #[error("not valid TOML: {}", one_line(message))]
    ConfigSyntax {
        /// The parser's words.
        message: String,
    },
    /// An adapters folder that cannot be read.
    #[error("{}: {cause}", shown_path(path))]
    AdaptersDir {
        /// The folder, or what in it is at fault.
        path: PathBuf,
        /// Cause and remedy.
        cause: String,
    },
    /// A `--host-limit` that does not follow HOST[/PATH]:OPTION=VALUE[,...].
    #[error("{given} does not read as HOST[/PATH]:OPTION=VALUE[,...]: {problem}")]
    HostLimitSyntax {
        /// As written.
        given: String,
        /// What is wrong.
        problem: String,
    },
    /// An option `--host-limit` does not have.
    #[error("there is no host limit {given}: {remedy}")]
    UnknownHostOption {
        /// As written.
        given: String,
        /// Nearest and valid names.
        remedy: String,
    },
    /// A host that cannot be granted or limited.
    #[error("{cause}")]
    Host {
        /// Cause and remedy.
        cause: String,
    },
    /// A setting's key or value an adapter could not be given.
    #[error("{cause}")]
    Setting {
        /// Cause and remedy.
        cause: String,
    },
    /// A secret written into the file itself.
    #[error("a secret does not belong in a file: write \"env:NAME\" and export NAME")]
    SecretLiteral,
    /// A secret whose variable is not set.
    #[error(
        "adapter {source_name} needs the environment variable {variable}: export it, or take the adapter out of the plan"
    )]
    SecretUnset {
        /// The adapter.
        source_name: SourceName,
        /// The variable.
        variable: String,
    },
}

/// Something odd that does not stop the run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanWarning {
    /// A key of `paperfall.toml` nobody reads.
    #[error("{place}: unknown key, ignored{}", hint.as_ref().map(|h| format!("; did you mean {h}?")).unwrap_or_default())]
    UnknownKey {
        /// Where it stands.
        place: Origin,
        /// The nearest key there is.
        hint: Option<String>,
    },
    /// A `--fallback-tier` without options.
    #[error("{place}: tier {tier} is named without an option, so nothing changes")]
    NothingChanged {
        /// Where it stands.
        place: Origin,
        /// The tier.
        tier: TierName,
    },
    /// A name in `--only` whose sources are all switched off.
    #[error("{place}: {name} has no source left in the plan")]
    NothingSelected {
        /// Where it stands.
        place: Origin,
        /// The name.
        name: String,
    },
    /// An adapters folder without a component.
    #[error(
        "{place}: no component found: adapters belong in {}/<tier>/<name>.wasm",
        shown_path(path)
    )]
    NoAdapters {
        /// Where it stands.
        place: Origin,
        /// The folder.
        path: PathBuf,
    },
    /// An `[adapter.NAME]` table for a component nobody supplied.
    #[error(
        "{place}: no component {source_name} is loaded, so this table has no effect: set file = \"….wasm\""
    )]
    UnusedAdapterTable {
        /// Where it stands.
        place: Origin,
        /// The adapter.
        source_name: SourceName,
    },
    /// A component file takes the place of a bundled adapter.
    #[error(
        "{place}: {} replaces the bundled adapter {source_name}, without its grants and secrets",
        shown_path(path)
    )]
    BundledReplaced {
        /// Where it stands.
        place: Origin,
        /// The adapter.
        source_name: SourceName,
        /// The file.
        path: PathBuf,
    },
    /// Grants and secrets that were written for another component.
    #[error(
        "{place}: hosts and secrets here belong to another component than {}, which gets none of them: set file to that path",
        shown_path(path)
    )]
    GrantsNotInherited {
        /// The table.
        place: Origin,
        /// The component that is loaded.
        path: PathBuf,
    },
}

impl PlanWarning {
    pub(super) fn unknown_key<'a>(
        place: Origin,
        key: &str,
        valid: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::UnknownKey {
            place,
            hint: nearest(key, valid).map(str::to_owned),
        }
    }
}
