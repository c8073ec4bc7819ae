//! What a guest may call: `http`, `log`, `budget`.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::time::timeout_at;

use super::bindings::paperfall::adapter::{budget, http as wit, log, types};
use super::classify::Stop;
use super::state::{AttemptState, Wire};
use super::trace::HostCall;
use crate::http::{Hop, HttpError, HttpErrorKind, Method, Request, Role};

/// Calls a guest may make beyond its budget of requests, refused ones
/// included: one that goes on after that is not listening, and is stopped.
const CALLS_BEYOND_BUDGET: u32 = 64;

impl types::Host for AttemptState {}

impl wit::Host for AttemptState {
    async fn send(
        &mut self,
        request: wit::Request,
    ) -> wasmtime::Result<Result<wit::Response, wit::HttpError>> {
        let deadline = self.deadline;
        let host_work = Arc::clone(&self.host_work);
        let wire = counted(&mut self.wire)?;
        let method = match request.method {
            wit::Method::Get => Method::Get,
            wit::Method::Head => Method::Head,
        };
        let role = match request.role {
            wit::Role::Metadata => Role::Metadata,
            wit::Role::Landing => Role::Landing,
            wit::Role::Artifact => Role::Artifact,
        };
        let what = match method {
            Method::Get => "GET",
            Method::Head => "HEAD",
        };
        let shown = wire.secrets.redact(&shorten(&request.url));
        let started = Instant::now();
        let prepared = prepare(wire, &request, method, role, deadline);
        let answer = match prepared {
            Ok(prepared) => {
                let answer = host_work.time(wire.session.fetch(prepared));
                match timeout_at(deadline.into(), answer).await {
                    Ok(answer) => answer,
                    Err(_) => return Err(self.waited_too_long(what, shown, started)),
                }
            }
            Err(error) => Err(error),
        };
        let call = |hops: &[Hop], result| HostCall {
            what,
            url: shown.clone(),
            hops: hops.to_vec(),
            result,
            elapsed: started.elapsed(),
        };
        match answer {
            Ok(response) => {
                self.trace()
                    .calls
                    .push(call(&response.hops, Ok(response.status)));
                Ok(Ok(wit::Response {
                    status: response.status,
                    url: response.url.to_string(),
                    hops: response.hops.iter().map(guest_hop).collect(),
                    headers: response
                        .headers
                        .iter()
                        .map(|(name, value)| wit::Header {
                            name: name.to_owned(),
                            value: value.into_owned(),
                        })
                        .collect(),
                    body: response.body.to_vec(),
                    complete: response.complete,
                    from_cache: response.from_cache,
                }))
            }
            Err(error) => {
                let noted = call(&error.hops, Err((error.kind, error.message.clone())));
                self.refuse(error, noted)
            }
        }
    }

    async fn probe(
        &mut self,
        url: String,
    ) -> wasmtime::Result<Result<wit::Verdict, wit::HttpError>> {
        let deadline = self.deadline;
        let host_work = Arc::clone(&self.host_work);
        let wire = counted(&mut self.wire)?;
        let secrets = wire.secrets.clone();
        let shown = secrets.redact(&shorten(&url));
        let started = Instant::now();
        // Any public host: the host itself probes whatever a guest proposes.
        let probe = wire
            .session
            .probe(&url, Some(deadline.into()), Some(wire.meter.clone()));
        let Ok(answer) = timeout_at(deadline.into(), host_work.time(probe)).await else {
            return Err(self.waited_too_long("PROBE", shown, started));
        };
        match answer {
            Ok(verdict) => {
                self.trace().calls.push(HostCall {
                    what: "PROBE",
                    url: shown,
                    hops: verdict.hops.clone(),
                    result: Ok(verdict.status),
                    elapsed: started.elapsed(),
                });
                Ok(Ok(wit::Verdict {
                    is_pdf: verdict.is_pdf,
                    reason: if verdict.is_pdf {
                        "ok".to_owned()
                    } else {
                        verdict.reason.to_string()
                    },
                    // A host that was told a secret may send it back.
                    url: secrets.redact(verdict.url.as_str()),
                    status: verdict.status,
                    content_type: verdict.content_type,
                    length: verdict.length,
                }))
            }
            Err(error) => {
                let noted = HostCall {
                    what: "PROBE",
                    url: shown,
                    hops: error.hops.clone(),
                    result: Err((error.kind, error.message.clone())),
                    elapsed: started.elapsed(),
                };
                self.refuse(error, noted)
            }
        }
    }
}

impl log::Host for AttemptState {
    async fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warn => "warn",
        };
        self.trace().push_log(level, &message);
        Ok(())
    }
}

impl budget::Host for AttemptState {
    async fn remaining(&mut self) -> wasmtime::Result<budget::RemainingBudget> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let (requests, bytes) = self.wire.as_ref().map_or((0, 0), |wire| {
            (wire.meter.requests_left(), wire.meter.bytes_left())
        });
        Ok(budget::RemainingBudget {
            ms: u32::try_from(left.as_millis()).unwrap_or(u32::MAX),
            requests,
            bytes,
        })
    }
}

impl AttemptState {
    /// The deadline passed during a request: the guest is not woken again.
    fn waited_too_long(
        &self,
        what: &'static str,
        url: String,
        started: Instant,
    ) -> wasmtime::Error {
        self.trace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .calls
            .push(HostCall {
                what,
                url,
                hops: Vec::new(),
                result: Err((
                    HttpErrorKind::Timeout,
                    "no answer before the source's deadline".to_owned(),
                )),
                elapsed: started.elapsed(),
            });
        wasmtime::Error::new(Stop::DeadlineWhileWaiting)
    }

    /// Hands an HTTP error to the guest, notes it, and says to the operator
    /// which setting would have allowed a denied host.
    fn refuse<T>(
        &mut self,
        error: HttpError,
        noted: HostCall,
    ) -> wasmtime::Result<Result<T, wit::HttpError>> {
        self.trace().calls.push(noted);
        if error.kind == HttpErrorKind::Timeout && Instant::now() >= self.deadline {
            return Err(wasmtime::Error::new(Stop::DeadlineWhileWaiting));
        }
        let mut message = error.message;
        let wire = sending(&mut self.wire)?;
        match error.kind {
            HttpErrorKind::BudgetExhausted => wire.over_budget = true,
            HttpErrorKind::DeniedHost => {
                let parsed = url::Url::parse(&error.url).ok();
                let host = parsed.as_ref().and_then(url::Url::host_str).unwrap_or("…");
                message = format!("{message}; {}", remedy(wire, host));
                let message = message.clone();
                self.trace().push_log("warn", &message);
            }
            _ => {}
        }
        Ok(Err(wit::HttpError {
            kind: guest_kind(error.kind),
            message,
        }))
    }
}

/// What would let a guest talk to `host`.
fn remedy(wire: &Wire, host: &str) -> String {
    let adapter = &wire.adapter;
    let hosts = &wire.descriptor.hosts;
    if !hosts.iter().any(|declared| declared.matches(host)) {
        return format!(
            "{adapter} does not declare {host}: it must be among the hosts of its descriptor \
             before anybody can grant it"
        );
    }
    // The whole line: a second one would not be read.
    let granted = wire.grants.iter().map(ToString::to_string);
    let line: Vec<String> = granted
        .chain([host.to_owned()])
        .map(|host| format!("\"{host}\""))
        .collect();
    format!(
        "[adapter.{adapter}] hosts = [{}] in paperfall.toml would allow it",
        line.join(", ")
    )
}

fn sending(wire: &mut Option<Wire>) -> wasmtime::Result<&mut Wire> {
    wire.as_mut()
        .ok_or_else(|| wasmtime::Error::new(Stop::ImportInDescribe))
}

/// Counts a call. Requests that are refused cost the host time and memory
/// too, so they count like those that are sent.
fn counted(wire: &mut Option<Wire>) -> wasmtime::Result<&mut Wire> {
    let wire = sending(wire)?;
    wire.calls = wire.calls.saturating_add(1);
    if wire.calls > wire.requests_max.saturating_add(CALLS_BEYOND_BUDGET) {
        return Err(wasmtime::Error::new(Stop::RequestLimit));
    }
    Ok(wire)
}

fn prepare(
    wire: &Wire,
    request: &wit::Request,
    method: Method,
    role: Role,
    deadline: Instant,
) -> Result<Request, HttpError> {
    let mut prepared = Request::new(method, &request.url, role, wire.grants.clone())?
        .until(deadline)
        .metered(wire.meter.clone())
        .with_secrets(wire.secrets.clone());
    for header in &request.headers {
        prepared = prepared.header(&header.name, &header.value)?;
    }
    Ok(prepared)
}

/// A URL short enough to print.
fn shorten(url: &str) -> String {
    let mut letters = url.chars();
    let kept: String = letters.by_ref().take(300).collect();
    let mut kept = super::trace::escape_controls(&kept);
    if letters.next().is_some() {
        kept.push('…');
    }
    kept
}

fn guest_hop(hop: &Hop) -> wit::Hop {
    wit::Hop {
        url: hop.url.to_string(),
        status: hop.status.unwrap_or(0),
    }
}

fn guest_kind(kind: HttpErrorKind) -> wit::HttpErrorKind {
    match kind {
        HttpErrorKind::BadUrl => wit::HttpErrorKind::BadUrl,
        HttpErrorKind::ForbiddenRequest => wit::HttpErrorKind::ForbiddenRequest,
        HttpErrorKind::DeniedHost => wit::HttpErrorKind::DeniedHost,
        HttpErrorKind::PrivateAddress => wit::HttpErrorKind::PrivateAddress,
        HttpErrorKind::RobotsDisallow => wit::HttpErrorKind::RobotsDisallow,
        HttpErrorKind::Offline => wit::HttpErrorKind::Offline,
        HttpErrorKind::BreakerOpen => wit::HttpErrorKind::BreakerOpen,
        HttpErrorKind::RateLimited => wit::HttpErrorKind::RateLimited,
        HttpErrorKind::Timeout => wit::HttpErrorKind::Timeout,
        HttpErrorKind::TooLarge => wit::HttpErrorKind::TooLarge,
        HttpErrorKind::RedirectLoop => wit::HttpErrorKind::RedirectLoop,
        HttpErrorKind::Dns => wit::HttpErrorKind::Dns,
        HttpErrorKind::Connect => wit::HttpErrorKind::Connect,
        HttpErrorKind::Tls => wit::HttpErrorKind::Tls,
        HttpErrorKind::Reset => wit::HttpErrorKind::Reset,
        HttpErrorKind::Stalled => wit::HttpErrorKind::Stalled,
        HttpErrorKind::Protocol => wit::HttpErrorKind::Protocol,
        HttpErrorKind::BudgetExhausted => wit::HttpErrorKind::BudgetExhausted,
        HttpErrorKind::Other => wit::HttpErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_up_to_300_characters_and_what_is_left_out_is_marked() {
        let whole = format!("https://a.example/{}", "x".repeat(282));
        assert_eq!(shorten(&whole), whole);
        assert_eq!(shorten(&format!("{whole}y")), format!("{whole}…"));
        assert_eq!(
            shorten("https://a.example/\u{7}"),
            "https://a.example/\\u{7}"
        );
        let steering = "\u{7}".repeat(301);
        assert!(shorten(&steering).ends_with("\\u{7}…"));
    }
}
