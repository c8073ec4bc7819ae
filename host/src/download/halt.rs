//! The wish to stop, as a stream of bytes hears it: before the run ends it writes
//! down how far it came, so that the next run goes on at that very byte.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// See the module.
#[derive(Debug)]
pub(crate) struct Halt {
    stop: CancellationToken,
    /// Bytes come in that are not written down yet.
    streaming: watch::Sender<bool>,
}

impl Halt {
    /// Heard when `stop` is cancelled.
    pub(crate) fn on(stop: CancellationToken) -> Self {
        Self {
            stop,
            streaming: watch::Sender::new(false),
        }
    }

    /// Nobody waits for what a stream writes down.
    pub(crate) fn never() -> Self {
        Self::on(CancellationToken::new())
    }

    /// Waits until no stream has anything to write down.
    pub(crate) async fn settled(&self) {
        let mut streaming = self.streaming.subscribe();
        // The sender is ours: it is not gone.
        let _ = streaming.wait_for(|streaming| !streaming).await;
    }

    /// A stream begins; it is over when this is dropped.
    pub(super) fn begin(&self) -> Streaming<'_> {
        self.streaming.send_replace(true);
        Streaming(self)
    }
}

/// A stream under way.
pub(super) struct Streaming<'a>(&'a Halt);

impl Streaming<'_> {
    /// Waits until the run is stopped.
    pub(super) async fn asked_to_stop(&self) {
        self.0.stop.cancelled().await;
    }

    /// Everything is written down: nothing is to come, and whoever waits for
    /// that drops this.
    pub(super) async fn rest(self) -> ! {
        drop(self);
        std::future::pending().await
    }
}

impl Drop for Streaming<'_> {
    fn drop(&mut self) {
        self.0.streaming.send_replace(false);
    }
}
