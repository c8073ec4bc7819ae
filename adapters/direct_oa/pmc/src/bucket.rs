//! The open-data bucket's two kinds of answers: the listing of an article's
//! versions and a version's metadata.

use paperfall_adapter::{json, urls};
use serde::Deserialize;

/// Versions whose metadata is read; articles with more are unknown to us.
pub(crate) const MAX_VERSIONS: usize = 6;

/// Pages of a listing that are read; a page names a thousand versions.
pub(crate) const MAX_LISTINGS: usize = 3;

/// One page of a listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) versions: Vec<u32>,
    /// What to ask with for the next page, where there is one.
    pub(crate) next: Option<String>,
}

/// The versions a ListObjectsV2 answer lists for an article. None when the
/// text is no such answer, or not the whole of one: half a listing must not
/// pass for an article without versions.
pub(crate) fn listing(text: &str, pmcid: &str) -> Option<Listing> {
    let (_, text) = text.split_once("<ListBucketResult")?;
    let (text, _) = text.split_once("</ListBucketResult>")?;
    let versions = text
        .split("<CommonPrefixes>")
        // What stands before the first is the echo of our own prefix.
        .skip(1)
        .filter_map(|part| {
            let version = element(part, "Prefix")?
                .trim_end_matches('/')
                .strip_prefix(pmcid)?;
            version.strip_prefix('.')?.parse().ok()
        })
        .collect();
    let truncated = element(text, "IsTruncated").is_some_and(|word| word == "true");
    let next = element(text, "NextContinuationToken").filter(|_| truncated);
    Some(Listing {
        versions,
        next: next.map(|token| token.replace("&amp;", "&")),
    })
}

/// The text of the first element of this name, which contains no other.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0.trim())
}

/// One version's metadata.
#[derive(Deserialize)]
pub(crate) struct Article {
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) pmcid: Option<String>,
    #[serde(skip)]
    pub(crate) version: u32,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) pmid: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) doi: Option<String>,
    #[serde(default, deserialize_with = "json::flag")]
    is_pmc_openaccess: Option<bool>,
    #[serde(default, deserialize_with = "json::flag")]
    is_manuscript: Option<bool>,
    #[serde(default, deserialize_with = "json::flag")]
    is_historical_ocr: Option<bool>,
    #[serde(default, deserialize_with = "json::flag")]
    is_retracted: Option<bool>,
    #[serde(default, deserialize_with = "json::text")]
    license_code: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    pdf_url: Option<String>,
}

/// A PDF in the bucket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its key, encoded for a URL's path.
    pub(crate) path: String,
    pub(crate) md5: Option<String>,
}

impl Article {
    /// The better, the greater: the publisher's version before a manuscript,
    /// open before merely free, set text before a scan, then the newer. The
    /// version number alone says little: a manuscript may come later.
    pub(crate) fn rank(&self) -> (bool, bool, bool, u32) {
        (
            self.is_manuscript != Some(true),
            self.is_pmc_openaccess == Some(true),
            self.is_historical_ocr != Some(true),
            self.version,
        )
    }

    /// What the result should say about this version. Outside the open-access
    /// subset an article is free to read and no more; that is reason enough to
    /// obtain it, and said. A retracted one is obtained, too, and said.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &'static str> {
        [
            (self.is_retracted == Some(true), "retracted"),
            (self.is_pmc_openaccess == Some(false), "free_to_read"),
        ]
        .into_iter()
        .filter_map(|(holds, note)| holds.then_some(note))
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.is_manuscript == Some(true) {
            "acceptedVersion"
        } else {
            "publishedVersion"
        }
    }

    /// The licence in the spelling other sources use: `CC BY` is `cc-by`.
    pub(crate) fn license(&self) -> Option<String> {
        let code = self.license_code.as_deref()?.trim();
        (!code.is_empty()).then(|| {
            code.to_lowercase()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join("-")
        })
    }

    /// Whether the metadata name a PDF at all.
    pub(crate) fn has_file(&self) -> bool {
        self.pdf_url
            .as_deref()
            .is_some_and(|url| !url.trim().is_empty())
    }

    /// The PDF's key and checksum. The host in `pdf_url` is ignored: where the
    /// bucket lives is configured. None for a key of another article's.
    pub(crate) fn file(&self, pmcid: &str) -> Option<File> {
        let url = self.pdf_url.as_deref()?.trim();
        let (_, rest) = url.split_once("://")?;
        let key = rest.split_once('/')?.1.split('?').next()?;
        let key = key.trim_start_matches('/');
        key.strip_prefix(pmcid)?.strip_prefix('.')?;
        // Where such steps lead is decided by whoever reads the URL.
        if key.split('/').any(|step| matches!(step, "." | "..")) {
            return None;
        }
        let md5 = urls::query_value(url, "md5")
            .filter(|md5| md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .map(|md5| md5.to_ascii_lowercase());
        Some(File {
            path: urls::encode_path(key),
            md5,
        })
    }
}
