//! The events' JSON schemas, one each, for those who read them by machine.

/// What one event looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSchema {
    /// The event's name.
    pub event: &'static str,
    /// JSON Schema, draft 2020-12. Fields may be added to events later, so no
    /// schema forbids others.
    pub schema: &'static str,
}

macro_rules! schemas {
    ($($event:literal)*) => {
        &[$(EventSchema {
            event: $event,
            schema: include_str!(concat!("schemas/", $event, ".json")),
        },)*]
    };
}

/// All eleven.
#[must_use]
pub const fn event_schemas() -> &'static [EventSchema] {
    schemas! {
        "job_planned"
        "job_leased"
        "job_state_changed"
        "lease_renewed"
        "lease_released"
        "operation_started"
        "operation_completed"
        "crash_recovery_event"
        "idempotency_replay"
        "fallback_attempt"
        "fallback_summary"
    }
}
