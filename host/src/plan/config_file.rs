//! Finding and reading `paperfall.toml`.
//!
//! The file named by `--config` or `PAPERFALL_CONFIG` must exist; otherwise
//! `./paperfall.toml` is used if it is there, or else the one in the user's
//! configuration folder. Never two of them.

use std::fs::File as Handle;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::config_tables;
use super::environment;
use super::error::{PlanError, PlanWarning, Problem};
use super::flags;
use super::layer::Layer;
use super::origin::{Origin, Sourced};
use super::resolve::PlanInputs;
use super::toml_reader::{File, Table};

/// Largest settings file, in bytes.
const CONFIG_MAX: u64 = 1024 * 1024;

const NAME: &str = "paperfall.toml";

/// The settings file in force, and what it says.
pub(super) fn read(
    inputs: &PlanInputs<'_>,
    warnings: &mut Vec<PlanWarning>,
) -> Result<(Option<Sourced<PathBuf>>, Layer), PlanError> {
    let named = inputs
        .flags
        .config
        .clone()
        .map(|path| (flags::CONFIG, path))
        .or_else(|| environment::config_file(inputs.env));
    if let Some((origin, path)) = named {
        let path = inputs.cwd.join(path);
        let text = load(&path).map_err(|cause| unreadable(&origin, &path, &cause))?;
        let layer = parse(&path, &text, warnings)?;
        return Ok((Some(Sourced::new(path, origin)), layer));
    }
    let usual = [
        Some(inputs.cwd.join(NAME)),
        inputs
            .user_config_dir
            .map(|dir| dir.join("paperfall").join(NAME)),
    ];
    for path in usual.into_iter().flatten() {
        match load(&path) {
            Ok(text) => {
                let layer = parse(&path, &text, warnings)?;
                return Ok((Some(Sourced::default(path)), layer));
            }
            Err(error) if is_absent(&error) => {}
            Err(cause) => {
                let whole = Origin::File {
                    path: path.clone(),
                    line: 0,
                    key: String::new(),
                };
                return Err(unreadable(&whole, &path, &cause));
            }
        }
    }
    Ok((None, Layer::default()))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Reads the text; a pipe is as good as a file.
fn load(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    Handle::open(path)?
        .take(CONFIG_MAX + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > CONFIG_MAX) {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

fn unreadable(place: &Origin, path: &Path, error: &io::Error) -> PlanError {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "create it, or name the right file with --config",
        io::ErrorKind::IsADirectory => "name the file in the folder",
        io::ErrorKind::PermissionDenied => "make it readable",
        _ => "name another file with --config",
    };
    PlanError::new(
        place,
        Problem::ConfigUnreadable {
            path: path.to_owned(),
            cause: format!("{error}: {remedy}"),
        },
    )
}

fn parse(path: &Path, text: &str, warnings: &mut Vec<PlanWarning>) -> Result<Layer, PlanError> {
    let file = File::new(path, text);
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        PlanError::new(
            &file.place(offset, ""),
            Problem::ConfigSyntax {
                message: error.message().to_owned(),
            },
        )
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    config_tables::layer(Table::root(file, document.get_ref()), folder, warnings)
}
