//! An answer whose body is still to come: what the downloader streams to disk.

use bytes::Bytes;
use url::Url;

use super::body::Body;
use super::error::HttpError;
use super::response::{Headers, Hop};
use super::session::Answer;

/// The head of an answer and the way to its bytes.
///
/// Dropping it closes the request.
pub struct Download {
    answer: Answer,
    body: Body,
    is_encoded: bool,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.answer.status)
            .field("url", &self.answer.url.as_str())
            .finish_non_exhaustive()
    }
}

impl Download {
    pub(super) fn new(answer: Answer, body: Body, is_encoded: bool) -> Self {
        Self {
            answer,
            body,
            is_encoded,
        }
    }

    /// The status of the last hop.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// The URL that answered, after all redirects.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.answer.url
    }

    /// The last answer's headers. When the body [is
    /// encoded](Download::is_encoded) its `Content-Length` counts other bytes
    /// than [`Download::chunk`] gives.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.answer.headers
    }

    /// How many bytes [`Download::chunk`] will give in all, where that is
    /// known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        if self.is_encoded {
            return None;
        }
        self.answer.headers.content_length()
    }

    /// Whether the server encoded the body although it was asked not to. It is
    /// decoded here; but its ranges and lengths mean the encoded bytes, so it
    /// cannot be resumed.
    #[must_use]
    pub fn is_encoded(&self) -> bool {
        self.is_encoded
    }

    /// Every exchange so far, with what this body has brought.
    pub fn hops(&mut self) -> &[Hop] {
        self.answer.log.settle();
        self.answer.log.hops()
    }

    /// The next bytes of the body, decoded; none at its end. An announced
    /// length is held to: a body that stops short of it is an error, never an
    /// end.
    ///
    /// # Errors
    /// `Stalled` when nothing, or next to nothing, arrives within the stall
    /// limit; `Reset` when the connection breaks, with `ended_early` set when
    /// the body just stopped; `TooLarge` beyond the cap; `Timeout` and
    /// `BudgetExhausted` as the request said.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        match self.body.chunk().await {
            Ok(bytes) => Ok(bytes),
            Err(fault) => Err(self.answer.log.error(fault)),
        }
    }
}
