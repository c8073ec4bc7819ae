//! Many lines to standard output or into a file, without waiting for the last
//! one, until nobody reads them any more.

use std::io::{BufWriter, ErrorKind, Write};

use crate::cli::exit::Failed;

/// Bytes collected before they are written.
const BUFFER: usize = 64 * 1024;

/// Where lines go.
pub(super) struct Pour<W: Write> {
    to: BufWriter<W>,
    name: String,
}

impl<W: Write> Pour<W> {
    /// Into this, which messages call by this name.
    pub(super) fn new(to: W, name: impl Into<String>) -> Self {
        Self {
            to: BufWriter::with_capacity(BUFFER, to),
            name: name.into(),
        }
    }

    /// Writes; whether there is somebody to go on for.
    pub(super) fn text(&mut self, text: &str) -> Result<bool, Failed> {
        let written = self.to.write_all(text.as_bytes());
        self.judge(written)
    }

    /// Writes what is still held back; whether somebody took it.
    pub(super) fn end(&mut self) -> Result<bool, Failed> {
        let written = self.to.flush();
        self.judge(written)
    }

    fn judge(&self, written: std::io::Result<()>) -> Result<bool, Failed> {
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Failed::machine(format!(
                "cannot write to {}: {error}; free some space or write elsewhere (the ledger is unchanged)",
                self.name
            ))),
        }
    }
}
