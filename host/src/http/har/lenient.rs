//! The fields of a HAR file, read as leniently as recorders write them.

use std::borrow::Cow;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use crate::http::error::HttpErrorKind;

/// Header lines of one message that are read.
pub(super) const HEADERS_MAX: usize = 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[derive(Deserialize)]
pub(super) struct Header {
    #[serde(default)]
    pub(super) name: Value,
    #[serde(default)]
    pub(super) value: Value,
}

pub(super) fn decode(text: &str) -> Result<Bytes, &'static str> {
    let plain: Cow<'_, str> = if text.contains(|c: char| c.is_ascii_whitespace()) {
        text.split_ascii_whitespace().collect::<String>().into()
    } else {
        text.into()
    };
    BASE64
        .decode(plain.as_bytes())
        .map(Bytes::from)
        .map_err(|_| "has a body that is said to be base64 and is not")
}

pub(super) fn header_map(lines: Vec<Header>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines.into_iter().take(HEADERS_MAX) {
        let (Some(name), Some(value)) = (text(&line.name), line.value.as_str()) else {
            continue;
        };
        // Browsers join several lines of one name by line feeds, and name
        // HTTP/2's pseudo-headers: those are no names.
        for value in value.split('\n') {
            let name = HeaderName::try_from(name.trim());
            let value = HeaderValue::from_bytes(value.trim().as_bytes());
            if let (Ok(name), Ok(value)) = (name, value) {
                map.try_append(name, value).ok();
            }
        }
    }
    map
}

pub(super) fn address(ip: &Value, connection: &Value) -> Option<SocketAddr> {
    let ip = text(ip)?;
    let ip = ip.trim_matches(['[', ']']).parse().ok()?;
    let port = text(connection).and_then(|port| port.parse().ok());
    Some(SocketAddr::new(ip, port.unwrap_or(0)))
}

/// What a recorded failure means here; the names of Chromium are understood.
pub(super) fn failure(error: &str) -> HttpErrorKind {
    if let Some(kind) = HttpErrorKind::named(error) {
        return kind;
    }
    let upper = error.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if has(&["NAME_NOT_RESOLVED", "NAME_RESOLUTION", "DNS"]) {
        HttpErrorKind::Dns
    } else if has(&["SSL", "CERT", "TLS"]) {
        HttpErrorKind::Tls
    } else if has(&[
        "REFUSED",
        "UNREACHABLE",
        "CONNECTION_FAILED",
        "CONNECTION_TIMED_OUT",
    ]) {
        HttpErrorKind::Connect
    } else if has(&[
        "RESET",
        "CLOSED",
        "EMPTY_RESPONSE",
        "CONTENT_LENGTH_MISMATCH",
    ]) {
        HttpErrorKind::Reset
    } else if has(&["TIMED_OUT", "TIMEOUT"]) {
        HttpErrorKind::Stalled
    } else {
        HttpErrorKind::Other
    }
}

/// A string, or a number as one.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A number, or a string that is one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

/// A moment in microseconds since 1970.
pub(super) fn moment(value: &Value) -> Option<u64> {
    let moment: jiff::Timestamp = value.as_str()?.trim().parse().ok()?;
    u64::try_from(moment.as_microsecond()).ok()
}
