//! Why a component cannot be used, in words for its author and its operator.

use std::path::PathBuf;

use super::limits::COMPONENT_MAX_BYTES;

/// A component that was not loaded. Every message names the component.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error("{}: cannot read the component: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// Nothing in it.
    #[error("{name}: the file is empty; build the component again")]
    Empty {
        /// The component.
        name: String,
    },
    /// Over the size cap.
    #[error(
        "{name}: {bytes} bytes is more than the {COMPONENT_MAX_BYTES} a component may have; \
         strip debug information or drop embedded data"
    )]
    TooLarge {
        /// The component.
        name: String,
        /// Its size.
        bytes: u64,
    },
    /// Not WebAssembly at all.
    #[error("{name}: this is not WebAssembly ({found}); give a component built for wasm32-wasip2")]
    NotWasm {
        /// The component.
        name: String,
        /// What it looks like.
        found: &'static str,
    },
    /// A core module instead of a component.
    #[error(
        "{name}: this is a core WebAssembly module, not a component; build for wasm32-wasip2, \
         or wrap it with `wasm-tools component new`"
    )]
    CoreModule {
        /// The component.
        name: String,
    },
    /// Truncated, corrupt, or using features that are switched off.
    #[error("{name}: the component does not compile: {cause}")]
    Invalid {
        /// The component.
        name: String,
        /// The compiler's words.
        cause: String,
    },
    /// It is built for a host that runs several calls of a guest at once.
    #[error(
        "{name}: needs component-model concurrency, which paperfall does not offer ({cause}); \
         its contract is synchronous: build the component without async exports and imports, \
         streams and futures"
    )]
    Concurrency {
        /// The component.
        name: String,
        /// The compiler's words.
        cause: String,
    },
    /// It needs something the host does not offer.
    #[error("{name}: imports {import}, which paperfall does not offer; {remedy}")]
    UnknownImport {
        /// The component.
        name: String,
        /// The import.
        import: String,
        /// What to use instead.
        remedy: &'static str,
    },
    /// It was built against another version of the contract.
    #[error(
        "{name}: exports {found}, but this paperfall speaks {wanted}; \
         rebuild it against wit/0.1.0"
    )]
    OtherVersion {
        /// The component.
        name: String,
        /// What it exports.
        found: String,
        /// What the host needs.
        wanted: &'static str,
    },
    /// It does not export the interface `source`.
    #[error(
        "{name}: does not export {wanted} (it exports {found}); \
         implement the world `adapter` of paperfall:adapter"
    )]
    MissingExport {
        /// The component.
        name: String,
        /// What it exports.
        found: String,
        /// What the host needs.
        wanted: &'static str,
    },
    /// Imports or exports have another shape than the contract's.
    #[error("{name}: does not fit the contract: {cause}")]
    Mismatch {
        /// The component.
        name: String,
        /// The linker's words.
        cause: String,
    },
    /// What the operator gave it cannot be used.
    #[error("{name}: {cause}")]
    Configuration {
        /// The component.
        name: String,
        /// What is wrong.
        cause: String,
    },
    /// `describe` failed.
    #[error("{name}: describe() failed: {cause}")]
    Describe {
        /// The component.
        name: String,
        /// What happened.
        cause: String,
    },
    /// `describe` returned something that breaks the contract.
    #[error("{name}: describe() returned a bad {field}: {cause}")]
    BadDescriptor {
        /// The component.
        name: String,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        cause: String,
    },
}
