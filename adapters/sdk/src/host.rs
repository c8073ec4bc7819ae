//! The host's functions as a trait, so that native tests and benchmarks put a
//! host of their own in the real one's place.

#[cfg(target_family = "wasm")]
use crate::bindings::paperfall::adapter::{budget, http, log};
use crate::{HttpError, Level, RemainingBudget, Request, Response, Verdict};

/// Everything an adapter can reach. There is no other way out of the sandbox.
pub trait Host {
    /// Sends one request and follows its redirects.
    ///
    /// # Errors
    /// When there is no HTTP response at all; `?` turns the error into the
    /// right [`Miss`](crate::Miss). A response of any status is a success.
    fn send(&self, request: &Request) -> Result<Response, HttpError>;

    /// The host's own check whether a URL answers with a PDF. It probes every
    /// candidate by itself; ask only where the answer changes the proposal.
    ///
    /// # Errors
    /// As [`send`](Host::send).
    fn probe(&self, url: &str) -> Result<Verdict, HttpError>;

    /// Writes a line for the operator and for `paperfall resolve --explain`.
    fn log(&self, level: Level, message: &str);

    /// What is left of this attempt.
    fn remaining(&self) -> RemainingBudget;
}

/// The real host, reached through the component's imports.
#[cfg(target_family = "wasm")]
#[derive(Debug, Clone, Copy)]
pub struct ComponentHost;

#[cfg(target_family = "wasm")]
impl Host for ComponentHost {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        http::send(request)
    }

    fn probe(&self, url: &str) -> Result<Verdict, HttpError> {
        http::probe(url)
    }

    fn log(&self, level: Level, message: &str) {
        log::log(level, message);
    }

    fn remaining(&self) -> RemainingBudget {
        budget::remaining()
    }
}
