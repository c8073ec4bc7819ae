//! The shapes a list of works may come in, and telling them apart by the first
//! line that says something.

use std::fmt;
use std::str::FromStr;

use paperfall_identifiers::{AnyId, printable};

use super::table::Table;
use super::{WorkError, json, openalex};

/// How works are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One id or URL a line, `#` comments.
    Text,
    /// A header with known column names, then one work a row.
    Csv,
    /// One JSON object of our own shape a line.
    Jsonl,
    /// One OpenAlex work a line.
    OpenAlex,
}

impl Format {
    /// All formats, in the order they are documented.
    pub const ALL: [Self; 4] = [Self::Text, Self::Csv, Self::Jsonl, Self::OpenAlex];

    /// The name used in flags.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::OpenAlex => "openalex",
        }
    }

    /// The format a file seems to have, judged by its name and its first line
    /// that is neither blank nor a comment.
    pub(super) fn detect(name: &str, line: &str) -> Self {
        let line = line.trim();
        if line.starts_with(['{', '[']) && AnyId::parse(line).is_err() {
            let objects = json::parse(line).map(json::objects).unwrap_or_default();
            return if objects.iter().any(openalex::looks_like) {
                Self::OpenAlex
            } else {
                Self::Jsonl
            };
        }
        let extension = name
            .rsplit_once('.')
            .map(|(_, ext)| ext.to_ascii_lowercase());
        let called_table = matches!(extension.as_deref(), Some("csv" | "tsv" | "tab"));
        if Table::from_header(line).is_ok() || (called_table && AnyId::parse(line).is_err()) {
            Self::Csv
        } else {
            Self::Text
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = WorkError;

    fn from_str(text: &str) -> Result<Self, WorkError> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                WorkError::new(
                    format!("\"{}\" is no format", printable(text)),
                    "use text, csv, jsonl or openalex",
                )
            })
    }
}
