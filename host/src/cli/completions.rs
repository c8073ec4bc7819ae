//! `paperfall completions` and `paperfall man`.

use super::args::{CompletionsArgs, ManArgs, command};
use super::exit::{Exit, Failed};
use super::output::out;

/// Prints a completion script.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Failed> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "paperfall", &mut script);
    out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Complete)
}

/// Prints the manual page, or writes one a command.
pub(crate) fn man(args: &ManArgs) -> Result<Exit, Failed> {
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command(), folder))
            .map_err(|error| {
                Failed::machine(format!(
                    "cannot write manual pages to {}: {error}; choose a writable folder",
                    folder.display()
                ))
            })?;
        return Ok(Exit::Complete);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command())
        .render(&mut page)
        .map_err(Failed::machine)?;
    out(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Complete)
}
