//! `paperfall jobs export`: one JSON object a job, with its effects.

use std::fs::Permissions;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use super::pour::Pour;
use crate::cli::exit::{Exit, Failed};
use crate::cli::jobs_args::ExportArgs;
use crate::ledger::LedgerReader;

/// Writes every job as it is at the moment it is read.
pub(super) fn export(args: &ExportArgs) -> Result<Exit, Failed> {
    if args.out.is_dir() {
        return Err(Failed::usage(format!(
            "--out {} is a folder; name a file to export to (and the ledger of a folder with --ledger {})",
            args.out.display(),
            args.out.join(crate::cli::jobs_args::LEDGER_NAME).display()
        )));
    }
    refuse_databases(&args.out)?;
    let reader = LedgerReader::open(&args.path())?;
    if args.out.as_os_str() == "-" {
        let mut to = Pour::new(std::io::stdout().lock(), "standard output");
        pour(&reader, &mut to)?;
        return Ok(Exit::Complete);
    }
    into_file(&reader, &args.out)?;
    Ok(Exit::Complete)
}

/// An export takes the place of an older one. One that took the place of a ledger
/// (`--out` names the folder or the ledger elsewhere) would be its end.
fn refuse_databases(out: &Path) -> Result<(), Failed> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let name = out.file_name().and_then(std::ffi::OsStr::to_str);
    let is_part_of_one = ["", "-wal", "-shm", "-journal"]
        .iter()
        .filter_map(|ending| Some(out.with_file_name(name?.strip_suffix(*ending)?)))
        .any(|base| base.is_file() && begins_with(&base, MAGIC));
    if is_part_of_one || (out.is_file() && begins_with(out, MAGIC)) {
        return Err(Failed::usage(format!(
            "--out {} is a SQLite database (a ledger?) or a part of one, and the export would take its place; \
             name another file to export to, and the ledger with --ledger",
            out.display()
        )));
    }
    Ok(())
}

fn begins_with(path: &Path, magic: &[u8]) -> bool {
    let mut head = Vec::new();
    let limit = u64::try_from(magic.len()).unwrap_or(u64::MAX);
    std::fs::File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut head))
        .is_ok_and(|_| head == magic)
}

fn pour<W: Write>(reader: &LedgerReader, to: &mut Pour<W>) -> Result<(), Failed> {
    reader.jobs(&[], |job| {
        // Read together with its effects, so that they agree.
        let Some(story) = reader.story(&job)? else {
            return Ok(true);
        };
        let line = serde_json::to_string(&story).map_err(Failed::machine)?;
        to.text(&format!("{line}\n"))
    })?;
    to.end().map(|_| ())
}

/// Under another name until it is complete: half an export is none. What is no
/// plain file (a pipe, a device) is written to as it is.
fn into_file(reader: &LedgerReader, path: &Path) -> Result<(), Failed> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| {
        Failed::machine(format!(
            "cannot write {name}: {error}; name a file in a writable folder with --out"
        ))
    };
    if path.exists() && !path.is_file() {
        let file = std::fs::File::options()
            .write(true)
            .open(path)
            .map_err(failed)?;
        return pour(reader, &mut Pour::new(file, name.clone()));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut draft = tempfile::Builder::new();
    draft.prefix(".paperfall-export-");
    #[cfg(unix)]
    {
        // As any new file: the process's umask takes its part.
        use std::os::unix::fs::PermissionsExt;
        draft.permissions(Permissions::from_mode(0o666));
    }
    let draft = draft
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(failed)?;
    pour(
        reader,
        &mut Pour::new(BufWriter::new(draft.as_file()), name.clone()),
    )?;
    draft.as_file().sync_all().map_err(failed)?;
    draft.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
