//! What comes back: the headers that matter, the hops of the way, the body.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{self, AsHeaderName, HeaderMap};
use url::Url;

use super::secrets::Secrets;
use super::verdicts::Verdicts;

/// The longest wait a server can ask for that is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Something worth telling about a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HopNote {
    /// The redirect led from https to http.
    Downgraded,
    /// The redirect left the origin, so credentials stayed behind.
    CredentialsDropped,
}

impl fmt::Display for HopNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Downgraded => "from https to http",
            Self::CredentialsDropped => "credentials dropped",
        })
    }
}

/// One exchange of a request: asked, answered (or not), perhaps redirected.
#[derive(Debug, Clone)]
pub struct Hop {
    /// What was asked for.
    pub url: Url,
    /// The grant that allowed it, as written (`*.arxiv.org`).
    pub rule: String,
    /// The address that answered; none when nobody did.
    pub address: Option<SocketAddr>,
    /// The status; none when there was no answer.
    pub status: Option<u16>,
    /// Where it led, when that was followed.
    pub location: Option<Url>,
    /// Body bytes received, as sent.
    pub bytes: u64,
    /// From asking to the last byte that was read.
    pub elapsed: Duration,
    /// What the policies said of it.
    pub verdicts: Verdicts,
    /// What else is worth telling.
    pub notes: Vec<HopNote>,
}

/// Response headers, without `Set-Cookie` (the jar keeps those).
#[derive(Debug, Clone, Default)]
pub struct Headers(HeaderMap);

/// The parts of a `Content-Range: bytes first-last/total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// First and last byte sent; none in the answer to a range that cannot be
    /// had (416).
    pub range: Option<(u64, u64)>,
    /// The whole length; none where the server does not know it.
    pub total: Option<u64>,
}

impl Headers {
    pub(super) fn new(mut headers: HeaderMap, secrets: &Secrets) -> Self {
        headers.remove(header::SET_COOKIE);
        if !secrets.is_empty() {
            for value in headers.values_mut() {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                let redacted = secrets.redact(&text);
                if redacted != text {
                    *value = redacted
                        .try_into()
                        .unwrap_or(header::HeaderValue::from_static("redacted"));
                }
            }
        }
        Self(headers)
    }

    /// The first value of a header, where it is text.
    #[must_use]
    pub fn get(&self, name: impl AsHeaderName) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    /// Names in lower case and values, bytes beyond ASCII replaced.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
    }

    /// `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.get(header::CONTENT_TYPE)
    }

    /// `Content-Length`: the bytes of this body, as sent.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        number(self.get(header::CONTENT_LENGTH)?)
    }

    /// `ETag`, quotes and `W/` included.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.get(header::ETAG)
    }

    /// `Last-Modified`, as sent.
    #[must_use]
    pub fn last_modified(&self) -> Option<&str> {
        self.get(header::LAST_MODIFIED)
    }

    /// Whether the server says it serves byte ranges; none if it says nothing.
    #[must_use]
    pub fn accepts_ranges(&self) -> Option<bool> {
        let value = self.get(header::ACCEPT_RANGES)?;
        Some(value.split(',').any(|unit| unit.trim() == "bytes"))
    }

    /// `Content-Range`, where it is well formed.
    #[must_use]
    pub fn content_range(&self) -> Option<ContentRange> {
        let value = self.get(header::CONTENT_RANGE)?;
        let (range, total) = value.strip_prefix("bytes")?.trim_start().split_once('/')?;
        let total = match total.trim() {
            "*" => None,
            total => Some(number(total)?),
        };
        let range = match range.trim() {
            "*" => None,
            range => {
                let (first, last) = range.split_once('-')?;
                let (first, last) = (number(first)?, number(last)?);
                let possible = first <= last && total.is_none_or(|total| last < total);
                Some(possible.then_some((first, last))?)
            }
        };
        Some(ContentRange { range, total })
    }

    /// `Retry-After` in either of its forms, at most a day.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.get(header::RETRY_AFTER)?.trim();
        let wait = match number(value) {
            Some(seconds) => Duration::from_secs(seconds),
            None => {
                let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
                let wait = at.duration_since(jiff::Timestamp::now());
                Duration::try_from(wait).unwrap_or(Duration::ZERO)
            }
        };
        Some(wait.min(RETRY_AFTER_MAX))
    }
}

/// Digits and nothing else: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// A whole answer, decoded.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status of the last hop.
    pub status: u16,
    /// The URL that answered, after all redirects.
    pub url: Url,
    /// Every exchange, the last one included.
    pub hops: Vec<Hop>,
    /// The last answer's headers.
    pub headers: Headers,
    /// The decoded body, at most 8 MiB.
    pub body: Bytes,
    /// False when reading stopped on purpose: a PDF in role `Landing`.
    pub complete: bool,
    /// True when no server was asked.
    pub from_cache: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn headers(name: &'static str, value: &str) -> Headers {
        let mut map = HeaderMap::new();
        map.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
        Headers::new(map, &Secrets::default())
    }

    #[test]
    fn content_range_is_read_only_when_it_makes_sense() {
        let read = |value| headers("content-range", value).content_range();
        let range = |range, total| Some(ContentRange { range, total });
        assert_eq!(read("bytes 0-9/100"), range(Some((0, 9)), Some(100)));
        assert_eq!(read("bytes 0-9/*"), range(Some((0, 9)), None));
        assert_eq!(read("bytes */100"), range(None, Some(100)));
        for bad in [
            "bytes 9-0/100",
            "bytes 0-100/100",
            "bytes 0-9",
            "lines 0-9/100",
            "bytes -9/100",
            "bytes +0-9/100",
            "bytes 0-99999999999999999999/*",
            "",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let read = |value: &str| headers("retry-after", value).retry_after();
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = jiff::Timestamp::now() + Duration::from_secs(3600);
        let date = later.to_zoned(jiff::tz::TimeZone::UTC);
        let date = jiff::fmt::rfc2822::to_string(&date).unwrap();
        let wait = read(&date).unwrap().as_secs();
        assert!((3590..=3600).contains(&wait), "{date}: {wait}");
        for bad in ["-1", "soon", "", "1.5"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn set_cookie_is_not_handed_on_and_secrets_are_taken_out() {
        let secrets = Secrets::new([("K".to_owned(), "s3cret".to_owned())]).unwrap();
        let mut map = HeaderMap::new();
        map.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
        map.insert(
            header::LINK,
            HeaderValue::from_static("<https://a.org/?k=s3cret>"),
        );
        let headers = Headers::new(map, &secrets);
        assert_eq!(headers.get(header::SET_COOKIE), None);
        assert_eq!(
            headers.get(header::LINK),
            Some("<https://a.org/?k={{secret:K}}>")
        );
    }
}
