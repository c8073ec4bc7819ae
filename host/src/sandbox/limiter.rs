//! The limiter that holds a guest to its memory and tables.

use wasmtime::ResourceLimiter;

use super::limits::{INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};

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

    #[test]
    fn tables_count_together_too_and_what_shrinks_gives_room() {
        let mut limiter = SummingLimiter::new(1);
        let half = TABLE_ELEMENTS / 2;
        for _ in 0..2 {
            assert!(limiter.table_growing(0, half, None).is_ok_and(|ok| ok));
        }
        assert!(!limiter.refused);
        assert!(limiter.table_growing(0, 1, None).is_ok_and(|ok| !ok));
        assert!(limiter.refused);
        // What is counted is what there is, not every step on the way.
        assert!(limiter.table_growing(half, half, None).is_ok_and(|ok| ok));
        assert_eq!(limiter.memory_peak, 0);
    }
}
