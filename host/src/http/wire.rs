//! The wire: where a hop that every policy has let through is sent, and where
//! its answer comes from.
//!
//! What is above it (redirects, cookies, caps, decoding, politeness, cache)
//! does not know which wire there is.

use std::net::SocketAddr;

use bytes::Bytes;
use reqwest::header::HeaderMap;

use super::cache::Keeping;
use super::client::Clients;
use super::exchange::Outgoing;
use super::fault::Fault;
use super::limits::bounded;
use super::request::Method;

/// What is at the other end.
pub(super) enum Wire {
    /// The network, through one guarded client per origin.
    Network(Clients),
}

/// The head of an answer; its body is still to come.
pub(super) struct Incoming {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) address: Option<SocketAddr>,
    pub(super) body: WireBody,
}

/// A body as it was sent, piece by piece and without any limit: those are
/// [`BoundedBody`](super::body::BoundedBody)'s. Dropping it ends the exchange.
pub(super) struct WireBody {
    source: Source,
    /// The cache's copy in the making.
    keeping: Option<Box<Keeping>>,
}

/// Where the bytes are.
enum Source {
    Network(Box<reqwest::Response>),
    /// At hand; none once they are handed on.
    Stored(Option<Bytes>),
}

impl Wire {
    /// Sends a hop, once.
    pub(super) async fn send(&self, hop: &Outgoing<'_>) -> Result<Incoming, Fault> {
        match self {
            Self::Network(clients) => clients.send(hop).await,
        }
    }
}

impl Clients {
    async fn send(&self, hop: &Outgoing<'_>) -> Result<Incoming, Fault> {
        // A server gets the stall limit for its head, dripped or not.
        let limit = self.config.connect_timeout + self.config.stall_timeout;
        let answer = async {
            let client = self.admit(hop.url).await?;
            let method = match hop.method {
                Method::Get => reqwest::Method::GET,
                Method::Head => reqwest::Method::HEAD,
            };
            client
                .request(method, hop.url.clone())
                .headers(hop.headers.clone())
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
            body: WireBody::from(Source::Network(Box::new(response))),
        })
    }
}

impl WireBody {
    /// A body that is at hand.
    pub(super) fn stored(bytes: Bytes) -> Self {
        Source::Stored(Some(bytes)).into()
    }

    /// Has the cache keep a copy while the body is read.
    pub(super) fn keep(&mut self, keeping: Keeping) {
        self.keeping = Some(Box::new(keeping));
    }

    /// The length the sender announced.
    pub(super) fn content_length(&self) -> Option<u64> {
        match &self.source {
            Source::Network(response) => response.content_length(),
            Source::Stored(bytes) => {
                let left = bytes.as_ref().map_or(0, Bytes::len);
                u64::try_from(left).ok()
            }
        }
    }

    /// Whether its bytes cost no network.
    pub(super) fn is_at_hand(&self) -> bool {
        matches!(self.source, Source::Stored(_))
    }

    /// The next bytes; none at the end. `url` is for messages.
    pub(super) async fn chunk(&mut self, url: &str) -> Result<Option<Bytes>, Fault> {
        let arrived = match &mut self.source {
            Source::Network(response) => response
                .chunk()
                .await
                .map_err(|error| Fault::from_body(error, url))?,
            Source::Stored(bytes) => bytes.take().filter(|bytes| !bytes.is_empty()),
        };
        if let Some(mut keeping) = self.keeping.take() {
            match &arrived {
                Some(piece) if keeping.take(piece) => self.keeping = Some(keeping),
                Some(_) => {}
                None => keeping.finish().await,
            }
        }
        Ok(arrived)
    }
}

impl From<Source> for WireBody {
    fn from(source: Source) -> Self {
        Self {
            source,
            keeping: None,
        }
    }
}
