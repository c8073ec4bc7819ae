//! The part of an Unpaywall record the adapter reads
//! (<https://unpaywall.org/data-format>), and the object it answers instead
//! when something is wrong.

use paperfall_adapter::json;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Record {
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) doi: Option<String>,
    #[serde(default, deserialize_with = "json::flag")]
    pub(crate) is_oa: Option<bool>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) genre: Option<String>,
    #[serde(default, deserialize_with = "json::flag")]
    pub(crate) is_paratext: Option<bool>,
    #[serde(default, deserialize_with = "json::list")]
    pub(crate) oa_locations: Vec<Location>,
    #[serde(default, deserialize_with = "json::part")]
    pub(crate) best_oa_location: Option<Location>,
    #[serde(default, deserialize_with = "json::list")]
    pub(crate) oa_locations_embargoed: Vec<Location>,
}

impl Record {
    /// What else than a work of its own the record describes: its locations
    /// lead to the article it belongs to (figures and tables, reviews) or to
    /// the issue (covers, lists of contents).
    pub(crate) fn no_work(&self) -> Option<&'static str> {
        let genre = self.genre.as_deref().unwrap_or_default().trim();
        if genre.eq_ignore_ascii_case("component") {
            Some("component")
        } else if genre.eq_ignore_ascii_case("peer-review") {
            Some("peer_review")
        } else if self.is_paratext == Some(true) {
            Some("paratext")
        } else {
            None
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Location {
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) url_for_pdf: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) url_for_landing_page: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) url: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) pmh_id: Option<String>,
    #[serde(default, deserialize_with = "json::flag")]
    pub(crate) is_best: Option<bool>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) version: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) host_type: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) license: Option<String>,
}

/// What Unpaywall sends when it refuses or does not know, whatever the HTTP
/// status says.
#[derive(Deserialize)]
pub(crate) struct Refusal {
    #[serde(default, deserialize_with = "json::flag")]
    error: Option<bool>,
    #[serde(default, rename = "HTTP_status_code", deserialize_with = "json::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) message: Option<String>,
}

impl Refusal {
    /// The status the object names, if it is an error at all.
    pub(crate) fn status(&self) -> Option<u16> {
        let status = self.status.as_deref()?.trim().parse().ok()?;
        (self.error == Some(true) && status >= 400).then_some(status)
    }
}
