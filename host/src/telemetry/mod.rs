//! What is heard of a run: the program's own messages, and its events.
//!
//! [`init`] sends messages to standard error. [`Telemetry`] takes events from
//! the ledger and the race and brings them to where operators look; nothing
//! ever waits for it, and nothing fails because of it.

mod envelope;
mod error;
mod event;
pub mod history;
mod jsonl;
mod jsonl_file;
mod log_sink;
mod logging;
mod metrics;
mod queue;
mod schema;
mod service;
mod sink;
pub mod slo;
mod table;
#[cfg(test)]
mod tests;

pub use error::TelemetryError;
pub use event::{Event, FallbackAttempt, FallbackSummary, RaceEvent};
pub use jsonl::{DEFAULT_KEPT_FILES, DEFAULT_MAX_FILE_BYTES, JsonlOptions};
pub use log_sink::EVENTS_TARGET;
pub use logging::{Verbosity, init};
pub use metrics::{
    BreakerState, CacheVerdict, HostClass, Metrics, MetricsServer, MetricsServerError,
};
pub use schema::{EventSchema, event_schemas};
pub use service::{Closing, QUEUED_BYTES, QUEUED_EVENTS, Telemetry, TelemetryOptions};
pub use table::{DEFAULT_RETENTION, TableOptions};
