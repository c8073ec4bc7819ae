//! The open-data bucket's two kinds of answers: the listing of an article's
//! versions and a version's metadata.

use paperfall_adapter::{json, urls};
use serde::Deserialize;

/// Versions whose metadata is read; articles with more are unknown to us.
pub(crate) const MAX_VERSIONS: usize = 6;

/// The versions a ListObjectsV2 answer lists for an article, the newest first.
/// None when the text is no such answer.
pub(crate) fn versions(listing: &str, pmcid: &str) -> Option<Vec<u32>> {
    if !listing.contains("<ListBucketResult") {
        return None;
    }
    let mut versions: Vec<u32> = listing
        .split("<CommonPrefixes>")
        // What stands before the first is the echo of our own prefix.
        .skip(1)
        .filter_map(|part| {
            let prefix = part.split_once("<Prefix>")?.1.split_once("</Prefix>")?.0;
            let version = prefix.trim_end_matches('/').strip_prefix(pmcid)?;
            version.strip_prefix('.')?.parse().ok()
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.dedup();
    Some(versions)
}

/// One version's metadata.
#[derive(Deserialize)]
pub(crate) struct Article {
    pub(crate) pmcid: Option<String>,
    #[serde(skip)]
    pub(crate) version: u32,
    #[serde(default, deserialize_with = "json::text")]
    pub(crate) pmid: Option<String>,
    pub(crate) doi: Option<String>,
    #[serde(default)]
    pub(crate) is_pmc_openaccess: bool,
    #[serde(default)]
    pub(crate) is_manuscript: bool,
    #[serde(default)]
    pub(crate) is_historical_ocr: bool,
    #[serde(default)]
    pub(crate) is_retracted: bool,
    license_code: Option<String>,
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
            !self.is_manuscript,
            self.is_pmc_openaccess,
            !self.is_historical_ocr,
            self.version,
        )
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.is_manuscript {
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

    /// The PDF's key and checksum. The host in `pdf_url` is ignored: where the
    /// bucket lives is configured.
    pub(crate) fn file(&self) -> Option<File> {
        let url = self.pdf_url.as_deref()?.trim();
        let (_, rest) = url.split_once("://")?;
        let key = rest.split_once('/')?.1.split('?').next()?;
        let key = key.trim_start_matches('/');
        let md5 = urls::query_value(url, "md5")
            .filter(|md5| md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .map(|md5| md5.to_ascii_lowercase());
        (!key.is_empty()).then(|| File {
            path: urls::encode_path(key),
            md5,
        })
    }
}
