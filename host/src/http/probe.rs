//! The host's own check of a candidate: does this URL answer with a PDF?
//!
//! At most the first 4 KiB are read and judged by their bytes; then the
//! connection is dropped.

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use tokio::time::Instant;
use url::Url;

use super::body::BodyLimits;
use super::decode;
use super::encoding;
use super::error::HttpError;
use super::host_pattern::HostGrants;
use super::meter::Meter;
use super::pdf::{self, Labels};
use super::request::{Method, Request, Role};
use super::response::{Headers, Hop};
use super::session::Session;
use crate::outcome::Reason;

/// How much of a candidate is read.
pub const PROBE_BYTES: usize = 4096;
const PROBE_RANGE: &str = "bytes=0-4095";

/// What a URL turned out to be.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Whether its first bytes are a PDF's.
    pub is_pdf: bool,
    /// Why not; means nothing when it is one.
    pub reason: Reason,
    /// The URL that answered, after all redirects.
    pub url: Url,
    /// The status of the last hop; 206 is told as the 200 it means.
    pub status: u16,
    /// What the server calls it.
    pub content_type: Option<String>,
    /// The whole length in bytes, where the server told it.
    pub length: Option<u64>,
    /// Every exchange made.
    pub hops: Vec<Hop>,
}

impl Session {
    /// Asks `url`, at any public host, for its first bytes and judges them.
    /// A body wrapped in gzip, declared or not, is unwrapped once.
    ///
    /// # Errors
    /// An [`HttpError`] when there is no answer to judge.
    pub async fn probe(
        &self,
        url: &str,
        deadline: Option<Instant>,
        meter: Option<Arc<Meter>>,
    ) -> Result<Verdict, HttpError> {
        let mut plain = Request::new(Method::Get, url, Role::Artifact, HostGrants::any())?;
        plain.deadline = deadline;
        plain.meter = meter;
        let ranged = plain.clone().header("Range", PROBE_RANGE)?;
        let verdict = self.judge(ranged).await?;
        if verdict.status != 416 {
            return Ok(verdict);
        }
        // Some servers answer any range like that; an empty file does too.
        let mut second = self.judge(plain).await?;
        let mut hops = verdict.hops;
        hops.append(&mut second.hops);
        Ok(Verdict { hops, ..second })
    }

    async fn judge(&self, request: Request) -> Result<Verdict, HttpError> {
        let arrival = self.travel(request).await?;
        let mut log = arrival.log;
        let encodings = match arrival.body.is_decoded() {
            true => Ok(Vec::new()),
            false => decode::declared(&arrival.headers, log.current()),
        };
        let limits = BodyLimits {
            deadline: log.request().deadline,
            stall: self.stall_timeout(),
            meter: log.request().meter.clone(),
            cap: u64::MAX,
        };
        let mut body = log.receive(arrival.body, limits);
        let mut sent = Vec::new();
        while sent.len() < PROBE_BYTES {
            match body.chunk().await {
                Ok(Some(bytes)) => sent.extend_from_slice(&bytes),
                Ok(None) => break,
                // What broke off early may still show what it is.
                Err(_) if pdf::has_magic(&sent) => break,
                Err(fault) => return Err(log.into_error(fault)),
            }
        }
        drop(body);
        sent.truncate(PROBE_BYTES);
        let head = match encodings {
            Ok(encodings) => encoding::prefix(&encodings, &sent, PROBE_BYTES).await,
            Err(fault) => return Err(log.into_error(fault)),
        };
        let head = gunzip_once(head);
        let secrets = &log.request().secrets;
        let headers = Headers::new(arrival.headers, secrets);
        let judgement = match arrival.status {
            // What was sent is not what its encoding's name says.
            200..=299 if head.is_empty() && !sent.is_empty() => Err(Reason::NotAPdf),
            status => pdf::judge_head(status, Labels::of(&headers), &head),
        };
        let (status, length) = match arrival.status {
            206 => (200, headers.content_range().and_then(|range| range.total)),
            status => (status, headers.content_length()),
        };
        Ok(Verdict {
            is_pdf: judgement.is_ok(),
            reason: judgement.err().unwrap_or(Reason::GivenPdf),
            url: secrets.redact_url(&arrival.url),
            status,
            content_type: headers.content_type().map(str::to_owned),
            length,
            hops: log.into_hops(),
        })
    }
}

/// `head`, or what is inside it when it is the beginning of a gzip file.
fn gunzip_once(head: Vec<u8>) -> Vec<u8> {
    if !pdf::is_gzip(&head) {
        return head;
    }
    let mut inside = vec![0; PROBE_BYTES];
    let mut filled = 0;
    let mut decoder = MultiGzDecoder::new(head.as_slice());
    // The wrapping is cut off, so it ends in an error sooner or later.
    while let Some(room) = inside.get_mut(filled..).filter(|room| !room.is_empty()) {
        match decoder.read(room) {
            Ok(count) if count > 0 => filled += count,
            _ => break,
        }
    }
    inside.truncate(filled);
    inside
}
