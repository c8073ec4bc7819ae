//! An answer's body on its way out: pieces of content, at the pace and to the
//! point its delivery says, keeping the log up to date as it goes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::content::{Content, PIECE};
use crate::log::{Ended, Ticket};
use crate::wire::{Cut, WireControl};

/// What happens once the last byte to be sent has been handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The answer is complete.
    Complete,
    /// The connection is cut.
    Cut(Cut),
    /// Nothing more happens until the client leaves.
    Hang,
}

/// A body being sent.
#[derive(Debug)]
pub(crate) struct Outgoing {
    content: Content,
    at: u64,
    end: u64,
    /// None: chunked.
    announced: Option<u64>,
    drip: Option<(usize, Duration)>,
    wait: Option<Pin<Box<Sleep>>>,
    /// Before a cut.
    pause: Option<Duration>,
    finish: Finish,
    ticket: Ticket,
    wire: WireControl,
}

impl Outgoing {
    /// Sends `content[at..end]`; `announced` is its `Content-Length`.
    pub(crate) fn new(
        content: Content,
        (at, end): (u64, u64),
        announced: Option<u64>,
        finish: Finish,
        ticket: Ticket,
        wire: WireControl,
    ) -> Self {
        if at >= end && finish == Finish::Complete {
            // The HTTP layer never asks an empty body for anything.
            ticket.end(Ended::Completed);
        }
        Self {
            content,
            at,
            end,
            announced,
            drip: None,
            wait: None,
            pause: None,
            finish,
            ticket,
            wire,
        }
    }

    /// Waits so long before a cut.
    pub(crate) fn pausing(mut self, pause: Duration) -> Self {
        self.pause = Some(pause).filter(|pause| !pause.is_zero());
        self
    }

    /// At most `bytes` each interval.
    pub(crate) fn dripping(mut self, bytes: usize, every: Duration) -> Self {
        self.drip = Some((bytes, every));
        self
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(cx));
            self.wait = None;
        }
        if self.at >= self.end {
            if let (Finish::Cut(_), Some(pause)) = (self.finish, self.pause.take()) {
                let mut wait = Box::pin(sleep_until(Instant::now() + pause));
                if wait.as_mut().poll(cx).is_pending() {
                    self.wait = Some(wait);
                    return Poll::Pending;
                }
            }
            return match self.finish {
                Finish::Complete => Poll::Ready(None),
                Finish::Hang => Poll::Pending,
                Finish::Cut(cut) => {
                    self.ticket.end(Ended::ServerCut);
                    // The flush that follows every poll carries it out.
                    self.wire.cut(cut);
                    Poll::Pending
                }
            };
        }
        let most = self.drip.map_or(PIECE, |(bytes, _)| bytes);
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let piece = self.content.read(self.at, most.min(left));
        let size = piece.len() as u64;
        self.at += size;
        self.ticket.sent(size);
        if let Some((_, every)) = self.drip {
            self.wait = Some(Box::pin(sleep_until(Instant::now() + every)));
        }
        if self.at >= self.end && self.finish == Finish::Complete {
            self.ticket.end(Ended::Completed);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end && self.finish == Finish::Complete
    }

    fn size_hint(&self) -> SizeHint {
        match self.announced {
            Some(length) => SizeHint::with_exact(length),
            None => SizeHint::default(),
        }
    }
}
