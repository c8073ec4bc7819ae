//! Intents and results as the ledger stores them: JSON text, made once where the
//! record is made and shared from there on. A record is asked for again when the
//! ledger is busy, and checked before it is written: none of that copies it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    /// The JSON of a record.
    ///
    /// # Errors
    /// What serde says of a record that JSON has no form for.
    pub fn of(record: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::to_string(record).map(|text| Self(text.into()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
