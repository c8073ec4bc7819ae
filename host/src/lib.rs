//! paperfall: gets the open-access PDFs of scholarly works, where the places
//! to look are sandboxed WebAssembly components.

pub mod outcome;
