//! The seam: every request of the stack, each hop by itself, passes
//! [`exchange`](Exchange::exchange).
//!
//! What has to see or stop every hop belongs here, between the checks above
//! (scheme, grant, budget) and the wire below: rate limits, breakers, robots,
//! the cache, recording and replay.

use std::net::SocketAddr;

use reqwest::header::HeaderMap;
use tokio::time::Instant;
use url::Url;

use super::client::Clients;
use super::fault::Fault;
use super::limits::bounded;
use super::request::Method;

/// One hop about to be sent.
pub(super) struct Outgoing<'a> {
    pub(super) method: Method,
    /// With secrets filled in.
    pub(super) url: &'a Url,
    /// For messages: without secrets.
    pub(super) shown_url: &'a str,
    pub(super) headers: HeaderMap,
    pub(super) deadline: Option<Instant>,
}

/// The head of an answer; its body is still on the wire.
pub(super) struct Incoming {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) address: Option<SocketAddr>,
    pub(super) response: reqwest::Response,
}

/// The way to the network.
pub(super) struct Exchange {
    pub(super) clients: Clients,
}

impl Exchange {
    pub(super) async fn exchange(&self, hop: Outgoing<'_>) -> Result<Incoming, Fault> {
        let config = &self.clients.config;
        // A server gets the stall limit for its head, dripped or not.
        let limit = config.connect_timeout + config.stall_timeout;
        let answer = async {
            let client = self.clients.admit(hop.url).await?;
            let method = match hop.method {
                Method::Get => reqwest::Method::GET,
                Method::Head => reqwest::Method::HEAD,
            };
            client
                .request(method, hop.url.clone())
                .headers(hop.headers)
                .send()
                .await
                .map_err(|error| Fault::from_exchange(error, hop.shown_url))
        };
        let mut response = bounded(hop.deadline, limit, answer)
            .await
            .map_err(|expired| expired.fault("answer", hop.shown_url, limit))??;
        Ok(Incoming {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            address: response.remote_addr(),
            response,
        })
    }
}
