//! The file of a recording: HAR 1.2, entry by entry, closed after each.
//!
//! After every entry the file is complete; the next one overwrites its closing
//! brackets. A run that is killed leaves a recording of what had ended.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde_json::{Map, Value, json};
use url::Url;

use super::FixedWorld;
use super::model::Notes;
use super::redact::Redactor;
use super::tap::{Draft, Ended, Head, How};
use crate::http::decode;
use crate::http::request::{Method, Role};
use crate::http::secrets::Secrets;
use crate::http::session::BODY_MAX_BYTES;

const TAIL: &[u8] = b"\n]}}\n";
/// A multiple of three: pieces of base64 fit together without padding.
const PIECE_BYTES: usize = 3 * 16 * 1024;

pub(super) struct Writer {
    file: File,
    /// Where the next entry goes: over the closing brackets.
    position: u64,
    entries: u64,
    redactor: Redactor,
}

/// A body as it is written.
struct Written {
    text: Option<String>,
    /// Read from the spool instead, in base64.
    spooled: bool,
    /// As it was sent, not as it was meant.
    encoded: bool,
    length: u64,
    /// Bytes that came over the wire.
    sent: u64,
}

impl Writer {
    pub(super) fn begin(file: File, redactor: Redactor, world: FixedWorld) -> io::Result<Self> {
        let now = world.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let head = format!(
            "{{\"log\":{{\"version\":\"1.2\",\"creator\":{},\"_paperfall\":{},\"entries\":[",
            json!({"name": "paperfall", "version": env!("CARGO_PKG_VERSION")}),
            json!({"now_ms": u64::try_from(now.as_millis()).unwrap_or(0), "seed": world.seed}),
        );
        let mut writer = Self {
            file,
            position: u64::try_from(head.len()).unwrap_or(u64::MAX),
            entries: 0,
            redactor,
        };
        writer.file.write_all(head.as_bytes())?;
        writer.file.write_all(TAIL)?;
        Ok(writer)
    }

    /// Adds an exchange.
    pub(super) fn append(&mut self, mut ended: Ended) -> io::Result<()> {
        std::mem::replace(&mut ended.spooled, Ok(()))?;
        let body = self.body(&mut ended)?;
        let entry = self.entry(&ended, &body).to_string();
        // The entry's last three brackets close content, response and entry:
        // the text goes in before them.
        let (before, after) = entry
            .split_at_checked(entry.len().saturating_sub(3))
            .unwrap_or((&entry, ""));
        self.file.seek(SeekFrom::Start(self.position))?;
        let mut out = BufWriter::with_capacity(256 * 1024, &self.file);
        out.write_all(if self.entries == 0 { b"\n" } else { b",\n" })?;
        out.write_all(before.as_bytes())?;
        if let Some(text) = &body.text {
            out.write_all(b",\"text\":")?;
            serde_json::to_writer(&mut out, text)?;
        } else if body.spooled {
            out.write_all(b",\"encoding\":\"base64\",\"text\":\"")?;
            write_base64(&mut out, ended.draft.body.reader()?)?;
            out.write_all(b"\"")?;
        }
        out.write_all(after.as_bytes())?;
        out.write_all(TAIL)?;
        out.flush()?;
        drop(out);
        // Nothing of a former end may stay behind this one.
        let end = self.file.stream_position()?;
        self.file.set_len(end)?;
        let tail = u64::try_from(TAIL.len()).unwrap_or_default();
        self.position = self.file.stream_position()?.saturating_sub(tail);
        self.entries = self.entries.saturating_add(1);
        Ok(())
    }

    /// Adds what is known only at the end: how the races went. Another entry
    /// may still come.
    pub(super) fn close(&mut self, notes: &Notes) -> io::Result<()> {
        let notes = serde_json::to_string(notes)?;
        self.file.seek(SeekFrom::Start(self.position))?;
        let mut out = BufWriter::new(&self.file);
        write!(out, "\n],\"_races\":{notes}}}}}\n")?;
        out.flush()?;
        drop(out);
        let end = self.file.stream_position()?;
        self.file.set_len(end)
    }

    /// The body decoded where that is what its reader did, without what is
    /// private, as text where it is text.
    fn body(&self, ended: &mut Ended) -> io::Result<Written> {
        let draft = &mut ended.draft;
        let sent = draft.body.len();
        let Some(head) = draft.head.as_ref().filter(|_| sent > 0) else {
            return Ok(Written {
                text: None,
                spooled: false,
                encoded: false,
                length: 0,
                sent,
            });
        };
        let encodings = decode::declared(&head.headers, "");
        let plain = encodings.as_ref().is_ok_and(Vec::is_empty);
        let as_sent = Written {
            text: None,
            spooled: true,
            encoded: !plain,
            length: sent,
            sent,
        };
        let Some(bytes) = draft.body.whole(BODY_MAX_BYTES)? else {
            return Ok(as_sent);
        };
        let readable = draft.role != Role::Artifact && matches!(ended.how, How::Whole);
        let meant = match encodings {
            Ok(_) if plain => Some(bytes),
            Ok(encodings) if readable => {
                decode::whole(&encodings, bytes, BODY_MAX_BYTES).map(Bytes::from)
            }
            _ => None,
        };
        let Some(meant) = meant else {
            return Ok(as_sent);
        };
        let redacted = self
            .redactor
            .body(draft.secrets.redact_bytes_unless_pdf(meant));
        let length = u64::try_from(redacted.len()).unwrap_or(u64::MAX);
        if let Ok(text) = String::from_utf8(redacted.to_vec()) {
            return Ok(Written {
                text: Some(text),
                spooled: false,
                encoded: false,
                length,
                sent,
            });
        }
        draft.body = super::spool::Spool::of(redacted);
        Ok(Written {
            text: None,
            spooled: true,
            encoded: false,
            length,
            sent,
        })
    }

    /// The entry without its body's text, whose place is before the last
    /// three brackets.
    fn entry(&self, ended: &Ended, body: &Written) -> Value {
        let draft = &ended.draft;
        let secrets = &draft.secrets;
        let url = self.redactor.url(&draft.url);
        let query: Vec<Value> = Url::parse(&url)
            .map(|url| {
                let pairs = url.query_pairs();
                pairs
                    .map(|(name, value)| json!({"name": name, "value": value}))
                    .collect()
            })
            .unwrap_or_default();
        let after = draft.head.as_ref().map_or(ended.took, |head| head.after);
        let mut entry = object(json!({
            "startedDateTime": timestamp(draft.started),
            "time": millis(ended.took),
            "request": {
                "method": match draft.method { Method::Get => "GET", Method::Head => "HEAD" },
                "url": url,
                "httpVersion": "unknown",
                "cookies": [],
                "headers": self.headers(&draft.headers, secrets),
                "queryString": query,
                "headersSize": -1,
                "bodySize": 0,
            },
            "cache": {},
            "timings": {
                "send": 0,
                "wait": millis(after),
                "receive": millis(ended.took.saturating_sub(after)),
            },
        }));
        if let Some(address) = draft.head.as_ref().and_then(|head| head.address) {
            entry.insert(
                "serverIPAddress".to_owned(),
                json!(address.ip().to_string()),
            );
            entry.insert("connection".to_owned(), json!(address.port().to_string()));
        }
        if draft.from_cache {
            entry.insert("_fromCache".to_owned(), json!("disk"));
        }
        let mut own = object(json!({"work": draft.scope.label(), "start": draft.start}));
        if let Some(end) = ended.end {
            own.insert("end".to_owned(), json!(end));
        }
        own.insert("step".to_owned(), json!(ended.step));
        if body.encoded {
            own.insert("encoded".to_owned(), json!(true));
        }
        match &ended.how {
            How::Whole => {}
            How::Cut => {
                entry.insert("_aborted".to_owned(), json!(true));
            }
            How::Deadline => {
                entry.insert("_error".to_owned(), json!("timeout"));
                own.insert("deadline".to_owned(), json!(true));
            }
            How::Failed(fault) => {
                entry.insert("_error".to_owned(), json!(fault.name()));
                let message = self.redactor.text(&secrets.redact(&fault.message));
                entry.insert("_error_message".to_owned(), json!(message));
                if fault.ended_early {
                    own.insert("ended_early".to_owned(), json!(true));
                }
            }
        }
        entry.insert("_paperfall".to_owned(), own.into());
        entry.insert("response".to_owned(), self.response(draft, body));
        entry.into()
    }

    fn response(&self, draft: &Draft, body: &Written) -> Value {
        let head = draft.head.as_ref();
        let header = |name| head.and_then(|head: &Head| head.headers.get(name)?.to_str().ok());
        let location = header(LOCATION).map(|to| self.location(to, &draft.secrets));
        let mime = header(CONTENT_TYPE).unwrap_or("x-unknown");
        json!({
            "status": head.map_or(0, |head| head.status),
            "statusText": head
                .and_then(|head| reqwest::StatusCode::from_u16(head.status).ok())
                .and_then(|status| status.canonical_reason())
                .unwrap_or_default(),
            "httpVersion": "unknown",
            "cookies": [],
            "headers": head.map_or_else(Vec::new, |head| self.headers(&head.headers, &draft.secrets)),
            "redirectURL": location.unwrap_or_default(),
            "headersSize": -1,
            "bodySize": if head.is_some() { json!(body.sent) } else { json!(-1) },
            "content": { "size": body.length, "mimeType": mime },
        })
    }

    fn headers(&self, headers: &HeaderMap, secrets: &Secrets) -> Vec<Value> {
        headers
            .iter()
            .map(|(name, value)| {
                let value = value.as_bytes();
                let value = match std::str::from_utf8(value) {
                    Ok(text) => text.to_owned(),
                    Err(_) => value.iter().map(|byte| char::from(*byte)).collect(),
                };
                let value = if name == LOCATION {
                    self.location(&value, secrets)
                } else {
                    self.redactor.text(&secrets.redact(&value))
                };
                json!({"name": name.as_str(), "value": value})
            })
            .collect()
    }

    /// Where a redirect leads, spelled as it came unless that is private.
    fn location(&self, to: &str, secrets: &Secrets) -> String {
        let plain = self.redactor.text(&secrets.redact(to));
        let redacted = self.redactor.url(&plain);
        match Url::parse(&plain) {
            Ok(url) if url.query() != Url::parse(&redacted).ok().as_ref().and_then(Url::query) => {
                redacted
            }
            _ => plain,
        }
    }
}

/// The members of an object, in their order.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn write_base64(out: &mut impl Write, mut body: impl Read) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let mut filled = 0;
        while let Some(room) = piece.get_mut(filled..).filter(|room| !room.is_empty()) {
            match body.read(room)? {
                0 => break,
                count => filled += count,
            }
        }
        let read = piece.get(..filled).unwrap_or_default();
        if read.is_empty() {
            return Ok(());
        }
        out.write_all(STANDARD.encode(read).as_bytes())?;
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn timestamp(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}
