//! Events as messages of the program's own log, at DEBUG.

use tracing::debug;

use super::envelope::Recorded;
use super::sink::Sink;

/// The target of events in the log: `RUST_LOG=paperfall::events=debug` shows
/// them alone.
pub const EVENTS_TARGET: &str = "paperfall::events";

/// Tells the log of every event.
pub(super) struct LogSink;

impl LogSink {
    /// Whether anybody would hear.
    pub(super) fn heard() -> bool {
        tracing::enabled!(target: EVENTS_TARGET, tracing::Level::DEBUG)
    }
}

impl Sink for LogSink {
    fn take(&mut self, batch: &[Recorded]) {
        for recorded in batch {
            if let Ok(fields) = recorded.fields() {
                debug!(
                    target: EVENTS_TARGET,
                    seq = recorded.seq,
                    %fields,
                    "{}",
                    recorded.event.name()
                );
            }
        }
    }
}
