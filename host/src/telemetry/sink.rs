//! What the background thread hands events to.

use super::envelope::Recorded;

/// Takes events in order, on the telemetry thread. It may be slow (the queue
/// then drops) and it may fail (it says so itself, once); it never panics.
pub(super) trait Sink: Send {
    /// Takes these events.
    fn take(&mut self, batch: &[Recorded]);

    /// Nothing more comes.
    fn close(&mut self) {}

    /// Events it could not keep so far.
    fn lost(&self) -> u64 {
        0
    }
}
