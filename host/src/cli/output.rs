//! Standard output and standard error, whose failure is an error like any
//! other: a reader that closed its pipe has seen enough, a full disk is said.

use std::io::{ErrorKind, Write};

use super::exit::Failed;

/// Writes to standard output.
pub(crate) fn out(text: &str) -> Result<(), Failed> {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failed::machine(format!(
            "cannot write to standard output: {error}; what is stored is in the output folder"
        ))),
    }
}

/// Writes a line to standard error; when even that fails there is nobody left
/// to tell.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A formatted line on standard output; gives a `Result`.
macro_rules! outln {
    ($($arg:tt)*) => { $crate::cli::output::out(&format!("{}\n", format_args!($($arg)*))) };
}
pub(crate) use outln;
