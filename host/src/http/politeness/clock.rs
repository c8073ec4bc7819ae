//! A clock that all processes of a machine share and that nobody can set.
//!
//! The wall clock jumps (a correction, a summer night, an operator), and a
//! jump would hand out grants twice or hold everybody up. What counts the time
//! since the machine started does neither. After a restart it starts anew; a
//! record from before then looks like one from the future and is judged so.

use super::rate::Micros;
#[cfg(not(unix))]
use super::rate::micros;

/// Microseconds since the machine started, suspended time included.
#[cfg(unix)]
pub(super) fn machine_micros() -> Micros {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::Boottime;
    // Elsewhere the monotonic clock is the machine's, not the process's, too.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    let seconds = Micros::try_from(time.tv_sec).unwrap_or_default();
    let rest = Micros::try_from(time.tv_nsec).unwrap_or_default() / 1000;
    seconds.saturating_mul(1_000_000).saturating_add(rest)
}

/// Microseconds since 1970: the only clock processes share here that the
/// standard library reads.
#[cfg(not(unix))]
pub(super) fn machine_micros() -> Micros {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map(micros)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_run_backwards() {
        let mut last = machine_micros();
        assert!(last > 0);
        for _ in 0..1000 {
            let now = machine_micros();
            assert!(now >= last);
            last = now;
        }
    }
}
