//! The index of captures (<https://github.com/internetarchive/wayback/tree/master/wayback-cdx-server>).

use std::collections::VecDeque;
use std::fmt;

use paperfall_adapter::{Host, Miss, Policy, Request, Response, json, urls};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Captures asked for, from the end of the list: the newest.
const NEWEST: &str = "-5";
/// Rows kept of an answer that lists more than it was asked for: the last,
/// since the index is in order of time.
const MAX_ROWS: usize = 200;
/// The columns of an answer in plain text, which does not name them.
const COLUMNS: [&str; 7] = [
    "urlkey",
    "timestamp",
    "original",
    "mimetype",
    "statuscode",
    "digest",
    "length",
];
/// How the index says that a site asked to be left out.
const EXCLUSIONS: [&str; 3] = [
    "AccessControlException",
    "Blocked Site Error",
    "excluded from the Wayback Machine",
];

/// One capture of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capture {
    /// `YYYYMMDDhhmmss`.
    pub(crate) timestamp: String,
    pub(crate) original: String,
    pub(crate) mimetype: String,
    /// Equal digests are equal bytes.
    pub(crate) digest: Option<String>,
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
    read(Request::metadata(asked).send(host)?)
}

fn read(response: Response) -> Result<Vec<Capture>, Miss> {
    let text = response.text();
    if EXCLUSIONS.iter().any(|words| text.contains(words)) {
        return Ok(Vec::new());
    }
    let response = response.answered()?;
    let text = response.text();
    let start = text.trim_start();
    // That there is nothing is said by `[]`.
    if start.is_empty() {
        return Err(Miss::bad_answer("a CDX answer, not an empty one").with_status(response.status));
    }
    if start.starts_with(['[', '{', '<']) {
        return parse(response.json("a CDX answer")?);
    }
    parse(plain(&text)?)
}

/// A table: the first row names the columns.
struct Table {
    names: Vec<Cell>,
    rows: VecDeque<Vec<Cell>>,
}

/// One field, which may come as a number or as `null`.
#[derive(Deserialize)]
struct Cell(#[serde(deserialize_with = "json::text")] Option<String>);

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Rows;

        impl<'de> Visitor<'de> for Rows {
            type Value = Table;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("rows of a table")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Table, A::Error> {
                let mut table = Table {
                    names: rows.next_element()?.unwrap_or_default(),
                    rows: VecDeque::new(),
                };
                while let Some(row) = rows.next_element()? {
                    table.push(row);
                }
                Ok(table)
            }
        }

        from.deserialize_seq(Rows)
    }
}

impl Table {
    fn push(&mut self, row: Vec<Cell>) {
        if self.rows.len() == MAX_ROWS {
            self.rows.pop_front();
        }
        self.rows.push_back(row);
    }
}

/// The table of an answer in plain text: one capture a line, columns between
/// white space.
fn plain(text: &str) -> Result<Table, Miss> {
    let cell = |text: &str| Cell(Some(text.to_owned()));
    let mut table = Table {
        names: COLUMNS.iter().map(|name| cell(name)).collect(),
        rows: VecDeque::new(),
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let row: Vec<Cell> = line.split_whitespace().map(cell).collect();
        if row.len() < COLUMNS.len() {
            return Err(Miss::bad_answer("a CDX answer of seven columns"));
        }
        table.push(row);
    }
    Ok(table)
}

fn parse(table: Table) -> Result<Vec<Capture>, Miss> {
    if table.names.is_empty() {
        return Ok(Vec::new());
    }
    let named = |name: &str| {
        table
            .names
            .iter()
            .position(|own| own.0.as_deref() == Some(name))
    };
    let column = |name: &str| {
        named(name).ok_or_else(|| Miss::bad_answer(&format!("a CDX answer with a column `{name}`")))
    };
    let (timestamp, original) = (column("timestamp")?, column("original")?);
    let (mimetype, status) = (column("mimetype")?, column("statuscode")?);
    let digest = named("digest");

    let mut captures = Vec::new();
    let mut revisits = Vec::new();
    for row in &table.rows {
        let field = |at: usize| row.get(at).and_then(|cell| cell.0.clone());
        let (Some(stamp), Some(original)) = (
            field(timestamp).filter(|stamp| is_timestamp(stamp)),
            field(original),
        ) else {
            continue;
        };
        let capture = Capture {
            timestamp: stamp,
            original,
            mimetype: field(mimetype).unwrap_or_default().to_ascii_lowercase(),
            digest: digest.and_then(field),
        };
        match field(status).as_deref() {
            Some("200") => captures.push(capture),
            // No status, but a note that the bytes were the same as before.
            Some("-") if capture.mimetype == "warc/revisit" => revisits.push(capture),
            _ => {}
        }
    }
    for revisit in revisits {
        let same = |known: &&Capture| known.digest.is_some() && known.digest == revisit.digest;
        if let Some(mimetype) = captures
            .iter()
            .find(same)
            .map(|known| known.mimetype.clone())
        {
            captures.push(Capture {
                mimetype,
                ..revisit
            });
        }
    }
    captures.sort_by(|a, b| (b.is_pdf(), &b.timestamp).cmp(&(a.is_pdf(), &a.timestamp)));
    Ok(captures)
}

pub(crate) fn is_timestamp(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit())
}
