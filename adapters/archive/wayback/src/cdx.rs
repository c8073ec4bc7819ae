//! The index of captures (<https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server>)
//! and the availability API, which is only good for a hint.

use paperfall_adapter::{Host, Miss, Policy, Request, json, urls};
use serde::Deserialize;

/// Captures asked for, from the end of the list: the newest.
const NEWEST: &str = "-5";

/// One capture of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capture {
    /// `YYYYMMDDhhmmss`.
    pub(crate) timestamp: String,
    pub(crate) original: String,
    mimetype: String,
}

impl Capture {
    /// Whether the bytes may be a PDF: the recorded type says so or says
    /// nothing.
    pub(crate) fn may_be_pdf(&self) -> bool {
        !self.mimetype.starts_with("text/")
            && !self.mimetype.starts_with("image/")
            && !self.mimetype.contains("html")
    }

    fn is_pdf(&self) -> bool {
        self.mimetype == "application/pdf"
    }
}

/// The captures of a URL that were recorded with status 200: PDFs first, each
/// kind the newest first. None at all for a URL the archive excludes.
pub(crate) fn captures(host: &dyn Host, policy: &Policy, url: &str) -> Result<Vec<Capture>, Miss> {
    let asked = urls::with_query(
        policy.base_url("cdx-url")?,
        &[
            ("url", url),
            ("output", "json"),
            ("filter", "statuscode:200"),
            ("limit", NEWEST),
        ],
    );
    let response = Request::metadata(asked).send(host)?;
    // 403 is the index's word for a site that asked to be left out.
    if response.status == 403 {
        return Ok(Vec::new());
    }
    let response = response.ok()?;
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let rows: Vec<Vec<Option<String>>> = response.json("a CDX answer")?;
    parse(rows)
}

/// The first row names the columns.
fn parse(rows: Vec<Vec<Option<String>>>) -> Result<Vec<Capture>, Miss> {
    let mut rows = rows.into_iter();
    let Some(names) = rows.next() else {
        return Ok(Vec::new());
    };
    let column = |name: &str| {
        names
            .iter()
            .position(|own| own.as_deref() == Some(name))
            .ok_or_else(|| Miss::bad_answer(&format!("a CDX answer with a column `{name}`")))
    };
    let (timestamp, original) = (column("timestamp")?, column("original")?);
    let (mimetype, status) = (column("mimetype")?, column("statuscode")?);
    let mut captures: Vec<Capture> = rows
        .filter_map(|row| {
            let field = |at: usize| row.get(at).cloned().flatten();
            // `-` is a revisit record, not a status.
            (field(status)? == "200").then_some(())?;
            Some(Capture {
                timestamp: field(timestamp).filter(|stamp| is_timestamp(stamp))?,
                original: field(original)?,
                mimetype: field(mimetype)?.to_ascii_lowercase(),
            })
        })
        .collect();
    captures.sort_by(|a, b| (b.is_pdf(), &b.timestamp).cmp(&(a.is_pdf(), &a.timestamp)));
    Ok(captures)
}

fn is_timestamp(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit())
}

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
    timestamp: String,
    #[serde(default, deserialize_with = "json::text")]
    status: Option<String>,
    #[serde(default)]
    available: bool,
}

/// A capture the availability API names, of unknown type. None proves nothing:
/// the API misses https URLs and queries.
pub(crate) fn hint(host: &dyn Host, policy: &Policy, url: &str) -> Result<Option<Capture>, Miss> {
    let asked = urls::with_query(policy.base_url("availability-url")?, &[("url", url)]);
    let answer: Availability = Request::metadata(asked)
        .send(host)?
        .ok()?
        .json("an answer of the availability API")?;
    Ok(answer
        .archived_snapshots
        .closest
        .filter(|closest| closest.available && closest.status.as_deref() == Some("200"))
        .filter(|closest| is_timestamp(&closest.timestamp))
        .map(|closest| Capture {
            timestamp: closest.timestamp,
            original: url.to_owned(),
            mimetype: "unk".to_owned(),
        }))
}
