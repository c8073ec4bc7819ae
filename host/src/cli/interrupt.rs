//! Ctrl-C, and the polite signal of service managers: the first stops the run,
//! the second leaves at once.

use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::output::note;

/// Cancelled at the first Ctrl-C; the second one leaves at once.
pub(crate) fn stop_on_ctrl_c() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        interrupted().await;
        note("paperfall: stopping; what is finished is kept (Ctrl-C again to leave at once)");
        token.cancel();
        interrupted().await;
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    stop
}

/// Waits for Ctrl-C, or for the polite signal service managers send.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals nobody interrupts us.
        std::future::pending::<()>().await;
    }
}
