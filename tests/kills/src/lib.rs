//! The ledger under SIGKILL, SIGSTOP and power loss.
//!
//! Worker processes ([`worker`]) run jobs on a real ledger file, with effects on
//! real files and a real origin, and end or stand still at a named place
//! ([`points`]). Others go on. What is left is judged from outside ([`judge`]):
//! by the files, by a plain SQLite connection, and by what the origin counted.
//! No wait is without a bound; one that is too long becomes a story that says
//! which process stood where ([`process`]).
//!
//! The crate compiles the ledger's sources into itself, with places to die at in
//! them. The program does not have these.

#[path = "../../../host/src/ledger/mod.rs"]
pub mod ledger;

pub mod failpoints;

/// The harness: what a failed step means here is a failed test.
macro_rules! harness {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[allow(
                clippy::unwrap_used,
                clippy::expect_used,
                clippy::panic,
                clippy::indexing_slicing
            )]
            pub mod $name;
        )*
    };
}

harness! { cases effects house judge origin place points process worker }
