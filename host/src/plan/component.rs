//! Where a source's code comes from: the binary itself, or a file.

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::error::{PlanError, Problem};
use super::name::SourceName;
use super::origin::Origin;
use super::spelling::shown_path;

/// The code of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Component {
    /// One of the seven that are part of the binary.
    Bundled,
    /// A third-party component.
    File(PathBuf),
}

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bundled => serializer.serialize_str("bundled"),
            Self::File(path) => serializer.serialize_str(&path.to_string_lossy()),
        }
    }
}

/// A component file with the source name it bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ComponentFile {
    pub(super) name: SourceName,
    pub(super) path: PathBuf,
}

impl ComponentFile {
    /// Names the source after the file: the stem in lower case, hyphens as
    /// underscores.
    pub(super) fn named_by_stem(place: &Origin, path: PathBuf) -> Result<Self, PlanError> {
        let refuse = |problem: String| {
            PlanError::new(
                place,
                Problem::ComponentFile {
                    path: path.clone(),
                    problem,
                },
            )
        };
        check_extension(place, &path)?;
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .ok_or_else(|| refuse("the file's name is not readable: rename it".to_owned()))?;
        let name = SourceName::parse(&stem.to_ascii_lowercase()).map_err(|error| {
            refuse(format!(
                "the source is named after the file, and {error}: rename it"
            ))
        })?;
        Ok(Self { name, path })
    }
}

/// A component's file ends in `.wasm`.
pub(super) fn check_extension(place: &Origin, path: &Path) -> Result<(), PlanError> {
    if is_wasm(path) {
        return Ok(());
    }
    Err(PlanError::new(
        place,
        Problem::ComponentFile {
            path: path.to_owned(),
            problem: "a component's file name ends in .wasm: give such a file".to_owned(),
        },
    ))
}

pub(super) fn is_wasm(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("wasm"))
}

/// Asked of the plan's own files only, so that a switched-off adapter may be
/// missing.
pub(super) fn check_exists(place: &Origin, path: &Path) -> Result<(), PlanError> {
    let problem = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(_) => "this is no file: give a component, FILE.wasm".to_owned(),
        Err(error) => format!("cannot be read ({error}): give the path of a component"),
    };
    Err(PlanError::new(
        place,
        Problem::ComponentFile {
            path: path.to_owned(),
            problem,
        },
    ))
}

/// Whether two paths lead to one file.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// How a component is printed in a row.
pub(super) fn shown_component(component: &Component) -> String {
    match component {
        Component::Bundled => "bundled".to_owned(),
        Component::File(path) => shown_path(path),
    }
}
