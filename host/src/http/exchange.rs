//! The seam: every request of the stack, each hop by itself, passes
//! [`exchange`](Exchange::exchange).
//!
//! What has to see or stop every hop stands here, between the checks above
//! (scheme, grant, budget) and the wire below, in this order: offline switch,
//! cache, politeness, wire.

use std::sync::Arc;

use reqwest::header::HeaderMap;
use tokio::time::Instant;
use url::Url;

use super::client::Clients;
use super::config::{HttpConfig, HttpSetupError};
use super::fault::Fault;
use super::meter::Meter;
use super::request::{Method, RequestPolicy, Role};
use super::verdicts::Verdicts;
use super::wire::{Incoming, Wire};

/// One hop about to be sent.
pub(super) struct Outgoing<'a> {
    pub(super) role: Role,
    pub(super) method: Method,
    /// With secrets filled in.
    pub(super) url: &'a Url,
    /// For messages: without secrets.
    pub(super) shown_url: &'a str,
    pub(super) headers: HeaderMap,
    pub(super) deadline: Option<Instant>,
    pub(super) policy: &'a RequestPolicy,
    /// What the attempt may still spend; this hop is paid for already, a retry
    /// of it is not.
    pub(super) meter: Option<&'a Arc<Meter>>,
}

/// The way to the wire.
pub(super) struct Exchange {
    pub(super) config: HttpConfig,
    wire: Wire,
}

impl Exchange {
    pub(super) fn new(config: HttpConfig) -> Result<Self, HttpSetupError> {
        Ok(Self {
            wire: Wire::Network(Clients::new(config.clone())?),
            config,
        })
    }

    /// Gets an answer to `hop`; `verdicts` tells how, also when there is none.
    pub(super) async fn exchange(
        &self,
        hop: Outgoing<'_>,
        verdicts: &mut Verdicts,
    ) -> Result<Incoming, Fault> {
        self.polite(&hop, verdicts).await
    }

    /// The place of politeness: robots, then, around each sending, retries,
    /// breaker and limiter. Everything below it is a request that a server
    /// sees.
    async fn polite(
        &self,
        hop: &Outgoing<'_>,
        _verdicts: &mut Verdicts,
    ) -> Result<Incoming, Fault> {
        self.wire.send(hop).await
    }
}
