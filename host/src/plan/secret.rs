//! A secret of an adapter: read from the environment, never printed.

use std::fmt;

use serde::{Serialize, Serializer};

/// A value that only the HTTP stack may see.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    variable: String,
    value: String,
}

impl Secret {
    pub(crate) fn new(variable: String, value: String) -> Self {
        Self { variable, value }
    }

    /// The environment variable it was read from.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// The value, for filling it into a request and for nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(env:{})", self.variable)
    }
}

/// Shows where the value came from, not the value.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("env:{}", self.variable))
    }
}
