//! Exit codes, and the one-line errors that lead to them.

use std::fmt::Display;
use std::process::ExitCode;

use crate::download::StoreError;
use crate::http::HttpSetupError;
use crate::plan::PlanError;
use crate::sandbox::SandboxError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: every work obtained, or every scripted verdict.
    Complete,
    /// 1: some works not.
    Incomplete,
    /// 2: wrong usage, configuration or input file.
    Usage,
    /// 3: the machine's side failed.
    Machine,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The code the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Incomplete => 1,
            Self::Usage => 2,
            Self::Machine => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failed {
    /// The exit code.
    pub exit: Exit,
    /// One line: place, cause, remedy.
    pub message: String,
}

impl Failed {
    /// Wrong usage, configuration or input: exit 2.
    pub fn usage(message: impl Display) -> Self {
        Self {
            exit: Exit::Usage,
            message: message.to_string(),
        }
    }

    /// The machine's side: exit 3.
    pub fn machine(message: impl Display) -> Self {
        Self {
            exit: Exit::Machine,
            message: message.to_string(),
        }
    }
}

impl From<PlanError> for Failed {
    fn from(error: PlanError) -> Self {
        Self::usage(error)
    }
}

impl From<HttpSetupError> for Failed {
    fn from(error: HttpSetupError) -> Self {
        Self::usage(error)
    }
}

impl From<SandboxError> for Failed {
    fn from(error: SandboxError) -> Self {
        Self::machine(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::machine(error)
    }
}
