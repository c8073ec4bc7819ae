//! What is put on the bench: a component and the name it goes by.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::plan::{SourceName, nearest};
use crate::sandbox::{BUNDLED, Bundled, LoadError};

/// A component to be looked at.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The name of the source it would be: its own, or its file's.
    pub name: SourceName,
    /// How people called it.
    pub shown: String,
    /// Where it was read from; none for bundled ones and bytes.
    pub file: Option<PathBuf>,
    /// Whether it is one of the seven, with their grants.
    pub bundled: bool,
    /// The component.
    pub bytes: Arc<[u8]>,
}

/// A component that could not be found or read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubjectError {
    /// Neither a file nor the name of a bundled adapter.
    #[error(
        "{given}: {cause}; {}give a component file or one of: {}",
        meant(given),
        BUNDLED.iter().map(|bundled| bundled.name).collect::<Vec<_>>().join(", ")
    )]
    NotFound {
        /// What was given.
        given: String,
        /// What is in the way.
        cause: String,
    },
    /// Over the size cap.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// The bundled adapter whose name was misspelt, if one was.
fn meant(given: &str) -> String {
    let names = BUNDLED.iter().map(|bundled| bundled.name);
    nearest(given, names).map_or_else(String::new, |name| format!("did you mean {name}? If not, "))
}

impl Subject {
    /// One of the seven by its name, or else a file.
    ///
    /// # Errors
    /// When it is neither, or too large.
    pub fn given(text: &str) -> Result<Self, SubjectError> {
        match Bundled::by_name(text) {
            Some(bundled) => Ok(Self {
                name: source_name(bundled.name),
                shown: bundled.name.to_owned(),
                file: None,
                bundled: true,
                bytes: Arc::from(bundled.bytes),
            }),
            None => Self::file(Path::new(text)),
        }
    }

    /// A file, named after its stem as in the plan.
    ///
    /// # Errors
    /// When it cannot be read or is too large.
    pub fn file(path: &Path) -> Result<Self, SubjectError> {
        let shown = path.display().to_string();
        let fail = |cause: String| SubjectError::NotFound {
            given: shown.clone(),
            cause,
        };
        let about = std::fs::metadata(path).map_err(|error| {
            fail(match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => error.to_string(),
            })
        })?;
        if !about.is_file() {
            return Err(fail("not a file".to_owned()));
        }
        if about.len() > Bundled::MAX_BYTES {
            return Err(SubjectError::Load(LoadError::TooLarge {
                name: shown,
                bytes: about.len(),
            }));
        }
        let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        Ok(Self {
            name: source_name(stem.unwrap_or_default()),
            file: Some(path.to_owned()),
            shown,
            bundled: false,
            bytes: Arc::from(bytes),
        })
    }

    /// Bytes at hand, a stranger's.
    #[must_use]
    pub fn bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            name: source_name(name),
            shown: name.to_owned(),
            file: None,
            bundled: false,
            bytes: bytes.into(),
        }
    }
}

/// The name a source of the plan would bear; files may be called anything.
fn source_name(stem: &str) -> SourceName {
    let plain: String = stem
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(40)
        .collect();
    SourceName::parse(&plain).unwrap_or_else(|_| SourceName::of_nameless())
}
