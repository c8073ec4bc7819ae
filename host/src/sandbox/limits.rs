//! What a guest may use.

use std::time::Duration;

/// The largest component file that is loaded, in bytes.
pub(crate) const COMPONENT_MAX_BYTES: usize = 64 * 1024 * 1024;

/// How often the epoch advances: the grain at which a computing guest yields
/// to its neighbours and is checked against its deadline.
pub(crate) const EPOCH_TICK: Duration = Duration::from_millis(10);

/// How long `describe` may take.
pub(crate) const DESCRIBE_DEADLINE: Duration = Duration::from_secs(5);

/// After its deadline a guest that computes is trapped at the next epoch; one
/// that sleeps is dropped this much later, so that the two are told apart.
pub(crate) const DEADLINE_GRACE: Duration = Duration::from_millis(100);

/// Bytes a guest may move to the host in one call, returned values included.
/// The largest honest answer (8 candidates, 8 pages, 16 identifiers with
/// strings of 4 KiB) stays under half of it.
pub(crate) const HOSTCALL_BYTES: usize = 1024 * 1024;

/// Handles (streams, pollables, …) a guest may hold at once, on either side.
pub(crate) const HANDLES: usize = 256;

/// Random bytes a guest may ask for in one call.
pub(crate) const RANDOM_BYTES: u64 = 1024 * 1024;

/// Core instances, tables and memories of one component. Python components
/// are made of about thirty modules.
pub(crate) const INSTANCES: usize = 256;
/// See [`INSTANCES`].
pub(crate) const TABLES: usize = 64;
/// See [`INSTANCES`].
pub(crate) const MEMORIES: usize = 32;
/// Table elements over all tables of a component (8 bytes each).
pub(crate) const TABLE_ELEMENTS: usize = 256 * 1024;

/// Log lines kept of one attempt, in bytes of text.
pub(crate) const LOG_BYTES: usize = 64 * 1024;

/// Longest string a guest may return, in bytes.
pub(crate) const STRING_BYTES: usize = 4 * 1024;
/// Candidates, landing pages, identifiers and notes kept of one attempt.
pub const CANDIDATES: usize = 8;
/// See [`CANDIDATES`].
pub(crate) const LANDING_URLS: usize = 8;
/// See [`CANDIDATES`].
pub(crate) const IDENTIFIERS: usize = 16;
/// See [`CANDIDATES`].
pub(crate) const NOTES: usize = 8;

/// What one attempt may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Linear memory over all memories of the component, in MiB.
    pub memory_mib: u32,
    /// Requests sent, redirects included.
    pub requests: u32,
    /// Bytes received over all requests.
    pub bytes: u64,
}

impl AttemptLimits {
    /// 64 MiB of memory (a Rust adapter takes 1, a JavaScript one 9, a Python
    /// one 13), 24 requests and 32 MiB received.
    pub const DEFAULT: Self = Self {
        memory_mib: 64,
        requests: 24,
        bytes: 32 * 1024 * 1024,
    };
}

impl Default for AttemptLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
