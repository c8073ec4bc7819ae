//! The part of an Unpaywall record the adapter reads
//! (<https://unpaywall.org/data-format>).

use paperfall_adapter::json;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Record {
    pub(crate) is_oa: Option<bool>,
    pub(crate) genre: Option<String>,
    pub(crate) oa_locations: Option<Vec<Location>>,
    pub(crate) best_oa_location: Option<Location>,
    #[serde(default, deserialize_with = "json::list")]
    pub(crate) oa_locations_embargoed: Vec<Location>,
}

#[derive(Deserialize)]
pub(crate) struct Location {
    pub(crate) url_for_pdf: Option<String>,
    pub(crate) url_for_landing_page: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) pmh_id: Option<String>,
    pub(crate) is_best: Option<bool>,
    pub(crate) version: Option<String>,
    pub(crate) host_type: Option<String>,
    pub(crate) license: Option<String>,
}
