//! The pure part of the HTTP stack: what is judged before a request leaves and
//! after an answer came. A file they have come to need is added here.

#[path = "../../../../host/src/http/brotli_window.rs"]
mod brotli_window;
mod cache;
#[path = "../../../../host/src/http/encoding.rs"]
mod encoding;
#[path = "../../../../host/src/http/error.rs"]
mod error;
#[path = "../../../../host/src/http/fault.rs"]
mod fault;
pub(crate) mod har;
#[path = "../../../../host/src/http/host_pattern.rs"]
mod host_pattern;
#[path = "../../../../host/src/http/meter.rs"]
mod meter;
#[path = "../../../../host/src/http/page.rs"]
mod page;
#[path = "../../../../host/src/http/pdf.rs"]
pub(crate) mod pdf;
mod politeness;
#[path = "../../../../host/src/http/request.rs"]
mod request;
#[path = "../../../../host/src/http/response.rs"]
mod response;
#[path = "../../../../host/src/http/secrets.rs"]
mod secrets;
#[path = "../../../../host/src/http/target.rs"]
mod target;
#[path = "../../../../host/src/http/verdicts.rs"]
mod verdicts;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use reqwest::header::HeaderMap;
use url::Url;

pub(crate) use cache::cached;
pub(crate) use error::{HttpError, HttpErrorKind};
pub(crate) use host_pattern::{HostGrants, HostPattern, HostPatternError};
pub(crate) use politeness::{CRAWL_DELAY_MAX, HostPlace, HostRule, Said, robots};
pub(crate) use request::{Method, Request, Role};
pub(crate) use response::{Headers, Hop};
pub(crate) use secrets::Secrets;

/// The beginning of an encoded body; none when an encoding's name is unknown.
pub(crate) fn decoded(encodings: &str, sent: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
    let encodings: Option<Vec<_>> = encodings
        .split(',')
        .map(|name| match name {
            "gzip" => Some(encoding::Encoding::Gzip),
            "deflate" => Some(encoding::Encoding::Zlib),
            "br" => Some(encoding::Encoding::Brotli),
            "zstd" => Some(encoding::Encoding::Zstd),
            _ => None,
        })
        .collect();
    let prefix = pin!(async move { encoding::prefix(&encodings?, sent, max_bytes).await.into() });
    match prefix.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(decoded) => decoded,
        Poll::Pending => panic!("bytes in memory are always there"),
    }
}

/// Where a redirect leads.
pub(crate) fn redirect(from: &Url, location: &[u8]) -> Result<Url, String> {
    target::parse_redirect(from, location).map_err(|fault| fault.message)
}

/// The URL a request asks for, its secrets filled in.
pub(crate) fn filled_url(request: &Request) -> Result<Url, String> {
    let filled = request.secrets.fill_url(&request.url);
    filled.map_err(|fault| fault.message)
}

/// The URL a request asks for, as a guest wrote it.
pub(crate) fn asked_url(request: &Request) -> &Url {
    &request.url
}

/// The headers of one hop.
pub(crate) fn hop_headers(request: &Request, credentialed: bool) -> Result<HeaderMap, String> {
    let headers = request.hop_headers(credentialed);
    headers.map_err(|fault| fault.message)
}

/// The URL as it is shown again.
pub(crate) fn redacted(secrets: &Secrets, url: &Url) -> Url {
    secrets.redact_url(url)
}

/// An answer's headers as guests see them.
pub(crate) fn headers(headers: HeaderMap, secrets: &Secrets) -> Headers {
    Headers::new(headers, secrets)
}
