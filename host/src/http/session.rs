//! The stack as its users see it: [`Http`] once per process, [`Session`] once
//! per work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use url::Url;

use super::body::{Body, BodyLimits, too_large};
use super::config::{HttpConfig, HttpSetupError};
use super::cookies::Jar;
use super::decode;
use super::download::Download;
use super::encoding::Encoding;
use super::error::{HttpError, HttpErrorKind};
use super::exchange::Exchange;
use super::fault::Fault;
use super::har::{FixedWorld, HarError};
use super::journey::{Arrival, Log, travel};
use super::pdf;
use super::request::{Method, Request, RequestPolicy, Role};
use super::response::{Headers, Response};
use super::scope::Scope;

/// The cap on a body that is handed over whole, as sent and as decoded.
pub const BODY_MAX_BYTES: u64 = 8 * 1024 * 1024;
/// How much of a PDF is read when a landing page was expected.
pub const LANDING_PDF_BYTES: usize = 64 * 1024;

/// One HTTP stack: clients, limits, policies. Cheap to clone.
#[derive(Clone)]
pub struct Http(Arc<Exchange>);

impl Http {
    /// Builds the stack. No request is made.
    ///
    /// # Errors
    /// An [`HttpSetupError`] for a setting that cannot work.
    pub fn new(config: HttpConfig) -> Result<Self, HttpSetupError> {
        Ok(Self(Arc::new(Exchange::new(config)?)))
    }

    /// A session for one work: a cookie jar of its own.
    #[must_use]
    pub fn session(&self) -> Session {
        self.session_for("")
    }

    /// [`Http::session`] for the work called `label`: recordings tell its
    /// exchanges from those of others.
    #[must_use]
    pub fn session_for(&self, label: &str) -> Session {
        Session {
            exchange: Arc::clone(&self.0),
            jar: Arc::new(Jar::new()),
            scope: Arc::new(Scope::new(label)),
            policy: RequestPolicy::default(),
        }
    }

    /// What components must see of clock and chance; none: the real ones.
    #[must_use]
    pub fn fixed_world(&self) -> Option<FixedWorld> {
        self.0.wire().world()
    }

    /// Waits until the recording, if one is made, holds everything that has
    /// ended. It holds up the thread; the network must have nothing under way.
    ///
    /// # Errors
    /// [`HarError::Write`] when something could not be written.
    pub fn finish_recording(&self) -> Result<(), HarError> {
        self.0.wire().finish()
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&self.0.config).finish()
    }
}

/// The requests of one work; its clones share one cookie jar.
///
/// Every future given out here can be dropped at any moment: the request ends
/// with it and nothing goes on behind.
#[derive(Clone)]
pub struct Session {
    exchange: Arc<Exchange>,
    jar: Arc<Jar>,
    scope: Arc<Scope>,
    /// How its requests are sent.
    policy: RequestPolicy,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// The same session, sending its requests as `policy` says.
    #[must_use]
    pub fn under(&self, policy: RequestPolicy) -> Self {
        Self {
            policy,
            ..self.clone()
        }
    }

    /// The same session, sending each request once.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        let mut once = self.clone();
        once.policy.retries_max = 0;
        once
    }

    /// Whether a request to `host` would be refused now, because the host
    /// failed too often lately.
    #[must_use]
    pub fn refuses(&self, host: &str) -> bool {
        self.exchange.refuses(&self.scope, host)
    }

    /// Sends `request` and reads the whole answer, decoded, whatever its
    /// status. A PDF in role [`Role::Landing`] is cut off after
    /// [`LANDING_PDF_BYTES`], with `complete` false.
    ///
    /// # Errors
    /// An [`HttpError`] when there is no answer, or none within
    /// [`BODY_MAX_BYTES`], the deadline and the budget.
    pub async fn fetch(&self, request: Request) -> Result<Response, HttpError> {
        let arrival = self.travel(request).await?;
        let is_landing = arrival.log.request().role == Role::Landing;
        // A landing page may turn out to be a PDF of any size: its length is
        // held against it only once it has shown what it is.
        let cap = if is_landing { u64::MAX } else { BODY_MAX_BYTES };
        let (answer, mut body) = match arrival.check_body(cap) {
            Ok(encodings) => arrival.into_body(&encodings, BODY_MAX_BYTES, self.stall_timeout()),
            Err(fault) => return Err(arrival.log.into_error(fault)),
        };
        match read_whole(&mut body, is_landing).await {
            Ok((read, complete)) => Ok(Response {
                status: answer.status,
                url: answer.url,
                headers: answer.headers,
                body: answer.log.request().secrets.redact_bytes(read),
                complete,
                from_cache: answer.log.was_cached(),
                hops: answer.log.into_hops(),
            }),
            Err(fault) => Err(answer.log.into_error(fault)),
        }
    }

    /// Sends `request` and hands over the answer's head, whatever its status,
    /// with the body still to come. For artifacts of any size up to the
    /// configured cap.
    ///
    /// # Errors
    /// An [`HttpError`] when there is no answer, or one announced as larger
    /// than the cap.
    pub async fn open(&self, request: Request) -> Result<Download, HttpError> {
        let cap = self.exchange.config.artifact_max_bytes;
        let arrival = self.travel(request).await?;
        match arrival.check_body(cap) {
            Ok(encodings) => {
                let (answer, body) = arrival.into_body(&encodings, cap, self.stall_timeout());
                Ok(Download::new(answer, body, !encodings.is_empty()))
            }
            Err(fault) => Err(arrival.log.into_error(fault)),
        }
    }

    /// Follows `request` to its last answer.
    pub(super) async fn travel(&self, request: Request) -> Result<Arrival, HttpError> {
        let request = request.under(self.policy.clone());
        travel(&self.exchange, &self.jar, &self.scope, request).await
    }

    /// Tells recordings that this work's race has looked, and which attempts
    /// had ended: answers that came later may not come sooner in a replay, and
    /// these end together again.
    pub fn step(&self, ended: Vec<String>) {
        self.exchange.wire().step(&self.scope, ended);
    }

    /// The attempts that had ended when the recorded race looked next; none
    /// where nothing is replayed, or the race has gone another way.
    #[must_use]
    pub fn expected(&self) -> Option<Vec<String>> {
        self.exchange.wire().expected(&self.scope)
    }

    /// How long a body may keep silent.
    pub(super) fn stall_timeout(&self) -> Duration {
        self.exchange.config.stall_timeout
    }
}

impl Arrival {
    /// The encodings of a body that may be read: not announced as larger than
    /// `cap`, and encoded in ways that can be undone.
    fn check_body(&self, cap: u64) -> Result<Vec<Encoding>, Fault> {
        let url = self.log.current();
        let announced = self.body.content_length().unwrap_or_default();
        if announced > cap && self.log.request().method == Method::Get {
            return Err(too_large(url, cap, "announced"));
        }
        let encodings = match self.body.is_decoded() {
            true => Vec::new(),
            false => decode::declared(&self.headers, url)?,
        };
        if self.status == 206 && !encodings.is_empty() {
            return Err(Fault::new(
                HttpErrorKind::Protocol,
                format!("{url} sends a range of an encoded body, which is no range of the file"),
            ));
        }
        Ok(encodings)
    }

    /// Turns to the body, with its encodings undone.
    fn into_body(self, encodings: &[Encoding], cap: u64, stall: Duration) -> (Answer, Body) {
        let Self {
            status,
            url,
            headers,
            body,
            mut log,
        } = self;
        let limits = BodyLimits {
            deadline: log.request().deadline,
            stall,
            meter: log.request().meter.clone(),
            cap,
        };
        let body = Body::new(log.receive(body, limits), encodings);
        let secrets = &log.request().secrets;
        let answer = Answer {
            status,
            url: secrets.redact_url(&url),
            headers: Headers::new(headers, secrets),
            log,
        };
        (answer, body)
    }
}

/// The head of an answer, fit to be shown, while its body is being read.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) url: Url,
    pub(super) headers: Headers,
    pub(super) log: Log,
}

/// Reads to the end, or, where a page was expected and a PDF is coming, its
/// beginning.
async fn read_whole(body: &mut Body, is_landing: bool) -> Result<(Bytes, bool), Fault> {
    let mut read = BytesMut::new();
    let mut looks_like_pdf = None;
    while let Some(bytes) = body.chunk().await? {
        read.extend_from_slice(&bytes);
        if !is_landing {
            continue;
        }
        if looks_like_pdf.is_none() && read.len() >= pdf::MAGIC_WINDOW {
            looks_like_pdf = Some(pdf::is_pdf(&read));
        }
        if looks_like_pdf == Some(true) && read.len() >= LANDING_PDF_BYTES {
            read.truncate(LANDING_PDF_BYTES);
            return Ok((read.freeze(), false));
        }
    }
    Ok((read.freeze(), true))
}
