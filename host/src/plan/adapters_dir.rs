//! `--adapters-dir DIR`: every `DIR/<tier>/<name>.wasm` becomes a source.
//!
//! Other files, and folders without components, are left alone, so that a
//! source tree can be named as it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::component::{ComponentFile, is_wasm};
use super::error::{PlanError, PlanWarning, Problem};
use super::layer::{Layer, PlacedComponent};
use super::name::TierName;
use super::origin::{Origin, Sourced};

/// More tiers in the folder, or components in a tier, and it is the wrong
/// folder.
const ENTRIES_MAX: usize = 1000;

/// Reads the folder and puts what it holds into the layer, sorted by tier and
/// name.
pub(super) fn scan_into(
    layer: &mut Layer,
    dir: PathBuf,
    place: Origin,
    warnings: &mut Vec<PlanWarning>,
) -> Result<(), PlanError> {
    if let Some(stray) = entries(&dir, &place, is_component)?.first() {
        return Err(refused(
            &place,
            stray,
            "a component lies in the folder of its tier: move it to DIR/<tier>/<name>.wasm"
                .to_owned(),
        ));
    }
    for folder in entries(&dir, &place, Path::is_dir)? {
        scan_tier(layer, &folder, &place)?;
    }
    if layer.scanned.is_empty() {
        warnings.push(PlanWarning::NoAdapters {
            place: place.clone(),
            path: dir.clone(),
        });
    }
    layer.adapters_dir = Some(Sourced::new(dir, place));
    Ok(())
}

fn scan_tier(layer: &mut Layer, folder: &Path, place: &Origin) -> Result<(), PlanError> {
    let files = entries(folder, place, is_component)?;
    if files.is_empty() {
        return Ok(());
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let tier = TierName::parse(&name).map_err(|error| {
        refused(
            place,
            folder,
            format!("the folder is named after its tier, and {error}: rename it"),
        )
    })?;
    for path in files {
        layer.scanned.push(PlacedComponent {
            file: ComponentFile::named_by_stem(place, path)?,
            tier: Some(tier.clone()),
            origin: place.clone(),
        });
    }
    Ok(())
}

fn is_component(path: &Path) -> bool {
    is_wasm(path) && path.is_file()
}

/// The wanted entries of a folder, in name order.
fn entries(
    dir: &Path,
    place: &Origin,
    wanted: fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, PlanError> {
    let unreadable = |error: io::Error| {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "create it, or name the folder that holds the tiers",
            io::ErrorKind::NotADirectory => "name a folder, not a file",
            _ => "make it readable, or name another folder",
        };
        refused(place, dir, format!("cannot be read ({error}): {remedy}"))
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !wanted(&path) {
            continue;
        }
        if paths.len() == ENTRIES_MAX {
            return Err(refused(
                place,
                dir,
                format!("more than {ENTRIES_MAX} entries: name the folder that holds the tiers"),
            ));
        }
        paths.push(path);
    }
    paths.sort();
    Ok(paths)
}

fn refused(place: &Origin, path: &Path, cause: String) -> PlanError {
    PlanError::new(
        place,
        Problem::AdaptersDir {
            path: path.to_owned(),
            cause,
        },
    )
}
