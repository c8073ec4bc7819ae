//! Why there is no new project.

use std::io;
use std::path::PathBuf;

use crate::plan::NameError;

/// A project that was not made; nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub(super) enum NewError {
    /// No language of that name.
    #[error("--lang: there is no project in \"{given}\": {remedy}")]
    Language {
        /// What was given, on one line.
        given: String,
        /// The valid ones, the nearest first.
        remedy: String,
    },
    /// It cannot be called so.
    #[error("{0}")]
    Name(NameError),
    /// The name is understood as another one.
    #[error("an adapter cannot be called {given:?}: call it {meant}")]
    OtherName {
        /// What was given.
        given: String,
        /// What paperfall would call it.
        meant: String,
    },
    /// One of the seven is called so.
    #[error("{name} is one of the bundled adapters: choose another name")]
    Bundled {
        /// The name.
        name: String,
    },
    /// A crate of the Rust project's own kit is called so.
    #[error("{name} is a part of the Rust kit, which comes with the project: choose another name")]
    Kit {
        /// The name.
        name: String,
    },
    /// The tier cannot be called so.
    #[error("--tier: {0}")]
    Tier(NameError),
    /// Something is there already.
    #[error("{} exists already: choose another name, or remove it first", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The disk's side.
    #[error("cannot write {}: {cause}; nothing was kept", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
}

impl NewError {
    /// Whether the words on the command line are to blame, not the machine.
    pub(super) fn is_usage(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}
