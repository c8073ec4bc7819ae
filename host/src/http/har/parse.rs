//! From the bytes of a HAR file to a [`Recording`].
//!
//! Lenient where recorders differ (missing or `null` fields, numbers that are
//! strings, a byte order mark, base64 without padding, sizes that are wrong),
//! strict where guessing would answer the wrong thing: an entry without a
//! request, a body that is no base64.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use serde::Deserialize;
use serde_json::Value;

use super::error::HarError;
use super::lenient::{Header, address, decode, failure, header_map, moment, number, text};
use super::model::{Ending, FixedWorld, Notes, Place, Recorded, RecordedAnswer, Recording};
use crate::http::error::HttpErrorKind;

/// Exchanges that took longer took this long.
const TOOK_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The largest recording that is read.
pub const HAR_MAX_BYTES: u64 = 1024 * 1024 * 1024;

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    log: Option<Log<'a>>,
}

#[derive(Deserialize)]
struct Log<'a> {
    creator: Option<Creator>,
    #[serde(borrow)]
    entries: Option<Vec<Entry<'a>>>,
    #[serde(rename = "_paperfall")]
    world: Option<World>,
    #[serde(default, rename = "_races")]
    notes: Option<Notes>,
}

#[derive(Deserialize)]
struct Creator {
    #[serde(default)]
    name: Value,
}

#[derive(Deserialize)]
struct World {
    now_ms: u64,
    seed: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(default)]
    started_date_time: Value,
    #[serde(default)]
    time: Value,
    request: Option<Request>,
    #[serde(borrow)]
    response: Option<Response<'a>>,
    #[serde(default, rename = "serverIPAddress")]
    server_ip_address: Value,
    #[serde(default)]
    connection: Value,
    #[serde(default, rename = "_aborted")]
    aborted: Value,
    #[serde(default, rename = "_error")]
    error: Value,
    #[serde(default, rename = "_error_message")]
    error_message: Value,
    #[serde(rename = "_paperfall")]
    own: Option<Own>,
}

/// What only this program writes.
#[derive(Deserialize)]
struct Own {
    #[serde(default)]
    work: String,
    start: u64,
    end: Option<u64>,
    #[serde(default)]
    step: u64,
    #[serde(default)]
    deadline: bool,
    #[serde(default)]
    encoded: bool,
    #[serde(default)]
    ended_early: bool,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    method: Value,
    #[serde(default)]
    url: Value,
    #[serde(default)]
    headers: Option<Vec<Header>>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(default)]
    status: Value,
    #[serde(default)]
    headers: Option<Vec<Header>>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(default, rename = "redirectURL")]
    redirect_url: Value,
    #[serde(default, rename = "bodySize")]
    body_size: Value,
    #[serde(default, rename = "_error")]
    error: Value,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(default)]
    size: Value,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    #[serde(default)]
    encoding: Value,
}

/// Borrowed from the file where nothing in it is escaped, which base64 never
/// is. (An `Option<Cow>` would always be a copy.)
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a HAR file. Pure: no file, no clock.
///
/// # Errors
/// [`HarError::Malformed`], with the place where it can be told.
pub fn parse(file: &[u8]) -> Result<Recording, HarError> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let bad = |why: &str| HarError::Malformed(why.to_owned());
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(bad("the file is empty"));
    }
    let read: File<'_> =
        serde_json::from_slice(file).map_err(|error| HarError::Malformed(error.to_string()))?;
    let log = read.log.ok_or_else(|| bad("it has no \"log\""))?;
    let entries = log
        .entries
        .ok_or_else(|| bad("its \"log\" has no \"entries\""))?;
    let creator = log.creator.map(|creator| text(&creator.name));
    let own = creator.flatten().as_deref() == Some("paperfall");
    let mut exchanges = Vec::with_capacity(entries.len());
    let mut first = None;
    for (index, entry) in entries.into_iter().enumerate() {
        let started = moment(&entry.started_date_time);
        first = first.into_iter().chain(started).min();
        let read = exchange(entry, own, started)
            .map_err(|why| HarError::Malformed(format!("entry {index} (from 0) {why}")))?;
        exchanges.extend(read);
    }
    let epoch = || UNIX_EPOCH.checked_add(Duration::from_micros(first.unwrap_or(0)));
    let world = match log.world {
        Some(world) => FixedWorld {
            now: UNIX_EPOCH
                .checked_add(Duration::from_millis(world.now_ms))
                .ok_or_else(|| bad("its clock is out of range"))?,
            seed: world.seed,
        },
        None => FixedWorld {
            now: epoch().unwrap_or(SystemTime::UNIX_EPOCH),
            seed: 0,
        },
    };
    Ok(Recording {
        world,
        own,
        exchanges,
        notes: log.notes.filter(|_| own).unwrap_or_default(),
    })
}

/// An entry as an exchange; none when it is not HTTP (`data:`, `blob:`,
/// `ws:`).
fn exchange(
    entry: Entry<'_>,
    own: bool,
    started: Option<u64>,
) -> Result<Option<Recorded>, &'static str> {
    let request = entry.request.ok_or("has no \"request\"")?;
    let url = text(&request.url).ok_or("has no \"request.url\"")?;
    let method = text(&request.method).ok_or("has no \"request.method\"")?;
    let scheme = url.split(':').next().unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Ok(None);
    }
    let range = request.headers.iter().flatten().find_map(|header| {
        let named = text(&header.name)?.eq_ignore_ascii_case("range");
        named.then(|| text(&header.value))?
    });
    let took = Duration::try_from_secs_f64(number(&entry.time).unwrap_or(0.0).max(0.0) / 1000.0)
        .unwrap_or_default()
        .min(TOOK_MAX);
    let place = match &entry.own {
        Some(place) if own => Place {
            work: place.work.clone(),
            start: place.start,
            end: place.end,
            step: place.step,
        },
        _ => {
            let start = started.unwrap_or(0);
            let length = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            Place {
                start,
                end: Some(start.saturating_add(length)),
                ..Place::default()
            }
        }
    };
    let marks = entry.own.filter(|_| own);
    let aborted = entry.aborted.as_bool().unwrap_or(false);
    let address = address(&entry.server_ip_address, &entry.connection);
    let response_error = entry.response.as_ref().map(|response| &response.error);
    let error = text(&entry.error).or_else(|| response_error.and_then(text));
    let (answer, missing) = match entry.response {
        Some(response) => answer(response, &method, marks.as_ref(), address)?,
        None => (None, false),
    };
    let came = answer.is_some();
    let ending = if marks.as_ref().is_some_and(|marks| marks.deadline) {
        Ending::Deadline
    } else if aborted {
        Ending::Cut
    } else if let Some(error) = error.filter(|_| own || !came) {
        let cut = error == "net::ERR_ABORTED";
        let failed = Ending::Failed {
            kind: failure(&error),
            message: text(&entry.error_message)
                .unwrap_or_else(|| format!("{url}: recorded as failed: {error}")),
            ended_early: marks.as_ref().is_some_and(|marks| marks.ended_early),
        };
        if cut { Ending::Cut } else { failed }
    } else if !came {
        Ending::Failed {
            kind: HttpErrorKind::Other,
            message: format!("{url}: recorded without an answer"),
            ended_early: false,
        }
    } else if missing {
        Ending::BodyMissing
    } else {
        Ending::Whole
    };
    let never_came = ending == Ending::Cut && !came;
    Ok(Some(Recorded {
        method,
        url,
        range,
        answer,
        place: Place {
            end: place.end.filter(|_| !never_came),
            ..place
        },
        ending,
        took,
    }))
}

/// What came back, and whether its body is missing from the file.
fn answer(
    response: Response<'_>,
    method: &str,
    marks: Option<&Own>,
    address: Option<SocketAddr>,
) -> Result<(Option<RecordedAnswer>, bool), &'static str> {
    let status = number(&response.status).unwrap_or(0.0);
    // Recorders write 0, or -1, for what never answered.
    let Some(status) = (100_u16..=599).find(|known| f64::from(*known) == status) else {
        return Ok((None, false));
    };
    let mut headers = header_map(response.headers.unwrap_or_default());
    let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
    if is_redirect
        && !headers.contains_key("location")
        && let Some(to) = text(&response.redirect_url)
        && let Ok(to) = HeaderValue::try_from(to)
    {
        headers.insert("location", to);
    }
    let size = response.content.as_ref().map(|content| &content.size);
    let size = size.and_then(number).unwrap_or(0.0);
    let content = response.content.and_then(|content| {
        let encoding = text(&content.encoding).unwrap_or_default();
        content.text.map(|text| (text.0, encoding))
    });
    let bodiless =
        method.eq_ignore_ascii_case("head") || is_redirect || matches!(status, 204 | 304);
    let missing = content.is_none() && size > 0.0 && !bodiless;
    let body = match content {
        None => Bytes::new(),
        Some((text, encoding)) if encoding.eq_ignore_ascii_case("base64") => decode(&text)?,
        Some((text, _)) => Bytes::from(text.into_owned()),
    };
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    // Others count headers, compress, or do not know.
    let sent = marks.and(response.body_size.as_u64()).unwrap_or(length);
    let decoded = marks.is_none_or(|marks| !marks.encoded);
    if marks.is_none() && !bodiless {
        // What a browser keeps is not what the headers count.
        headers.remove(TRANSFER_ENCODING);
        headers.insert(CONTENT_LENGTH, body.len().into());
    }
    let answer = RecordedAnswer {
        status,
        headers,
        address,
        body,
        sent,
        decoded,
    };
    Ok((Some(answer), missing))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
