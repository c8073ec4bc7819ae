//! What a guest may use, and the limiter that makes it so.

use std::time::Duration;

use wasmtime::ResourceLimiter;

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

/// Counts linear memory over *all* memories of a store: wasmtime's own
/// `StoreLimits` counts each one alone, so a component with thirty memories
/// would get thirty times its limit.
#[derive(Debug)]
pub(crate) struct SummingLimiter {
    memory_limit: usize,
    memory_used: usize,
    table_used: usize,
    /// Most linear memory held at once, in bytes.
    pub(crate) memory_peak: usize,
    /// A growth was refused.
    pub(crate) refused: bool,
}

impl SummingLimiter {
    pub(crate) fn new(memory_mib: u32) -> Self {
        Self {
            memory_limit: usize::try_from(memory_mib)
                .unwrap_or(usize::MAX)
                .saturating_mul(1024 * 1024),
            memory_used: 0,
            table_used: 0,
            memory_peak: 0,
            refused: false,
        }
    }
}

impl ResourceLimiter for SummingLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .memory_used
            .saturating_sub(current)
            .saturating_add(desired);
        if total > self.memory_limit {
            self.refused = true;
            return Ok(false);
        }
        self.memory_used = total;
        self.memory_peak = self.memory_peak.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self
            .table_used
            .saturating_sub(current)
            .saturating_add(desired);
        if total > TABLE_ELEMENTS {
            self.refused = true;
            return Ok(false);
        }
        self.table_used = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_small_memories_count_as_one_large_one() {
        let mut limiter = SummingLimiter::new(3);
        let mib = 1024 * 1024;
        for _ in 0..3 {
            assert!(limiter.memory_growing(0, mib, None).is_ok_and(|ok| ok));
        }
        assert!(limiter.memory_growing(0, 1, None).is_ok_and(|ok| !ok));
        assert!(limiter.refused);
        assert_eq!(limiter.memory_peak, 3 * mib);
    }
}
