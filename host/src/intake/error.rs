//! What can be wrong with works and the files they come in. Every message is
//! one line: the place, the cause, the remedy.

use std::fmt;
use std::io;
use std::sync::Arc;

use paperfall_identifiers::{IdError, printable};

/// Why a text, row or object describes no work; or, as a warning, which part of
/// it was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}; {remedy}")]
pub struct WorkError {
    /// What is wrong, with what.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

impl WorkError {
    pub(super) fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }

    /// The same error, said of a named field.
    pub(super) fn in_field(self, field: &str) -> Self {
        Self {
            cause: format!("{}: {}", printable(field), self.cause),
            remedy: self.remedy,
        }
    }
}

impl From<IdError> for WorkError {
    fn from(error: IdError) -> Self {
        Self::new(error.cause(), error.remedy())
    }
}

/// Where a work is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a list: `works.csv:12`.
    Line {
        /// The file as it was named, or `standard input`.
        source: Arc<str>,
        /// Counted from 1.
        line: u64,
    },
    /// One of several on the command line, counted from 1: `argument 2`.
    Argument(u64),
}

impl Place {
    /// Which one it is in its list or on its command line, counted from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Line { line, .. } => *line,
            Self::Argument(number) => *number,
        }
    }

    /// What is counted there.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Line { .. } => "line",
            Self::Argument(_) => "argument",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { source, line } => write!(f, "{source}:{line}"),
            Self::Argument(number) => write!(f, "argument {number}"),
        }
    }
}

/// What is wrong with one line, or argument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {error}")]
pub struct LineError {
    /// Where.
    pub place: Place,
    /// What, and what to do.
    pub error: WorkError,
}

/// Why an input cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// No such file.
    #[error("{name}: there is no such file; {remedy}")]
    Missing {
        /// The file as it was named.
        name: Arc<str>,
        /// What to do.
        remedy: String,
    },
    /// A folder where a file belongs.
    #[error("{name}: this is a folder; name the file in it that lists the works")]
    Folder {
        /// The folder as it was named.
        name: Arc<str>,
    },
    /// It cannot be opened.
    #[error("{name}: cannot be opened ({source}); check that you may read it")]
    Unreadable {
        /// The file as it was named.
        name: Arc<str>,
        /// What the system said.
        source: io::Error,
    },
    /// Reading broke off.
    #[error(
        "{place}: reading broke off here ({source}); the works before it are unaffected, \
         run again once the file can be read"
    )]
    Broken {
        /// The line that could not be read.
        place: Place,
        /// What the system said.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error(
        "{name}: it names no works; write one id or URL a line, or give CSV, JSONL \
         or OpenAlex works"
    )]
    Empty {
        /// The file as it was named.
        name: Arc<str>,
    },
    /// It is another kind of file.
    #[error("{name}: {what}; {remedy}")]
    OtherKind {
        /// The file as it was named.
        name: Arc<str>,
        /// What it seems to be.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A CSV header without any column we know.
    #[error("{place}: no column is known among {found}; name one of {known}")]
    NoColumn {
        /// The header's line.
        place: Place,
        /// The columns that are there.
        found: String,
        /// The names that would be understood.
        known: &'static str,
    },
}
