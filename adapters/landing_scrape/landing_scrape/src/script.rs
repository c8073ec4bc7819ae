//! The PDF that a page names only in the data of its scripts. ScienceDirect
//! writes the parts of the address into a JSON script; they are put together
//! as its own "View PDF" button does, and believed only when the article's id
//! in them is the page's.

use paperfall_adapter::{Page, json, urls};
use serde::Deserialize;

/// JSON scripts of a page that are read, and the bytes of each.
const MAX_SCRIPTS: usize = 8;
const MAX_SCRIPT_BYTES: usize = 2 << 20;

#[derive(Deserialize)]
struct State {
    article: Option<Article>,
}

#[derive(Deserialize)]
struct Article {
    #[serde(rename = "pdfDownload")]
    download: Option<Download>,
}

#[derive(Deserialize)]
struct Download {
    #[serde(rename = "urlMetadata")]
    address: Option<Parts>,
}

#[derive(Deserialize)]
struct Parts {
    #[serde(rename = "queryParams")]
    query: Option<Query>,
    pii: String,
    #[serde(rename = "pdfExtension")]
    extension: String,
    path: String,
}

#[derive(Deserialize)]
struct Query {
    md5: String,
    pid: String,
}

/// The address a script gives, relative to the page's site.
pub(crate) fn pdf(page: &Page) -> Option<String> {
    page.elements(&["script"])
        .filter(|script| {
            script
                .attr("type")
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
        })
        .take(MAX_SCRIPTS)
        .map(|script| script.contents())
        .filter(|text| text.len() <= MAX_SCRIPT_BYTES && text.contains("\"pdfDownload\""))
        .find_map(|text| json::parse::<State>(&text)?.article?.download?.address)
        .and_then(|parts| address(page, &parts))
}

fn address(page: &Page, parts: &Parts) -> Option<String> {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_path = |text: &str| text.split('/').all(is_word);
    let is_pages = page
        .url()
        .split(['/', '?', '#'])
        .any(|segment| segment.eq_ignore_ascii_case(&parts.pii));
    if parts.pii.is_empty()
        || !is_pages
        || !is_word(&parts.pii)
        || !is_path(&parts.path)
        || !is_path(&parts.extension)
    {
        return None;
    }
    let url = format!(
        "/{}/{}/{}",
        parts.path.trim_matches('/'),
        parts.pii,
        parts.extension.trim_matches('/')
    );
    Some(match &parts.query {
        Some(query) => urls::with_query(&url, &[("md5", &query.md5), ("pid", &query.pid)]),
        None => url,
    })
}
