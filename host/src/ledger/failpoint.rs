//! Places where a test can kill or stop the process, for real. Without the
//! feature `failpoints` they are nothing at all.
//!
//! `PAPERFALL_FAILPOINT=NAME:kill` (or `:stop`, and `:kill:3` for the third time
//! the place is passed) acts when the place NAME is passed.

/// A place a test may end the process at.
#[cfg(feature = "failpoints")]
macro_rules! failpoint {
    ($name:expr) => {
        $crate::ledger::failpoint::pass($name)
    };
}

/// Nothing: the build has no failpoints.
#[cfg(not(feature = "failpoints"))]
macro_rules! failpoint {
    ($name:expr) => {};
}

pub(super) use failpoint;

/// Passes the place: goes on, dies, or stands still until continued.
#[cfg(feature = "failpoints")]
pub fn pass(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static PLAN: OnceLock<Option<(String, String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let plan = PLAN.get_or_init(|| {
        let text = std::env::var("PAPERFALL_FAILPOINT").ok()?;
        let mut parts = text.split(':');
        let (name, action) = (parts.next()?, parts.next()?);
        let nth = parts.next().and_then(|n| n.parse().ok()).unwrap_or(1);
        Some((name.to_owned(), action.to_owned(), nth))
    });
    let Some((wanted, action, nth)) = plan else {
        return;
    };
    if wanted != name || PASSED.fetch_add(1, Ordering::SeqCst) + 1 != *nth {
        return;
    }
    let signal = if action == "stop" { "-STOP" } else { "-KILL" };
    // A real signal from outside, as an operator or the system would send it.
    let sent = std::process::Command::new("kill")
        .arg(signal)
        .arg(std::process::id().to_string())
        .status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "the failpoint {name} could not send {signal}"
    );
    // The signal reaches one thread first and the others within moments.
    std::thread::sleep(std::time::Duration::from_millis(200));
}

/// Whether one of the ledger's rules is switched off, to prove that the tests
/// notice: `PAPERFALL_MUTANT=NAME`.
#[cfg(feature = "failpoints")]
#[must_use]
pub fn without(rule: &str) -> bool {
    std::env::var("PAPERFALL_MUTANT").is_ok_and(|name| name == rule)
}
