//! The sandbox: runs an adapter, which nobody trusts, for one attempt.
//!
//! A component is compiled once ([`Sandbox::load`]), its descriptor read once
//! and pinned; each attempt ([`Sandbox::resolve`]) gets a fresh store that is
//! thrown away afterwards, whatever happened. The sandbox knows nothing of
//! tiers or races: it turns bytes and one work into findings or a named
//! failure.

mod attempt;
mod bindings;
mod bundled;
mod classify;
mod descriptor;
mod engine;
mod failure;
mod findings;
mod fixed;
mod imports;
mod limiter;
mod limits;
mod load_error;
mod loader;
mod state;
mod stopwatch;
mod trace;
mod wasi;

pub use attempt::{AttemptInput, AttemptReport};
pub use bindings::GuestWork;
pub use bindings::paperfall::adapter::types::{
    Identifier as GuestIdentifier, PdfUrl as GuestPdfUrl,
};
pub use bundled::{BUNDLED, Bundled};
pub use descriptor::{Descriptor, SecretSpec, SettingSpec};
pub use engine::{Sandbox, SandboxConfig, SandboxError};
pub use failure::Failure;
pub(crate) use findings::{ADAPTER_SAYS, NAMELESS};
pub use findings::{Candidate, Checksum, Findings, LearntIdentifier};
pub use limits::{AttemptLimits, CANDIDATES as CANDIDATES_MAX};
pub use load_error::LoadError;
pub use loader::{ComponentShape, LoadedAdapter, inspect_component};
pub(crate) use trace::escape_controls;
pub use trace::{AttemptTrace, HostCall, LogLine, Objection};
