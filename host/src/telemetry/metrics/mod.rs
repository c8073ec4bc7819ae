//! Prometheus metrics of one process (`--metrics ADDR`).
//!
//! [`Metrics`] is a cheap handle that every room may hold and count with;
//! switched off it costs a look at a pointer. Labels come from closed sets or
//! from the plan: no identifiers, no URLs, no host names.

mod absent;
mod families;
mod from_events;
mod handle;
mod host_class;
mod labels;
mod server;

pub(super) use absent::SOURCES_THAT_AGREE;
pub use handle::{BreakerState, CacheVerdict, Metrics};
pub use host_class::HostClass;
pub use server::{MetricsServer, MetricsServerError};
