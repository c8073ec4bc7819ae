//! A value that clap refuses may stand in a variable, where nobody gave the flag
//! that clap names: then the variable is named with it.

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};

use super::args::command;

/// Tells a refused command line, or the help that was asked for; the exit code.
#[must_use]
pub fn refuse(mut error: clap::Error) -> ExitCode {
    if let Some(variable) = behind(&error)
        && let Some(flag) = text(&error, ContextKind::InvalidArg)
    {
        let both = format!("{variable} ({flag})");
        error.insert(ContextKind::InvalidArg, ContextValue::String(both));
    }
    // When even that fails there is nobody left to tell.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX))
}

/// The variable that holds the refused value.
fn behind(error: &clap::Error) -> Option<String> {
    let flag = text(error, ContextKind::InvalidArg)?;
    let value = text(error, ContextKind::InvalidValue)?;
    let mut command = command();
    command.build();
    let holds = |arg: &&Arg| {
        let set = arg.get_env().and_then(std::env::var_os);
        set.is_some_and(|set| set.to_string_lossy().contains(value))
    };
    let found = args(&command)
        .into_iter()
        .filter(|arg| arg.to_string() == flag && !is_given(arg))
        .find(holds)?;
    found.get_env().and_then(OsStr::to_str).map(str::to_owned)
}

/// Whether the flag stands on the command line.
fn is_given(arg: &Arg) -> bool {
    let Some(long) = arg.get_long() else {
        return false;
    };
    std::env::args_os().any(|word| {
        let word = word.to_string_lossy();
        let name = word.strip_prefix("--").map(|word| word.split('=').next());
        name == Some(Some(long))
    })
}

/// The flags of a command and of those below it.
fn args(command: &Command) -> Vec<&Arg> {
    let below = command.get_subcommands().flat_map(args);
    command.get_arguments().chain(below).collect()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}
