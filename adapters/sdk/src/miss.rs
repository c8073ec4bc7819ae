//! How a source fails: an outcome, a reason from the host's registry (or the
//! adapter's own word), and a sentence for people. `?` makes one of an HTTP
//! error.

use std::borrow::Cow;

use crate::bindings::paperfall::adapter::types;
use crate::{HttpError, HttpErrorKind, MissOutcome};

/// Why a source has nothing to propose.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    outcome: MissOutcome,
    reason: Cow<'static, str>,
    status: Option<u16>,
    detail: Option<String>,
}

impl Miss {
    fn new(outcome: MissOutcome, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            outcome,
            reason: reason.into(),
            status: None,
            detail: None,
        }
    }

    /// The source answered, and there is nothing: `not_oa`, `not_found`,
    /// `no_pdf_url`, `no_snapshot`, `paywalled`, `blocked`.
    pub fn no_pdf(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(MissOutcome::NoPdf, reason)
    }

    /// It will never answer otherwise: `misconfigured`, `http_4xx`, ….
    pub fn nonretryable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(MissOutcome::Nonretryable, reason)
    }

    /// It may answer another day: `rate_limited`, `http_5xx`, `connect`, ….
    pub fn retryable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(MissOutcome::Retryable, reason)
    }

    /// It was not asked, because something is missing: `no_doi`, `no_email`, ….
    pub fn skipped(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(MissOutcome::Skipped, reason)
    }

    /// The adapter itself went wrong.
    pub fn error(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(MissOutcome::Error, reason)
    }

    /// The source answered in a shape the adapter does not know; `expected`
    /// completes "expected …".
    #[must_use]
    pub fn bad_answer(expected: &str) -> Self {
        Self::error("bad_answer").because(format!("expected {expected}"))
    }

    /// Adds the HTTP status that decided it.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a sentence for people: what happened, to what, and what would
    /// help. It goes to the log.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> MissOutcome {
        self.outcome
    }

    /// The reason's name.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The HTTP status that decided it, where one did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The sentence for people, where there is one.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }
}

impl From<HttpError> for Miss {
    fn from(error: HttpError) -> Self {
        use HttpErrorKind as Kind;
        let miss = match error.kind {
            Kind::BadUrl => Self::nonretryable("bad_url"),
            Kind::DeniedHost => Self::nonretryable("denied_host"),
            Kind::PrivateAddress => Self::nonretryable("private_address"),
            Kind::TooLarge => Self::nonretryable("too_large"),
            Kind::RedirectLoop => Self::nonretryable("redirect_loop"),
            Kind::RobotsDisallow => Self::skipped("robots_disallow"),
            Kind::Offline => Self::skipped("offline"),
            Kind::BreakerOpen => Self::skipped("breaker_open"),
            // Our own limit: nothing was sent. A server's is a status, 429.
            Kind::RateLimited => Self::skipped("rate_wait"),
            // The attempt's own deadline never comes back to the guest: this
            // is one slow request.
            Kind::Timeout | Kind::Stalled => Self::retryable("stalled"),
            Kind::Dns => Self::retryable("dns"),
            Kind::Connect => Self::retryable("connect"),
            Kind::Tls => Self::retryable("tls"),
            Kind::Reset | Kind::Protocol => Self::retryable("reset"),
            Kind::BudgetExhausted => Self::error("request_limit"),
            Kind::ForbiddenRequest => Self::error("forbidden_request"),
            Kind::Other => Self::error("http_other"),
        };
        miss.because(error.message)
    }
}

impl From<Miss> for types::Miss {
    fn from(miss: Miss) -> Self {
        Self {
            outcome: miss.outcome,
            reason: miss.reason.into_owned(),
            status: miss.status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_error_becomes_a_miss_that_keeps_its_explanation() {
        let miss = Miss::from(HttpError {
            kind: HttpErrorKind::DeniedHost,
            message: "evil.example is not granted".to_owned(),
        });
        assert_eq!(miss.outcome(), MissOutcome::Nonretryable);
        assert_eq!(miss.reason(), "denied_host");
        assert_eq!(miss.detail(), Some("evil.example is not granted"));
    }

    #[test]
    fn trouble_on_the_way_is_worth_another_day_and_refusals_by_the_plan_are_skips() {
        for (kind, outcome, reason) in [
            (HttpErrorKind::Timeout, MissOutcome::Retryable, "stalled"),
            (HttpErrorKind::Dns, MissOutcome::Retryable, "dns"),
            (HttpErrorKind::Tls, MissOutcome::Retryable, "tls"),
            (
                HttpErrorKind::RateLimited,
                MissOutcome::Skipped,
                "rate_wait",
            ),
            (
                HttpErrorKind::BreakerOpen,
                MissOutcome::Skipped,
                "breaker_open",
            ),
            (HttpErrorKind::Offline, MissOutcome::Skipped, "offline"),
            (
                HttpErrorKind::RobotsDisallow,
                MissOutcome::Skipped,
                "robots_disallow",
            ),
            (
                HttpErrorKind::PrivateAddress,
                MissOutcome::Nonretryable,
                "private_address",
            ),
            (
                HttpErrorKind::BudgetExhausted,
                MissOutcome::Error,
                "request_limit",
            ),
        ] {
            let miss = Miss::from(HttpError {
                kind,
                message: String::new(),
            });
            assert_eq!(
                (miss.outcome(), miss.reason()),
                (outcome, reason),
                "{kind:?}"
            );
        }
    }
}
