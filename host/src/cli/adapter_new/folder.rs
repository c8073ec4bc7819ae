//! Writing a project: the whole of it or nothing.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::error::NewError;
use super::project::File;

/// Writes the files into a folder that must not exist yet; on failure the
/// folder is gone again.
///
/// # Errors
///
/// [`NewError::Exists`], or [`NewError::Write`] with what could not be written.
pub(super) fn write(folder: &Path, files: &[File]) -> Result<(), NewError> {
    // Whoever creates it owns it: what was there before is never touched.
    fs::create_dir(folder).map_err(|cause| {
        let path = folder.to_owned();
        match cause.kind() {
            ErrorKind::AlreadyExists => NewError::Exists { path },
            _ => NewError::Write { path, cause },
        }
    })?;
    let written = files.iter().try_for_each(|file| {
        let path = folder.join(&file.path);
        write_file(&path, file).map_err(|cause| NewError::Write { path, cause })
    });
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(folder);
    }
    written
}

fn write_file(path: &Path, file: &File) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, &file.text)?;
    if file.executable {
        make_executable(path)?;
    }
    Ok(())
}

/// Whoever may read it may run it.
#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = fs::metadata(path)?.permissions();
    let mode = permissions.mode();
    permissions.set_mode(mode | ((mode & 0o444) >> 2));
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> io::Result<()> {
    Ok(())
}
