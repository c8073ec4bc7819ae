//! A trial as JSON: all of it, and the part of it that no clock decides.

use serde_json::{Value, json};

use super::trial::{Receipt, Trial};
use crate::http::Hop;
use crate::sandbox::{Findings, HostCall};

impl Trial {
    /// Everything: result, candidates' verdicts, requests, log, receipt.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut account = self.result_json();
        let rest = json!({
            "work_id": self.work_id,
            "status": self.status,
            "message": self.message,
            "candidates": self.candidates.iter().map(|candidate| json!({
                "url": candidate.url,
                "verdict": candidate.refused.as_ref().map_or("a PDF", |reason| reason.as_str()),
                "message": candidate.message,
            })).collect::<Vec<_>>(),
            "calls": self.calls.iter().map(call).collect::<Vec<_>>(),
            "log": self.log.iter().map(|line| json!({
                "level": line.level, "message": line.message,
            })).collect::<Vec<_>>(),
            "log_dropped": self.log_dropped,
            "receipt": self.receipt.to_json(),
        });
        if let (Value::Object(account), Value::Object(rest)) = (&mut account, rest) {
            account.extend(rest);
        }
        account
    }

    /// What a repetition over the same recording must come to again: outcome,
    /// reason, URL and findings.
    #[must_use]
    pub fn result_json(&self) -> Value {
        json!({
            "outcome": self.outcome,
            "reason": self.reason,
            "url": self.url,
            "findings": self.findings.as_ref().map(findings),
        })
    }
}

impl Receipt {
    /// Times in microseconds, sizes in bytes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let micros =
            |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        json!({
            "memory_peak_bytes": self.memory_peak_bytes,
            "wasm_us": micros(self.wasm_time),
            "host_wait_us": micros(self.host_wait),
            "elapsed_us": micros(self.elapsed),
            "requests": self.requests,
            "retries": self.retries,
            "bytes": self.bytes,
        })
    }
}

fn findings(findings: &Findings) -> Value {
    json!({
        "candidates": findings.candidates.iter().map(|candidate| json!({
            "url": candidate.url.to_string(),
            "reason": candidate.reason,
            "version": candidate.version,
            "license": candidate.license,
            "checksum": candidate.checksum.as_ref().map(ToString::to_string),
            "notes": candidate.notes,
        })).collect::<Vec<_>>(),
        "landing_urls": findings.landing_urls.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "identifiers": findings.identifiers.iter().map(|identifier| json!({
            "scheme": identifier.scheme, "value": identifier.value,
        })).collect::<Vec<_>>(),
        "reason": findings.reason,
    })
}

fn call(call: &HostCall) -> Value {
    let (status, error) = match &call.result {
        Ok(status) => (Some(*status), None),
        Err((kind, message)) => (
            None,
            Some(json!({"kind": kind.as_str(), "message": message})),
        ),
    };
    json!({
        "what": call.what,
        "url": call.url,
        "status": status,
        "error": error,
        "hops": call.hops.iter().map(hop).collect::<Vec<_>>(),
        "elapsed_us": u64::try_from(call.elapsed.as_micros()).unwrap_or(u64::MAX),
    })
}

fn hop(hop: &Hop) -> Value {
    json!({
        "url": hop.url.to_string(),
        "rule": hop.rule,
        "status": hop.status,
        "retries": hop.verdicts.retries,
        "cache": hop.verdicts.cache.to_string(),
        "bytes": hop.bytes,
    })
}
