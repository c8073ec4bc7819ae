//! From bytes to an adapter ready to run: recognise, compile, check the
//! contract, read the descriptor once and pin it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use super::bindings::AdapterPre;
use super::classify::{classify, legible};
use super::descriptor::{self, Descriptor};
use super::engine::Sandbox;
use super::limits::{COMPONENT_MAX_BYTES, DEADLINE_GRACE, DESCRIBE_DEADLINE};
use super::load_error::LoadError;
use super::state::{AttemptState, new_store};
use super::trace::{AttemptTrace, escape_controls};

/// The interface every adapter exports.
const SOURCE: &str = "paperfall:adapter/source@0.1.0";
/// The package all contract interfaces belong to.
const CONTRACT: &str = "paperfall:adapter/";
/// Its version, with the `@`.
const VERSION: &str = "@0.1.0";
/// A page of linear memory.
const PAGE_BYTES: u64 = 64 * 1024;
/// WASI packages that are linked, inert.
const WASI: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

/// An adapter ready to run.
#[derive(Clone)]
pub struct LoadedAdapter {
    pub(crate) pre: AdapterPre<AttemptState>,
    name: Arc<str>,
    descriptor: Arc<Descriptor>,
    digest: String,
    memory_mib: u32,
}

impl std::fmt::Debug for LoadedAdapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedAdapter")
            .field("name", &self.descriptor.name)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl LoadedAdapter {
    /// The name it was loaded under: the operator's, not its own.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its pinned description of itself.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    pub(crate) fn shared_descriptor(&self) -> Arc<Descriptor> {
        Arc::clone(&self.descriptor)
    }

    /// SHA-256 of the component file, hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Its memory limit in MiB.
    #[must_use]
    pub fn memory_mib(&self) -> u32 {
        self.memory_mib
    }
}

/// What can be said of a component without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentShape {
    /// Interfaces it imports.
    pub imports: Vec<String>,
    /// Interfaces it exports.
    pub exports: Vec<String>,
    /// Linear memory it begins with, over all its memories, in bytes; none
    /// where that cannot be told.
    pub memory_at_start: Option<u64>,
    /// Size of the file in bytes.
    pub bytes: usize,
    /// SHA-256 of the file, hex.
    pub digest: String,
}

impl Sandbox {
    /// Compiles a component (from the cache if it was compiled before), checks
    /// it against the contract and reads its descriptor. Compiling happens on
    /// blocking threads, outside every deadline.
    ///
    /// # Errors
    ///
    /// [`LoadError`] names what is wrong with the component.
    pub async fn load(
        &self,
        name: &str,
        bytes: Arc<[u8]>,
        memory_mib: u32,
    ) -> Result<LoadedAdapter, LoadError> {
        let sandbox = self.clone();
        let owned_name = name.to_owned();
        let (pre, digest) =
            tokio::task::spawn_blocking(move || sandbox.prepare(&owned_name, &bytes))
                .await
                .map_err(|error| LoadError::Invalid {
                    name: name.to_owned(),
                    cause: format!("the compiler stopped: {error}"),
                })??;
        let descriptor = self.describe(name, &pre, memory_mib).await?;
        Ok(LoadedAdapter {
            pre,
            name: Arc::from(name),
            descriptor: Arc::new(descriptor),
            digest,
            memory_mib,
        })
    }

    /// Reads an adapter's description again, as if it had just been loaded.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when `describe` fails this time.
    pub async fn describe_again(&self, adapter: &LoadedAdapter) -> Result<Descriptor, LoadError> {
        self.describe(&adapter.name, &adapter.pre, adapter.memory_mib)
            .await
    }

    fn prepare(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<(AdapterPre<AttemptState>, String), LoadError> {
        let component = compile(self, name, bytes)?;
        check_interfaces(self, name, &component)?;
        let mismatch = |error: wasmtime::Error| LoadError::Mismatch {
            name: name.to_owned(),
            cause: one_line(&legible(&error)),
        };
        let pre = self
            .linker()
            .instantiate_pre(&component)
            .and_then(AdapterPre::new)
            .map_err(mismatch)?;
        Ok((pre, digest_of(bytes)))
    }

    async fn describe(
        &self,
        name: &str,
        pre: &AdapterPre<AttemptState>,
        memory_mib: u32,
    ) -> Result<Descriptor, LoadError> {
        let failed = |cause: String| LoadError::Describe {
            name: name.to_owned(),
            cause,
        };
        let trace = Arc::new(Mutex::new(AttemptTrace::default()));
        let _slot = self.slot().await;
        let deadline = Instant::now() + DESCRIBE_DEADLINE;
        let mut store = new_store(self, memory_mib, deadline, Arc::clone(&trace), None, "");
        let call = async {
            let adapter = pre.instantiate_async(&mut store).await?;
            adapter
                .paperfall_adapter_source()
                .call_describe(&mut store)
                .await
        };
        let outcome = tokio::time::timeout_at((deadline + DEADLINE_GRACE).into(), call).await;
        let raw = match outcome {
            Ok(Ok(raw)) => raw,
            Ok(Err(error)) => {
                let refused = store.data().limiter.refused;
                let failure = classify(&error, refused);
                return Err(failed(format!(
                    "{}: {}",
                    failure.reason,
                    one_line(&failure.message)
                )));
            }
            Err(_) => {
                return Err(failed(format!(
                    "no answer within {} s",
                    DESCRIBE_DEADLINE.as_secs()
                )));
            }
        };
        let descriptor = descriptor::validate(name, raw)?;
        for line in &trace.lock().unwrap_or_else(PoisonError::into_inner).log {
            tracing::debug!(adapter = name, level = line.level, "{}", line.message);
        }
        Ok(descriptor)
    }
}

/// Lists imports and exports without running anything.
///
/// # Errors
///
/// When the bytes are no component, or none that compiles.
pub fn inspect_component(
    sandbox: &Sandbox,
    name: &str,
    bytes: &[u8],
) -> Result<ComponentShape, LoadError> {
    let component = compile(sandbox, name, bytes)?;
    let (imports, exports) = interfaces(sandbox, &component);
    Ok(ComponentShape {
        imports,
        exports,
        memory_at_start: component.resources_required().and_then(|required| {
            // Of the largest memory, in pages: several are not told apart.
            let pages = required.max_initial_memory_size.unwrap_or(0);
            (required.num_memories <= 1).then_some(pages.saturating_mul(PAGE_BYTES))
        }),
        bytes: bytes.len(),
        digest: digest_of(bytes),
    })
}

fn compile(sandbox: &Sandbox, name: &str, bytes: &[u8]) -> Result<Component, LoadError> {
    recognise(name, bytes)?;
    Component::from_binary(sandbox.engine(), bytes).map_err(|error| {
        let (name, cause) = (name.to_owned(), one_line(&legible(&error)));
        // wasmtime names a feature that is switched off in words only.
        if cause.contains("requires the component model async")
            || cause.contains("require the component model async")
        {
            LoadError::Concurrency { name, cause }
        } else {
            LoadError::Invalid { name, cause }
        }
    })
}

/// Tells a component from everything people hand over by mistake.
fn recognise(name: &str, bytes: &[u8]) -> Result<(), LoadError> {
    let name = name.to_owned();
    if bytes.is_empty() {
        return Err(LoadError::Empty { name });
    }
    if bytes.len() > COMPONENT_MAX_BYTES {
        return Err(LoadError::TooLarge {
            name,
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        });
    }
    // A preamble is magic, then a version and a layer: layer 1 is a component.
    match bytes.get(..8) {
        Some([0x00, b'a', b's', b'm', _, _, 0x01, 0x00]) => Ok(()),
        Some([0x00, b'a', b's', b'm', 0x01, 0x00, 0x00, 0x00]) => {
            Err(LoadError::CoreModule { name })
        }
        _ => {
            let found = if bytes.starts_with(b"(") {
                "it looks like WebAssembly text"
            } else if std::str::from_utf8(bytes.get(..64).unwrap_or(bytes)).is_ok() {
                "it looks like text"
            } else {
                "its first bytes are not those of a component"
            };
            Err(LoadError::NotWasm { name, found })
        }
    }
}

fn interfaces(sandbox: &Sandbox, component: &Component) -> (Vec<String>, Vec<String>) {
    let ty = component.component_type();
    let imports = ty
        .imports(sandbox.engine())
        .map(|(name, _)| escape_controls(name))
        .collect();
    let exports = ty
        .exports(sandbox.engine())
        .map(|(name, _)| escape_controls(name))
        .collect();
    (imports, exports)
}

fn check_interfaces(sandbox: &Sandbox, name: &str, component: &Component) -> Result<(), LoadError> {
    let (imports, exports) = interfaces(sandbox, component);
    let name = name.to_owned();
    if !exports.iter().any(|export| export == SOURCE) {
        let other = exports
            .iter()
            .chain(&imports)
            .find(|interface| interface.starts_with(CONTRACT) && !interface.ends_with(VERSION));
        return Err(match other {
            Some(found) => LoadError::OtherVersion {
                name,
                found: found.clone(),
                wanted: SOURCE,
            },
            None => LoadError::MissingExport {
                name,
                found: if exports.is_empty() {
                    "nothing".to_owned()
                } else {
                    exports.join(", ")
                },
                wanted: SOURCE,
            },
        });
    }
    for import in imports {
        let known = WASI.iter().any(|package| import.starts_with(package))
            || (import.starts_with(CONTRACT) && import.ends_with(VERSION));
        if known {
            continue;
        }
        let remedy = if import.starts_with("wasi:http/") {
            "send requests with paperfall:adapter/http instead"
        } else if import.starts_with(CONTRACT) {
            "this paperfall speaks 0.1.0: rebuild it against wit/0.1.0"
        } else {
            "an adapter may import paperfall:adapter and, inert, \
             wasi:cli, clocks, filesystem, io, random and sockets"
        };
        return Err(LoadError::UnknownImport {
            name,
            import,
            remedy,
        });
    }
    Ok(())
}

/// A load error is one line of a log.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_of_64_mib_is_looked_at_and_a_larger_one_is_not() {
        let sized = |bytes: usize| recognise("big", &vec![0; bytes]);
        let largest = sized(COMPONENT_MAX_BYTES);
        assert!(matches!(largest, Err(LoadError::NotWasm { .. })));
        let larger = sized(COMPONENT_MAX_BYTES + 1);
        assert!(matches!(larger, Err(LoadError::TooLarge { .. })));
    }
}
