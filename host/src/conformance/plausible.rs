//! Answers an unknown adapter can make something of.
//!
//! Nobody knows what service it talks to, so the record speaks many dialects
//! at once: the names under which the well-known indexes keep identifiers,
//! PDF addresses and pages. A page says what repositories' pages say.

use bytes::Bytes;
use serde_json::{Value, json};

use super::scene::SCHEMES;
use crate::http::{Asked, Reply, Role};

/// Where the paper is.
const PDF: &str = "https://repository.example/files/4375.pdf";
/// Where a page about it is.
const LANDING: &str = "https://repository.example/handle/1/4375";
const TITLE: &str = "On the conduct of adapters";
/// The shortest text that begins and ends like a PDF.
const PDF_BYTES: &[u8] =
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// What a service of this kind would answer: what it calls it, and the body.
pub(super) fn answer(asked: &Asked) -> (&'static str, Bytes) {
    match asked.role {
        Role::Metadata => ("application/json", json().to_string().into()),
        Role::Landing => ("text/html; charset=utf-8", html(PDF).into()),
        Role::Artifact => ("application/pdf", PDF_BYTES.into()),
    }
}

/// A record of the work.
pub(super) fn json() -> Value {
    record(PDF, LANDING)
}

/// A record, or a page, with yet another page behind it.
pub(super) fn endless(asked: &Asked, count: usize) -> Reply {
    let mut next = asked.url.clone();
    next.query_pairs_mut()
        .append_pair("page", &count.to_string());
    let next = next.as_str();
    if asked.role != Role::Metadata {
        let refresh = format!("<meta http-equiv=\"refresh\" content=\"0; url={next}\">");
        let link = format!("<a rel=\"next\" href=\"{next}\">next</a>");
        return Reply::html(format!("<html><head>{refresh}</head>{link}"));
    }
    let cursor = format!("cursor{count}");
    let empty: [u8; 0] = [];
    let body = json!({
        "next": next, "nextPage": next, "next_page": next, "next_url": next, "nextLink": next,
        "links": {"next": next}, "meta": {"next_cursor": cursor, "count": 1_000_000},
        "nextCursorMark": cursor, "cursor": cursor, "nextPageToken": cursor,
        "next-cursor": cursor, "token": cursor, "hasMore": true, "has_more": true,
        "total": 1_000_000, "totalHits": 1_000_000, "hitCount": 1_000_000,
        "results": empty, "data": empty, "items": empty, "hits": {"hits": empty},
        "resultList": {"result": empty}, "message": {"items": empty, "next-cursor": cursor},
    });
    Reply::json(body.to_string())
}

/// The same record and page, with addresses and words nobody should pass on.
pub(super) fn hostile(asked: &Asked) -> Reply {
    let bad = "javascript:alert('\u{1b}[2J')//\u{202e}";
    match asked.role {
        Role::Metadata => {
            let mut body = record(bad, "file:///etc/passwd");
            if let Some(fields) = body.as_object_mut() {
                let more = ["next", "nextPage", "next_page", "next_url", "nextLink"];
                for name in more {
                    fields.insert(name.to_owned(), "https://undeclared.example/next".into());
                }
            }
            Reply::json(body.to_string())
        }
        Role::Landing => Reply::html(html(bad)),
        Role::Artifact => Reply::pdf(PDF_BYTES),
    }
}

fn html(pdf: &str) -> String {
    let doi = SCHEMES.first().map_or("", |(_, doi)| doi);
    format!(
        "<!DOCTYPE html><html><head><title>{TITLE}</title>\
         <meta name=\"citation_title\" content=\"{TITLE}\">\
         <meta name=\"citation_doi\" content=\"{doi}\">\
         <meta name=\"citation_pdf_url\" content=\"{pdf}\">\
         </head><body><h1>{TITLE}</h1><p>An article about adapters and what they do all \
         day.</p><a href=\"{pdf}\">Download PDF</a></body></html>"
    )
}

fn record(pdf: &str, landing: &str) -> Value {
    let [(_, doi), (_, arxiv), (_, pmcid), (_, pmid), (_, openalex)] = SCHEMES;
    let doi_url = format!("https://doi.org/{doi}");
    let location = json!({
        "url": pdf, "url_for_pdf": pdf, "url_for_landing_page": landing,
        "pdf_url": pdf, "landing_page_url": landing, "is_oa": true, "is_best": true,
        "version": "publishedVersion", "license": "cc-by", "host_type": "repository",
    });
    let link = json!({
        "url": pdf, "URL": pdf, "href": pdf, "content-type": "application/pdf",
        "documentStyle": "pdf", "availabilityCode": "OA", "type": "application/pdf",
    });
    let mut one = json!({
        "doi": doi, "DOI": doi, "title": TITLE, "display_name": TITLE, "genre": "journal-article",
        "pmid": pmid, "pmcid": pmcid, "arxiv": arxiv, "openalex": openalex,
        "ids": {"doi": doi_url, "pmid": pmid, "pmcid": pmcid, "openalex": openalex},
        "externalIds": {"DOI": doi, "ArXiv": arxiv, "PubMed": pmid, "PubMedCentral": pmcid},
        "is_oa": true, "isOpenAccess": true, "isOpenAccess2": "Y", "year": 2024,
        "best_oa_location": location, "primary_location": location,
        "oa_locations": [location], "locations": [location],
        "open_access": {"is_oa": true, "oa_url": pdf, "oa_status": "green"},
        "openAccessPdf": {"url": pdf, "status": "GREEN", "license": "CCBY"},
        "downloadUrl": pdf, "fulltextLink": pdf, "fullTextUrl": pdf, "pdfUrl": pdf, "pdf": pdf,
        "url": landing, "link": [link], "fullTextUrlList": {"fullTextUrl": [link]},
        "responseCode": 1, "status": "ok", "hitCount": 1, "count": 1, "totalHits": 1,
    });
    let nested = one.clone();
    if let Some(fields) = one.as_object_mut() {
        let records = [nested.clone()];
        fields.insert("results".to_owned(), json!(records));
        fields.insert("records".to_owned(), json!(records));
        fields.insert("data".to_owned(), json!(records));
        fields.insert("items".to_owned(), json!(records));
        fields.insert("resultList".to_owned(), json!({"result": records}));
        fields.insert("message".to_owned(), nested);
        let value = json!([{"type": "URL", "data": {"format": "string", "value": landing}}]);
        fields.insert("values".to_owned(), value);
    }
    one
}
