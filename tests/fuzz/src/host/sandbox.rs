//! What the sandbox makes of a guest's words. The contract's types come from
//! the guest's side of the same WIT.

mod bindings {
    pub(super) use paperfall_adapter::bindings::paperfall;
}
#[path = "../../../../host/src/sandbox/descriptor.rs"]
pub(crate) mod descriptor;
#[path = "../../../../host/src/sandbox/failure.rs"]
mod failure;
#[path = "../../../../host/src/sandbox/findings.rs"]
pub(crate) mod findings;
#[path = "../../../../host/src/sandbox/limits.rs"]
pub(crate) mod limits;
#[path = "../../../../host/src/sandbox/load_error.rs"]
mod load_error;
#[path = "../../../../host/src/sandbox/trace.rs"]
mod trace;

pub(crate) use failure::Failure;
pub(crate) use trace::{AttemptTrace, LogLine, escape_controls};
