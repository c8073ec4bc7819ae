//! Running many cases side by side, and choosing some of very many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs every case, a few at once; the results in the order of the cases.
pub fn each<C: Sync, R: Send>(cases: &[C], run: impl Fn(&C) -> R + Sync) -> Vec<R> {
    let at_once = 2 * thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new(cases.iter().map(|_| None).collect());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((n, case)) = {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    cases.get(n).map(|case| (n, case))
                } {
                    let result = run(case);
                    results.lock().unwrap()[n] = Some(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    results.into_iter().map(Option::unwrap).collect()
}

/// What is wrong with a case, in its own words: `Err` is a story.
#[must_use]
pub fn findings(case: &str, judged: Result<Vec<String>, String>) -> Option<String> {
    let wrong = judged.unwrap_or_else(|story| vec![story]);
    (!wrong.is_empty()).then(|| format!("{case}: {}", wrong.join("; ")))
}

/// Numbers that a seed determines (splitmix64).
pub struct Dice(u64);

impl Dice {
    /// The seed in `KILLS_SEED`, or one of this moment; it is printed.
    #[must_use]
    pub fn thrown() -> Self {
        let given = std::env::var("KILLS_SEED").ok().and_then(|s| s.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) ^ now.as_secs()
        });
        println!("KILLS_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z % limit as u64).unwrap()
    }
}
