//! What the background thread hands events to.

use std::time::Instant;

use super::envelope::Recorded;

/// Takes events in order, on the telemetry thread. It may be slow (the queue
/// then drops) and it may fail (it says so itself, once); it never panics.
pub(super) trait Sink: Send {
    /// Takes these events. The batch is empty when the sink is called because
    /// it asked to be.
    fn take(&mut self, batch: &[Recorded]);

    /// When it wants to be called even if nothing happens.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// Nothing more comes.
    fn close(&mut self) {}

    /// Events it could not keep so far.
    fn lost(&self) -> u64 {
        0
    }
}
