//! Clock and chance of an attempt that is recorded or replayed: the same each
//! time.
//!
//! A component may put the time or a random number into a URL; the recording
//! would then have no answer for its replay. So in both runs the wall clock
//! starts where the recording began, a reading moves a clock on by one
//! millisecond (so that whoever waits for a clock to pass does not wait for
//! ever), and random numbers depend on the recording, the adapter and the work
//! alone.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use rand_core::TryRng;
use sha2::{Digest, Sha256};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::http::har::FixedWorld;

const TICK: Duration = Duration::from_millis(1);

/// Gives `builder` the clock and the chance of `world` for one attempt, which
/// `adapter` and `work` name.
pub(crate) fn fix(builder: &mut WasiCtxBuilder, world: FixedWorld, adapter: &str, work: &str) {
    let start = world.now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let clock = Clock {
        start,
        ticks: Arc::default(),
    };
    let numbers = |kind: &str| Numbers::new(world.seed, [kind, adapter, work]);
    let mut seed = [0; 16];
    numbers("seed").fill(&mut seed);
    builder
        .wall_clock(clock.clone())
        .monotonic_clock(clock)
        .secure_random(numbers("secure"))
        .insecure_random(numbers("insecure"))
        .insecure_random_seed(u128::from_le_bytes(seed));
}

/// Both clocks: they share their ticks.
#[derive(Clone)]
struct Clock {
    start: Duration,
    ticks: Arc<AtomicU64>,
}

impl Clock {
    fn since_start(&self) -> Duration {
        let ticks = self.ticks.fetch_add(1, Ordering::Relaxed);
        TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        TICK
    }

    fn now(&self) -> Duration {
        self.start.saturating_add(self.since_start())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        u64::try_from(TICK.as_nanos()).unwrap_or(u64::MAX)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since_start().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Random numbers from a seed: SHA-256 in counter mode, the same for every
/// version of every library.
struct Numbers {
    key: [u8; 32],
    block: u64,
    ready: Vec<u8>,
}

impl Numbers {
    fn new(seed: u64, names: [&str; 3]) -> Self {
        let mut digest = Sha256::new();
        digest.update(seed.to_le_bytes());
        for name in names {
            digest.update(name);
            digest.update([0]);
        }
        Self {
            key: digest.finalize().into(),
            block: 0,
            ready: Vec::new(),
        }
    }

    fn fill(&mut self, room: &mut [u8]) {
        for byte in room {
            *byte = self.byte();
        }
    }

    fn byte(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.ready.pop() {
                return byte;
            }
            let mut digest = Sha256::new();
            digest.update(self.key);
            digest.update(self.block.to_le_bytes());
            self.block = self.block.wrapping_add(1);
            self.ready = digest.finalize().to_vec();
        }
    }
}

impl TryRng for Numbers {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, room: &mut [u8]) -> Result<(), Infallible> {
        self.fill(room);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u64, names: [&str; 3]) -> [u8; 100] {
        let mut room = [0; 100];
        Numbers::new(seed, names).fill(&mut room);
        room
    }

    #[test]
    fn the_same_names_draw_the_same_numbers_and_others_draw_others() {
        let numbers = drawn(7, ["secure", "acme", "w"]);
        assert_eq!(numbers, drawn(7, ["secure", "acme", "w"]));
        for (seed, names) in [
            (8, ["secure", "acme", "w"]),
            (7, ["insecure", "acme", "w"]),
            (7, ["secure", "acm", "ew"]),
            (7, ["secure", "acme", "v"]),
        ] {
            assert_ne!(numbers, drawn(seed, names), "{seed} {names:?}");
        }
    }

    #[test]
    fn it_is_one_row_of_numbers_however_it_is_drawn() {
        let row = drawn(7, ["secure", "acme", "w"]);
        let mut numbers = Numbers::new(7, ["secure", "acme", "w"]);
        let mut rest = [0; 88];
        let Ok(four) = numbers.try_next_u32();
        let Ok(eight) = numbers.try_next_u64();
        let Ok(()) = numbers.try_fill_bytes(&mut rest);
        let all = [&four.to_le_bytes()[..], &eight.to_le_bytes(), &rest].concat();
        assert_eq!(all, row);
    }

    #[test]
    fn a_long_draw_does_not_begin_again() {
        let numbers = drawn(7, ["secure", "acme", "w"]);
        let [first, second, third] = [0, 32, 64].map(|at| numbers.iter().skip(at).take(32));
        assert!(!first.clone().eq(second.clone()));
        assert!(!first.eq(third.clone()));
        assert!(!second.eq(third));
    }

    #[test]
    fn a_clock_that_is_waited_for_passes() {
        let clock = Clock {
            start: Duration::from_secs(5),
            ticks: Arc::default(),
        };
        assert_eq!(HostWallClock::now(&clock), Duration::from_secs(5));
        assert_eq!(HostMonotonicClock::now(&clock), 1_000_000);
        assert_eq!(HostWallClock::now(&clock), Duration::from_millis(5002));
    }
}
