//! Standard output and standard error, whose failure is an error like any
//! other: a reader that closed its pipe has seen enough, a full disk is said.

use std::io::{ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

use super::exit::Failed;

/// The bar a terminal shows below everything else.
static BELOW: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// From now on lines are written above this bar; none: there is no bar.
pub(crate) fn keep_below(bar: Option<ProgressBar>) {
    *BELOW.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Writes, above the bar if there is one.
fn above<T>(write: impl FnOnce() -> T) -> T {
    let bar = BELOW.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Writes to standard output.
pub(crate) fn out(text: &str) -> Result<(), Failed> {
    let write = || {
        let mut stdout = std::io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
    };
    match above(write) {
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
    let _ = above(|| writeln!(std::io::stderr(), "{line}"));
}

/// A formatted line on standard output; gives a `Result`.
macro_rules! outln {
    ($($arg:tt)*) => { $crate::cli::output::out(&format!("{}\n", format_args!($($arg)*))) };
}
pub(crate) use outln;
