//! A well-behaved adapter with room for one fault.
//!
//! `paperfall adapter check` is proved by components that fail one check each.
//! They are all this one: its tests write the fault's name over a slot in
//! the built component (`fault::SLOT`). With none it passes every check.
//!
//! It is a component and nothing else: for other targets there is nothing here.

#[cfg(target_family = "wasm")]
mod adapter;
#[cfg(target_family = "wasm")]
mod exported;
#[cfg(target_family = "wasm")]
mod fault;
