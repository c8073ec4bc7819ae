//! `paperfall adapter new`: a project that builds, passes its test and works.
//!
//! Everything the project needs is in the binary, so that it builds on a machine
//! that has never seen this repository: the contract, the guest kit for Rust, the
//! helpers and pinned tools for Python and JavaScript. Nothing is written unless
//! the whole project is.

mod args;
mod error;
mod folder;
mod language;
mod project;
mod sdk;

#[cfg(test)]
mod tests;

use std::path::Path;

pub(crate) use args::AdapterNewArgs;
use error::NewError;
use language::Language;
use project::Project;

use super::exit::{Exit, Failed};
use super::output::outln;

/// Makes the project and says how to go on.
pub(crate) fn new(args: &AdapterNewArgs) -> Result<Exit, Failed> {
    let language = Language::parse(&args.lang)?;
    let project = Project::new(&args.name, language, args.tier.as_deref())?;
    let name = project.name();
    folder::write(Path::new(name.as_str()), &project.files())?;
    outln!(
        "{name}: {} adapter for the tier {}, in ./{name}\n\n  cd {name}",
        language.with_article(),
        project.tier()
    )?;
    for command in project.commands() {
        outln!("  {command}")?;
    }
    outln!("\nREADME.md says what is where.")?;
    Ok(Exit::Complete)
}

impl From<NewError> for Failed {
    fn from(error: NewError) -> Self {
        if error.is_usage() {
            Self::usage(error)
        } else {
            Self::machine(error)
        }
    }
}
