//! An event with its place in time and order, and its one line of JSON.

use std::time::SystemTime;

use uuid::Uuid;

use super::event::Event;

/// An event as it was emitted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recorded {
    /// Its place among this process's events, from 1. A gap is a dropped event.
    pub(super) seq: u64,
    /// The wall clock when it was emitted.
    pub(super) at: SystemTime,
    /// What happened.
    pub(super) event: Event,
}

impl Recorded {
    /// When it was emitted, as the envelope has it: RFC 3339 UTC, microseconds.
    pub(super) fn timestamp(&self) -> String {
        // A clock before 9999 BC or after AD 9999 is shown as the epoch.
        let at = jiff::Timestamp::try_from(self.at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        format!("{at:.6}")
    }

    /// The event's own fields as one JSON object.
    pub(super) fn fields(&self) -> serde_json::Result<String> {
        let body = serde_json::to_string(&self.event)?;
        Ok(format!("{{{}", self.own_fields(&body)))
    }

    /// Appends the envelope and the event's fields, one line of JSON.
    pub(super) fn write_line(&self, run_id: Uuid, line: &mut String) -> serde_json::Result<()> {
        let body = serde_json::to_string(&self.event)?;
        let fields = self.own_fields(&body);
        // An event without fields would leave a comma behind; none is.
        line.push_str(&format!(
            "{{\"event\":\"{}\",\"ts\":\"{}\",\"run_id\":\"{run_id}\",\"seq\":{},{fields}\n",
            self.event.name(),
            self.timestamp(),
            self.seq,
        ));
        Ok(())
    }

    /// The serialised event behind its tag, which serde puts first.
    fn own_fields<'a>(&self, body: &'a str) -> &'a str {
        body.strip_prefix("{\"event\":\"")
            .and_then(|rest| rest.strip_prefix(self.event.name()))
            .and_then(|rest| rest.strip_prefix("\","))
            .unwrap_or(body)
    }
}
