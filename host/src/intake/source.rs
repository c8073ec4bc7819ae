//! Opening what lists the works: a file, or standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use paperfall_identifiers::AnyId;

use super::InputError;

/// An opened list of works, not yet read.
pub struct Input {
    pub(super) name: Arc<str>,
    pub(super) reader: Box<dyn BufRead + Send>,
}

impl Input {
    /// A list from any reader, under the name that errors will give it.
    #[must_use]
    pub fn new(name: &str, reader: impl BufRead + Send + 'static) -> Self {
        Self {
            name: one_line(name),
            reader: Box::new(reader),
        }
    }
}

/// Opens the named file, or standard input for `-`.
///
/// # Errors
/// When it is missing, a folder, or may not be read.
pub fn open_input(path: &Path) -> Result<Input, InputError> {
    if path == Path::new("-") {
        return Ok(Input::new("standard input", BufReader::new(io::stdin())));
    }
    let text = path.to_string_lossy();
    let name: Arc<str> = one_line(&text);
    let opened = File::open(path).and_then(|file| {
        let is_folder = file.metadata()?.is_dir();
        Ok((file, is_folder))
    });
    match opened {
        Ok((_, true)) => Err(InputError::Folder { name }),
        Ok((file, false)) => Ok(Input {
            name,
            reader: Box::new(BufReader::with_capacity(64 * 1024, file)),
        }),
        // Windows refuses to open folders at all.
        Err(_) if path.is_dir() => Err(InputError::Folder { name }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let remedy = if AnyId::parse(&text).is_ok() {
                format!("to get one work, say `paperfall fetch {name}`")
            } else {
                "check the path, or give - for standard input".to_owned()
            };
            Err(InputError::Missing { name, remedy })
        }
        Err(source) => Err(InputError::Unreadable { name, source }),
    }
}

/// A name as it may stand in a message: whole, but without control characters.
fn one_line(name: &str) -> Arc<str> {
    let mut shown = String::new();
    for c in name.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown.into()
}
