//! The seven adapters that travel inside the binary.

use super::limits::COMPONENT_MAX_BYTES;

/// A component embedded by `build.rs`.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// The tier it belongs to by default.
    pub tier: &'static str,
    /// Its name, also the name its descriptor must carry.
    pub name: &'static str,
    /// The component.
    pub bytes: &'static [u8],
}

impl Bundled {
    /// The largest component that is loaded, bundled or not, in bytes.
    pub const MAX_BYTES: u64 = COMPONENT_MAX_BYTES as u64;

    /// The bundled adapter with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Bundled> {
        BUNDLED.iter().find(|bundled| bundled.name == name)
    }
}

/// All seven, in plan order.
pub const BUNDLED: &[Bundled] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));
