//! What an adapter is, and the one line that makes a component of it.

use crate::{Descriptor, Findings, Host, Level, Miss, Policy, Work};

/// A source of open-access PDFs.
///
/// One attempt is one call of [`resolve`](Adapter::resolve) in a fresh sandbox:
/// nothing survives from one work to the next, so there is no `self`.
pub trait Adapter {
    /// Who the adapter is and what it needs. The host reads it once for each
    /// component and holds the adapter to it; it must not depend on anything.
    fn describe() -> Descriptor;

    /// Looks for the work's PDF.
    ///
    /// # Errors
    /// A [`Miss`] says how the source failed. An answer without candidates is
    /// no failure: return [`Findings::none`] when there are identifiers or
    /// landing pages to hand on.
    fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss>;
}

/// Runs one attempt as the exported component does: the adapter's findings are
/// cut to the contract's limits and a miss's explanation goes to the log.
///
/// # Errors
/// The adapter's own [`Miss`].
pub fn run<A: Adapter>(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
    match A::resolve(host, work, policy) {
        Ok(findings) => Ok(findings.within_limits(host)),
        Err(miss) => {
            if let Some(detail) = miss.detail() {
                host.log(Level::Info, detail);
            }
            Err(miss)
        }
    }
}

/// Exports a type that implements [`Adapter`](crate::Adapter) as the
/// component's `source` interface. On targets other than WebAssembly it does
/// nothing, so that the same crate is tested natively.
#[macro_export]
macro_rules! export {
    ($adapter:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
        const _: () = {
            use $crate::bindings::exports::paperfall::adapter::source;

            struct Component;

            impl source::Guest for Component {
                fn describe() -> source::Descriptor {
                    <$adapter as $crate::Adapter>::describe()
                }

                fn resolve(
                    work: source::Work,
                    policy: source::Policy,
                ) -> Result<source::Findings, source::Miss> {
                    $crate::run::<$adapter>(&$crate::ComponentHost, &work, &policy)
                        .map_err(source::Miss::from)
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
