//! The redirect loop: from the URL that was asked for to the one that answers.
//!
//! Every hop is judged as if it were the first: scheme, grant, address. What
//! belongs to an origin (credentials, secrets) stays behind when a redirect
//! leaves it, and is not picked up again. A step down from https to http is
//! followed without credentials: old resolver chains still make it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{COOKIE, HeaderMap, HeaderValue, LOCATION};
use tokio::time::Instant;
use url::Url;

use super::body::{BodyLimits, BoundedBody};
use super::client::Origin;
use super::cookies::Jar;
use super::counting::count_hop;
use super::error::{HttpError, HttpErrorKind};
use super::exchange::{Exchange, Outgoing};
use super::fault::Fault;
use super::limits::bounded;
use super::politeness::Slot;
use super::request::Request;
use super::response::{Hop, HopNote};
use super::scope::Scope;
use super::target;
use super::verdicts::{CacheVerdict, Verdicts};
use super::wire::{Incoming, WireBody};

/// Redirects that are followed.
pub const REDIRECTS_MAX: usize = 10;
/// A redirect's own body is read when it is this small, to keep the
/// connection; otherwise the connection is given up.
const REDIRECT_BODY_MAX_BYTES: u64 = 16 * 1024;
const REDIRECT_BODY_WAIT: Duration = Duration::from_millis(250);

/// Where a journey ended: the head of the last answer.
pub(super) struct Arrival {
    pub(super) status: u16,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: WireBody,
    pub(super) log: Log,
}

/// The hops so far and all it takes to make an error of them.
pub(super) struct Log {
    request: Request,
    hops: Vec<Hop>,
    current: Url,
    sent_at: Instant,
    received: Option<Arc<AtomicU64>>,
    /// The current hop's, until its answer has been dealt with.
    slot: Slot,
}

/// A URL asked for, and the cookies it was asked with.
type Asked = (Url, Option<HeaderValue>);

/// Follows `request` to the answer that is no redirect.
pub(super) async fn travel(
    exchange: &Exchange,
    jar: &Jar,
    scope: &Arc<Scope>,
    request: Request,
) -> Result<Arrival, HttpError> {
    let mut log = Log::new(request);
    match follow(exchange, jar, scope, &mut log).await {
        Ok((url, incoming)) => Ok(Arrival {
            status: incoming.status,
            url,
            headers: incoming.headers,
            body: incoming.body,
            log,
        }),
        Err(fault) => Err(log.into_error(fault)),
    }
}

async fn follow(
    exchange: &Exchange,
    jar: &Jar,
    scope: &Arc<Scope>,
    log: &mut Log,
) -> Result<(Url, Incoming), Fault> {
    let mut url = log.first_url()?;
    let home = Origin::of(&url);
    let mut credentialed = true;
    let mut asked: Vec<Asked> = Vec::new();
    loop {
        log.depart(&url)?;
        let mut headers = log.request.hop_headers(credentialed)?;
        let cookies = jar.header(&url);
        if let Some(cookies) = &cookies {
            headers.insert(COOKIE, cookies.clone());
        }
        let this_time = (url.clone(), cookies);
        if asked.contains(&this_time) {
            return Err(circle(log, "redirects in a circle"));
        }
        asked.push(this_time);

        let hop = Outgoing {
            role: log.request.role,
            method: log.request.method,
            url: &url,
            shown_url: log.current.as_str(),
            bears_secret: headers.values().any(HeaderValue::is_sensitive) || log.current != url,
            headers,
            secrets: &log.request.secrets,
            scope,
            deadline: log.request.deadline,
            policy: &log.request.policy,
            meter: log.request.meter.as_ref(),
        };
        let mut verdicts = Verdicts::default();
        let answer = exchange.exchange(hop, &mut verdicts).await;
        let from_cache = matches!(verdicts.cache, CacheVerdict::Fresh | CacheVerdict::Stale);
        let refused = answer
            .as_ref()
            .is_err_and(|fault| fault.kind == HttpErrorKind::Offline);
        if (from_cache || refused)
            && let Some(meter) = &log.request.meter
        {
            meter.give_request_back();
        }
        if !refused {
            let status = answer.as_ref().ok().map(|answer| answer.status);
            let host = url.host_str().unwrap_or_default();
            let took = log.sent_at.elapsed();
            count_hop(&exchange.config.metrics, &verdicts, host, status, took);
        }
        log.judged(verdicts);
        let mut incoming = answer?;
        log.slot = std::mem::take(&mut incoming.slot);
        log.answered(&incoming);
        jar.keep(&url, &incoming.headers);
        let Some(location) = redirect(&incoming) else {
            return Ok((url, incoming));
        };
        if asked.len() > REDIRECTS_MAX {
            return Err(circle(log, "redirects more than ten times"));
        }
        let next = target::parse_redirect(&url, location.as_bytes())?;
        drain(log, incoming).await;
        let leaves = credentialed && Origin::of(&next) != home;
        log.redirected(&url, &next, leaves);
        credentialed &= !leaves;
        url = next;
    }
}

fn circle(log: &Log, what: &str) -> Fault {
    let start = log.request.url.as_str();
    Fault::new(HttpErrorKind::RedirectLoop, format!("{start} {what}"))
}

/// Where `incoming` redirects to, if it does.
fn redirect(incoming: &Incoming) -> Option<HeaderValue> {
    matches!(incoming.status, 301 | 302 | 303 | 307 | 308)
        .then(|| incoming.headers.get(LOCATION).cloned())?
}

/// Reads away the body of a redirect if that is quickly done.
async fn drain(log: &mut Log, incoming: Incoming) {
    let small = incoming
        .body
        .content_length()
        .is_none_or(|length| length <= REDIRECT_BODY_MAX_BYTES);
    if !small {
        return;
    }
    let mut body = log.receive(
        incoming.body,
        BodyLimits {
            deadline: log.request.deadline,
            stall: REDIRECT_BODY_WAIT,
            meter: log.request.meter.clone(),
            cap: REDIRECT_BODY_MAX_BYTES,
        },
    );
    let all = async { while let Ok(Some(_)) = body.chunk().await {} };
    // Whatever happened, the redirect itself has been understood.
    bounded(log.request.deadline, REDIRECT_BODY_WAIT, all)
        .await
        .ok();
}

impl Log {
    fn new(request: Request) -> Self {
        Self {
            current: request.url.clone(),
            request,
            hops: Vec::new(),
            sent_at: Instant::now(),
            received: None,
            slot: Slot::default(),
        }
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    /// The first URL, secrets filled in where its host may have them.
    fn first_url(&self) -> Result<Url, Fault> {
        let request = &self.request;
        if !request.asks_for_secrets() {
            return Ok(request.url.clone());
        }
        let host = request.url.host_str().unwrap_or_default();
        if request
            .grants
            .rule_for(host)
            .is_some_and(|rule| rule.is_any())
        {
            return Err(Fault::new(
                HttpErrorKind::ForbiddenRequest,
                format!(
                    "no secret is sent to {host}: it is granted only by `*`; \
                     grant it by name to let the adapter use its secrets there"
                ),
            ));
        }
        request.secrets.fill_url(&request.url)
    }

    /// Opens a hop: grant and budget.
    fn depart(&mut self, url: &Url) -> Result<(), Fault> {
        self.current = self.request.secrets.redact_url(url);
        self.sent_at = Instant::now();
        self.received = None;
        self.slot = Slot::default();
        let host = url.host_str().unwrap_or_default();
        let rule = self.request.grants.rule_for(host).ok_or_else(|| {
            Fault::new(
                HttpErrorKind::DeniedHost,
                format!(
                    "{} is not asked: {host} is not among the granted hosts ({})",
                    self.current, self.request.grants
                ),
            )
        })?;
        if let Some(meter) = &self.request.meter
            && !meter.take_request()
        {
            return Err(Fault::new(
                HttpErrorKind::BudgetExhausted,
                format!(
                    "{} is not asked: the attempt's budget of requests is spent",
                    self.current
                ),
            ));
        }
        self.hops.push(Hop {
            url: self.current.clone(),
            rule: rule.to_string(),
            address: None,
            status: None,
            location: None,
            bytes: 0,
            elapsed: Duration::ZERO,
            verdicts: Verdicts::default(),
            notes: Vec::new(),
        });
        Ok(())
    }

    fn judged(&mut self, verdicts: Verdicts) {
        if let Some(hop) = self.hops.last_mut() {
            hop.verdicts = verdicts;
        }
    }

    fn answered(&mut self, incoming: &Incoming) {
        if let Some(hop) = self.hops.last_mut() {
            hop.address = incoming.address;
            hop.status = Some(incoming.status);
        }
    }

    fn redirected(&mut self, from: &Url, to: &Url, leaves: bool) {
        self.settle();
        let location = self.request.secrets.redact_url(to);
        let had_credentials = self.request.has_credentials();
        if let Some(hop) = self.hops.last_mut() {
            hop.location = Some(location);
            if from.scheme() == "https" && to.scheme() == "http" {
                hop.notes.push(HopNote::Downgraded);
            }
            if leaves && had_credentials {
                hop.notes.push(HopNote::CredentialsDropped);
            }
        }
    }

    /// Starts reading the body of the current hop.
    pub(super) fn receive(&mut self, body: WireBody, limits: BodyLimits) -> BoundedBody {
        let body = BoundedBody::new(body, self.current.to_string(), limits);
        self.received = Some(body.received());
        body
    }

    /// Writes what was received into the current hop.
    pub(super) fn settle(&mut self) {
        let elapsed = self.sent_at.elapsed();
        let received = self
            .received
            .as_ref()
            .map(|count| count.load(Ordering::Relaxed));
        if let Some(hop) = self.hops.last_mut() {
            hop.elapsed = elapsed;
            hop.bytes = received.unwrap_or_default();
        }
    }

    /// The hops, complete.
    pub(super) fn into_hops(mut self) -> Vec<Hop> {
        self.settle();
        self.hops
    }

    /// Whether the last answer came without asking its server.
    pub(super) fn was_cached(&self) -> bool {
        self.hops.last().is_some_and(|hop| {
            matches!(
                hop.verdicts.cache,
                CacheVerdict::Fresh | CacheVerdict::Stale
            )
        })
    }

    /// The hops so far.
    pub(super) fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// The URL of the current hop, for messages.
    pub(super) fn current(&self) -> &str {
        self.current.as_str()
    }

    /// The error of this journey, its secrets taken out.
    pub(super) fn into_error(mut self, fault: Fault) -> HttpError {
        self.settle();
        let hops = std::mem::take(&mut self.hops);
        self.describe(fault, hops)
    }

    /// As [`Log::into_error`], for a journey that is not given up yet.
    pub(super) fn error(&mut self, fault: Fault) -> HttpError {
        self.settle();
        let hops = self.hops.clone();
        self.describe(fault, hops)
    }

    fn describe(&self, fault: Fault, hops: Vec<Hop>) -> HttpError {
        HttpError {
            kind: fault.kind,
            message: self.request.secrets.redact(&fault.message),
            url: self.current.to_string(),
            hops,
            retry_after: None,
            ended_early: fault.ended_early,
        }
    }
}

#[cfg(test)]
mod tests;
