//! Drawing lots, the same ones for the same seed.

use crate::race_model::{Copied, Copy};

/// A small deterministic generator (splitmix64).
#[derive(Debug)]
pub(super) struct Lots(u64);

impl Lots {
    pub(super) fn new(seed: u64, turn: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ turn.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.between(1, 100) <= chance
    }

    /// One of these, each as likely as its weight.
    pub(super) fn weighted<T: Clone>(&mut self, choices: &[(u64, T)]) -> T {
        let total: u64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut at = self.between(0, total - 1);
        for (weight, choice) in choices {
            if at < *weight {
                return choice.clone();
            }
            at -= weight;
        }
        choices[0].1.clone()
    }

    /// Ticks a service takes.
    pub(super) fn ticks(&mut self) -> u64 {
        self.between(1, 6)
    }

    /// A copy that any source may propose.
    pub(super) fn copy(&mut self) -> Copy {
        self.copy_of(&[
            (22, Copied::Whole),
            (20, Copied::Truncated),
            (25, Copied::Dead("no_pdf", "not_found")),
            (12, Copied::Dead("no_pdf", "blocked")),
            (8, Copied::Dead("no_pdf", "paywalled")),
            (7, Copied::Dead("retryable", "http_5xx")),
            (6, Copied::Silent),
        ])
    }

    /// A copy after which the next one may be tried: how an attempt counts
    /// that ended in trouble twice is nobody's rule.
    pub(super) fn first_copy(&mut self) -> Copy {
        self.copy_of(&[
            (15, Copied::Whole),
            (35, Copied::Truncated),
            (30, Copied::Dead("no_pdf", "not_found")),
            (20, Copied::Dead("no_pdf", "blocked")),
        ])
    }

    pub(super) fn copy_of(&mut self, choices: &[(u64, Copied)]) -> Copy {
        Copy {
            after: self.between(1, 4),
            is: self.weighted(choices),
        }
    }
}
