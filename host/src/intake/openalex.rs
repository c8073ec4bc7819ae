//! Works as OpenAlex describes them (<https://docs.openalex.org/api-entities/works/work-object>):
//! one object of its snapshot or of an API answer's `results`.
//!
//! Any field may be null or missing, and often is.

use paperfall_identifiers::{AnyId, OpenAlexId, WebUrl};
use serde_json::Value;

use super::draft::{Draft, Field};
use super::json::{Object, texts};
use super::{ReadWork, WorkError};

/// Fields that only OpenAlex's shape has.
const TELLING_FIELDS: [&str; 5] = [
    "ids",
    "primary_location",
    "best_oa_location",
    "locations",
    "open_access",
];

/// Whether an object has OpenAlex's shape.
pub(super) fn looks_like(object: &Object) -> bool {
    let names_openalex = object
        .get("id")
        .and_then(Value::as_str)
        .is_some_and(|id| id.contains("openalex.org/"));
    names_openalex
        || TELLING_FIELDS
            .iter()
            .any(|field| object.contains_key(*field))
}

/// Reads one OpenAlex work. Its own id names it, unless a `work_id` was added.
pub(super) fn work_from(object: &Object) -> Result<ReadWork, WorkError> {
    let mut draft = Draft::default();
    match object
        .get("id")
        .and_then(Value::as_str)
        .map(OpenAlexId::parse)
    {
        Some(Ok(id)) => {
            take(&mut draft, object, "work_id", Field::WorkId);
            draft.field(Field::WorkId, "id", id.as_str());
            draft.field(Field::Scheme("openalex"), "id", id.as_str());
        }
        // An author or a source is no work, whatever else it carries.
        Some(Err(error)) => return Err(WorkError::from(error).in_field("id")),
        None => take(&mut draft, object, "work_id", Field::WorkId),
    }
    take(&mut draft, object, "artifact_id", Field::ArtifactId);
    take(&mut draft, object, "doi", Field::Scheme("doi"));
    if let Some(Value::Object(ids)) = object.get("ids") {
        for scheme in ["doi", "pmcid", "pmid", "openalex"] {
            take(&mut draft, ids, scheme, Field::Scheme(scheme));
        }
    }
    take(&mut draft, object, "title", Field::Title);
    take(&mut draft, object, "display_name", Field::Title);

    let listed = object.get("locations").and_then(Value::as_array);
    let locations = [
        object.get("best_oa_location"),
        object.get("primary_location"),
    ]
    .into_iter()
    .flatten()
    .chain(listed.into_iter().flatten())
    .filter_map(Value::as_object);
    for location in locations {
        take(&mut draft, location, "pdf_url", Field::PdfUrl);
        for text in field_texts(&mut draft, location, "landing_page_url") {
            draft.field(page_kind(&text), "landing_page_url", &text);
        }
    }
    if let Some(Value::Object(open_access)) = object.get("open_access") {
        for text in field_texts(&mut draft, open_access, "oa_url") {
            match page_kind(&text) {
                Field::LandingUrl => draft.loose_url("oa_url", &text),
                field => draft.field(field, "oa_url", &text),
            }
        }
    }
    draft.finish()
}

/// A landing page that is an identifier's own page (doi.org, PubMed, PMC,
/// arXiv) is worth its identifier; the sources know how to reach it.
fn page_kind(text: &str) -> Field {
    let url = WebUrl::parse(text).ok();
    match url.map(|url| AnyId::parse(url.as_str())) {
        Some(Ok(AnyId::Url(_)) | Err(_)) | None => Field::LandingUrl,
        Some(Ok(_)) => Field::Id,
    }
}

fn take(draft: &mut Draft, object: &Object, name: &str, field: Field) {
    for text in field_texts(draft, object, name) {
        draft.field(field, name, &text);
    }
}

fn field_texts(draft: &mut Draft, object: &Object, name: &str) -> Vec<String> {
    match object.get(name) {
        Some(value) => texts(draft, name, value),
        None => Vec::new(),
    }
}
