//! Where a value came from: the place named by every error and every row of
//! `paperfall plan`.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::spelling::{shown, shown_path};

/// The place that set a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// Built in.
    Default,
    /// A line of a `paperfall.toml`.
    File {
        /// The file.
        #[serde(serialize_with = "lossy")]
        path: PathBuf,
        /// Line, counted from 1; 0 for the file as a whole.
        line: usize,
        /// Dotted key, `source.unpaywall.timeout_ms`; may be empty.
        key: String,
    },
    /// An environment variable.
    Env {
        /// Its name.
        name: &'static str,
    },
    /// A command-line flag.
    Flag {
        /// Its name, with both hyphens.
        name: &'static str,
    },
}

/// Paths that are not UTF-8 are shown, not refused.
fn lossy<S: Serializer>(path: &std::path::Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, key } => {
                f.write_str(&shown_path(path))?;
                if *line > 0 {
                    write!(f, ":{line}")?;
                }
                // Keys come from the file: bare ones are printed as they are.
                if key.chars().any(char::is_control) {
                    write!(f, ": {}", shown(key))
                } else if key.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {key}")
                }
            }
            Self::Env { name } => write!(f, "env {name}"),
            Self::Flag { name } => f.write_str(name),
        }
    }
}

/// A value with the place that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sourced<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T> Sourced<T> {
    pub(super) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A built-in value.
    pub(super) fn default(value: T) -> Self {
        Self::new(value, Origin::Default)
    }
}
