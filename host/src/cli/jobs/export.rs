//! `paperfall jobs export`: one JSON object a job, with its effects.

use std::fs::Permissions;
use std::io::{BufWriter, Write};
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
    let reader = LedgerReader::open(&args.path())?;
    if args.out.as_os_str() == "-" {
        let mut to = Pour::new(std::io::stdout().lock(), "standard output");
        pour(&reader, &mut to)?;
        return Ok(Exit::Complete);
    }
    into_file(&reader, &args.out)?;
    Ok(Exit::Complete)
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
