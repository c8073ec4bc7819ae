//! The contract of `wit/0.1.0`, as wasmtime sees it.

// What the macro generates carries no docs of its own.
#![allow(missing_docs, unreachable_pub)]
#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

wasmtime::component::bindgen!({
    path: "../wit/0.1.0",
    world: "adapter",
    // HTTP waits on the network; every import may trap the guest (limits).
    imports: { default: async | trappable },
    exports: { default: async },
});

/// The work as a guest is shown it.
pub use self::paperfall::adapter::types::Work as GuestWork;
