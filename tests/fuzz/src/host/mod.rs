//! The host's rooms that read hostile input and need neither wasmtime nor a
//! network. A room that cannot be taken in whole is taken in file by file.
#![allow(dead_code, unused_imports, unreachable_pub)]

pub(crate) mod http;
pub(crate) mod sandbox;

#[path = "../../../../host/src/intake/mod.rs"]
pub(crate) mod intake;
#[path = "../../../../host/src/outcome.rs"]
pub(crate) mod outcome;
#[path = "../../../../host/src/plan/mod.rs"]
pub(crate) mod plan;
