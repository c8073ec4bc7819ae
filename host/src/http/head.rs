//! What a server says of a file without sending it.
//!
//! Servers that will not answer HEAD (403, 405, 501: common among publishers)
//! are asked for the file's first byte instead.

use url::Url;

use super::error::HttpError;
use super::request::{Method, Request};
use super::response::{Headers, Hop};
use super::session::Session;

/// Statuses that say "not by HEAD".
const HEAD_REFUSED: [u16; 3] = [403, 405, 501];

/// The answer to a HEAD, or to what stood in for it.
#[derive(Debug, Clone)]
pub struct Head {
    /// The status; 206 of the stand-in is told as the 200 it means.
    pub status: u16,
    /// The URL that answered, after all redirects.
    pub url: Url,
    /// The file's whole length, where the server told it.
    pub length: Option<u64>,
    /// The last answer's headers; validators are read from here.
    pub headers: Headers,
    /// Every exchange made.
    pub hops: Vec<Hop>,
}

impl Session {
    /// Asks about the URL of `request` by HEAD, or, where that is refused, by
    /// a GET of its first byte. The request's own method is not looked at.
    ///
    /// # Errors
    /// An [`HttpError`] when there is no answer.
    pub async fn head(&self, request: Request) -> Result<Head, HttpError> {
        let by_get = request
            .clone()
            .by(Method::Get)
            .header("Range", "bytes=0-0")?;
        let first = self.ask(request.by(Method::Head)).await?;
        if !HEAD_REFUSED.contains(&first.status) {
            return Ok(first);
        }
        let mut second = self.ask(by_get).await?;
        let mut hops = first.hops;
        hops.append(&mut second.hops);
        Ok(Head { hops, ..second })
    }

    /// The head of an answer; a body is not read.
    async fn ask(&self, request: Request) -> Result<Head, HttpError> {
        let arrival = self.travel(request).await?;
        let secrets = &arrival.log.request().secrets;
        let headers = Headers::new(arrival.headers, secrets);
        let url = secrets.redact_url(&arrival.url);
        let (status, length) = match arrival.status {
            206 => (200, headers.content_range().and_then(|range| range.total)),
            status => (status, headers.content_length()),
        };
        Ok(Head {
            status,
            url,
            length,
            headers,
            hops: arrival.log.into_hops(),
        })
    }
}
