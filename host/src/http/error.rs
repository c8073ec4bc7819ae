//! Why there is no response: one kind per `http-error-kind` of the contract,
//! and an error whose message says what happened, to what, and what to do.
//!
//! Every text in an [`HttpError`] has its secrets taken out already.

use std::fmt;
use std::time::Duration;

use super::response::Hop;
use crate::outcome::Reason;

/// The kinds of the contract's `http-error-kind`, one to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpErrorKind {
    /// Not a well-formed http or https URL.
    BadUrl,
    /// A header, method or secret that is not sent.
    ForbiddenRequest,
    /// The host is not among the granted ones.
    DeniedHost,
    /// The name or literal leads to an address that is not public.
    PrivateAddress,
    /// robots.txt forbids the URL.
    RobotsDisallow,
    /// Network use is switched off.
    Offline,
    /// The host failed too often lately.
    BreakerOpen,
    /// The rate limit would make the request wait too long.
    RateLimited,
    /// The deadline passed.
    Timeout,
    /// The body is larger than its cap.
    TooLarge,
    /// More than ten redirects, or a circle.
    RedirectLoop,
    /// The name did not resolve.
    Dns,
    /// No connection.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The connection broke off.
    Reset,
    /// Nothing, or next to nothing, arrived for too long.
    Stalled,
    /// The answer broke HTTP or its declared encoding.
    Protocol,
    /// The attempt's budget of requests or bytes is spent.
    BudgetExhausted,
    /// Anything else.
    Other,
}

impl HttpErrorKind {
    /// The case's name in the contract (`wit/0.1.0`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadUrl => "bad-url",
            Self::ForbiddenRequest => "forbidden-request",
            Self::DeniedHost => "denied-host",
            Self::PrivateAddress => "private-address",
            Self::RobotsDisallow => "robots-disallow",
            Self::Offline => "offline",
            Self::BreakerOpen => "breaker-open",
            Self::RateLimited => "rate-limited",
            Self::Timeout => "timeout",
            Self::TooLarge => "too-large",
            Self::RedirectLoop => "redirect-loop",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Stalled => "stalled",
            Self::Protocol => "protocol",
            Self::BudgetExhausted => "budget-exhausted",
            Self::Other => "other",
        }
    }

    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        const ALL: [HttpErrorKind; 19] = [
            HttpErrorKind::BadUrl,
            HttpErrorKind::ForbiddenRequest,
            HttpErrorKind::DeniedHost,
            HttpErrorKind::PrivateAddress,
            HttpErrorKind::RobotsDisallow,
            HttpErrorKind::Offline,
            HttpErrorKind::BreakerOpen,
            HttpErrorKind::RateLimited,
            HttpErrorKind::Timeout,
            HttpErrorKind::TooLarge,
            HttpErrorKind::RedirectLoop,
            HttpErrorKind::Dns,
            HttpErrorKind::Connect,
            HttpErrorKind::Tls,
            HttpErrorKind::Reset,
            HttpErrorKind::Stalled,
            HttpErrorKind::Protocol,
            HttpErrorKind::BudgetExhausted,
            HttpErrorKind::Other,
        ];
        ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether the request was held back by this side's own courtesy: nothing
    /// was sent, and nothing is said about what was asked for.
    #[must_use]
    pub fn is_gate(self) -> bool {
        matches!(
            self,
            Self::RobotsDisallow | Self::BreakerOpen | Self::RateLimited | Self::Offline
        )
    }

    /// The registry's word for this kind. A broken answer (`Protocol`) is
    /// filed under `reset`: like a broken connection it may be whole the next
    /// time.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::BadUrl => Reason::BadUrl,
            Self::ForbiddenRequest => Reason::Contract,
            Self::DeniedHost => Reason::DeniedHost,
            Self::PrivateAddress => Reason::PrivateAddress,
            Self::RobotsDisallow => Reason::RobotsDisallow,
            Self::Offline => Reason::Offline,
            Self::BreakerOpen => Reason::BreakerOpen,
            Self::RateLimited => Reason::RateWait,
            Self::Timeout => Reason::SourceDeadline,
            Self::TooLarge => Reason::TooLarge,
            Self::RedirectLoop => Reason::RedirectLoop,
            Self::Dns => Reason::Dns,
            Self::Connect | Self::Other => Reason::Connect,
            Self::Tls => Reason::Tls,
            Self::Reset | Self::Protocol => Reason::Reset,
            Self::Stalled => Reason::Stalled,
            Self::BudgetExhausted => Reason::RequestLimit,
        }
    }
}

impl fmt::Display for HttpErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A request that got no usable answer, with the way it went so far.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct HttpError {
    /// What kind of failure.
    pub kind: HttpErrorKind,
    /// For people: what happened, to what, and what would help.
    pub message: String,
    /// The URL being asked when it failed.
    pub url: String,
    /// Every exchange made, the failed one included where it was sent.
    pub hops: Vec<Hop>,
    /// What the server, or a limit, asked to wait.
    pub retry_after: Option<Duration>,
    /// True when the body ended before its announced length (kind `Reset`):
    /// what arrived is the beginning of the real thing.
    pub ended_early: bool,
}

impl HttpError {
    /// The registry's word for this failure.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.kind.reason()
    }
}
