//! Ctrl-C, the polite signal of service managers, and the hangup of a terminal
//! that closed: the first stops the run, a second of the first two leaves at once.

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
        // A terminal that closes hangs up twice, by its shell and by the kernel.
        asked_to_end().await;
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    stop
}

/// Waits for Ctrl-C, for the polite signal service managers send, or for the end
/// of the terminal.
pub(crate) async fn interrupted() {
    tokio::select! {
        () = asked_to_end() => {}
        () = hung_up() => {}
    }
}

async fn asked_to_end() {
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

/// Waits for a hangup, unless whoever started this process had it ignore them,
/// as `nohup` does. Where that cannot be told a hangup stays what it was.
async fn hung_up() {
    #[cfg(target_os = "linux")]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        if ignores_hangups(&status) == Some(false)
            && let Ok(mut hangup) = signal(SignalKind::hangup())
            && hangup.recv().await.is_some()
        {
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// Whether a process ignores SIGHUP, by what the kernel says of it.
#[cfg(target_os = "linux")]
fn ignores_hangups(status: &str) -> Option<bool> {
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(ignored.trim(), 16).ok()?;
    // Signal 1 is the lowest bit.
    Some(mask & 1 == 1)
}
