//! `paperfall report`.

use std::io::Write;
use std::path::Path;

use super::exit::{Exit, Failed};
use super::history_args::{ReportArgs, now, shown, since};
use super::output::{note, out};
use crate::ledger::{LedgerReader, Timestamp};
use crate::telemetry::history::{PageFacts, Recorded, Tally, page};
use crate::telemetry::slo::judge;

/// `paperfall report --html FILE`: one page with plots.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit, Failed> {
    let recorded = Recorded::find(&args.record.folder(), args.record.ledger.as_deref())?;
    let made = now();
    let from = args.window.map(|window| since(made, window));
    let everything = Timestamp::from_millis(i64::MIN);
    let tally = Tally::read(&recorded, from.unwrap_or(everything))?;
    let levels = match &recorded {
        Recorded::Results(_) => None,
        Recorded::Ledger(file) => {
            let reader = LedgerReader::open(file)?;
            let window = made.since(from.unwrap_or(Timestamp::from_millis(0)));
            Some(judge(&reader, made, window)?)
        }
    };
    let facts = PageFacts {
        from: shown(recorded.path()),
        since: from,
        made,
    };
    let html = page(&facts, &tally, levels.as_ref());
    if args.html == Path::new("-") {
        out(&html)?;
        return Ok(Exit::Complete);
    }
    write(&args.html, &html).map_err(|error| {
        Failed::machine(format!(
            "cannot write the page to {}: {error}; name a file in a folder you may write to",
            shown(&args.html)
        ))
    })?;
    note(&format!("the page is {}", shown(&args.html)));
    Ok(Exit::Complete)
}

/// Whole or not at all: a page that was there stays until the new one is.
fn write(path: &Path, html: &str) -> std::io::Result<()> {
    // A device or a pipe is written to, not replaced.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, html);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".paperfall-report")
        .tempfile_in(folder)?;
    file.write_all(html.as_bytes())?;
    #[cfg(unix)]
    {
        // As any new file; a temporary one is for its owner only.
        use std::os::unix::fs::PermissionsExt;
        let everyone = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(everyone)?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
