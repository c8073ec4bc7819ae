//! The availability API (<https://archive.org/help/wayback_api.php>), which is
//! only good for a hint.

use paperfall_adapter::{Host, Miss, Policy, Request, json, urls};
use serde::Deserialize;

use crate::cdx::{Capture, is_timestamp};

#[derive(Deserialize)]
struct Availability {
    archived_snapshots: Snapshots,
}

#[derive(Deserialize)]
struct Snapshots {
    closest: Option<Closest>,
}

#[derive(Deserialize)]
struct Closest {
    #[serde(default, deserialize_with = "json::text")]
    timestamp: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "json::flag")]
    available: Option<bool>,
}

/// A capture the availability API names, of unknown type. None proves nothing:
/// the API misses https URLs (so it is asked for the http one; the archive
/// keeps them together) and queries.
pub(crate) fn hint(host: &dyn Host, policy: &Policy, url: &str) -> Result<Option<Capture>, Miss> {
    let plain = match url.strip_prefix("https://") {
        Some(rest) => format!("http://{rest}"),
        None => url.to_owned(),
    };
    let asked = urls::with_query(policy.base_url("availability-url")?, &[("url", &plain)]);
    let answer: Availability = Request::metadata(asked)
        .send(host)?
        .ok()?
        .json("an answer of the availability API")?;
    Ok(answer
        .archived_snapshots
        .closest
        .filter(|closest| {
            closest.available == Some(true) && closest.status.as_deref() == Some("200")
        })
        .and_then(|closest| closest.timestamp)
        .filter(|timestamp| is_timestamp(timestamp))
        .map(|timestamp| Capture {
            timestamp,
            // The address it names is a page for people, without `id_`.
            original: url.to_owned(),
            mimetype: "unk".to_owned(),
            digest: None,
        }))
}
