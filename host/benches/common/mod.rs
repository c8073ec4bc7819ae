//! What the benchmarks share: interleaved rounds, CPU time, goals printed
//! beside what was measured, and a miniature web in a process of its own.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

pub mod web;

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// CPU time this process has used, all threads.
pub fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(now.tv_sec).expect("CPU time is positive"),
        u32::try_from(now.tv_nsec).expect("nanoseconds fit"),
    )
}

/// Wall and CPU time of one piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub wall: Duration,
    pub cpu: Duration,
}

/// Measures one piece of work.
pub fn measure(work: impl FnOnce()) -> Cost {
    let (wall, cpu) = (Instant::now(), cpu_time());
    work();
    Cost {
        wall: wall.elapsed(),
        cpu: cpu_time().saturating_sub(cpu),
    }
}

/// A list of figures, told by its middle and its ends.
#[derive(Debug, Clone)]
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn new(mut figures: Vec<f64>) -> Self {
        assert!(!figures.is_empty(), "nothing was measured");
        figures.sort_by(f64::total_cmp);
        Self(figures)
    }

    /// The same figures, each turned into another.
    pub fn map(self, turn: impl Fn(f64) -> f64) -> Self {
        Self::new(self.0.into_iter().map(turn).collect())
    }

    pub fn median(&self) -> f64 {
        self.0[self.0.len() / 2]
    }

    fn text(&self) -> String {
        format!(
            "{:.3} ({:.3}–{:.3}, {} rounds)",
            self.median(),
            self.0[0],
            self.0[self.0.len() - 1],
            self.0.len()
        )
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

/// Prints one figure beside its goal; a missed goal is printed as missed.
pub fn report(what: &str, unit: &str, spread: &Spread, goal: Option<Goal>) {
    let judged = match goal {
        None => String::new(),
        Some(Goal::AtMost(limit)) => verdict("≤", limit, spread.median() <= limit),
        Some(Goal::AtLeast(limit)) => verdict("≥", limit, spread.median() >= limit),
    };
    println!("{what}: {} {unit}{judged}", spread.text());
}

fn verdict(sign: &str, limit: f64, met: bool) -> String {
    judged(&format!("{sign} {limit}"), met)
}

/// A goal as it is printed behind its figure.
pub fn judged(goal: &str, met: bool) -> String {
    let word = if met { "met" } else { "MISSED" };
    format!("  [goal {goal}: {word}]")
}

/// Runs two sides in turn, the order swapped every round, after one round to
/// warm up; returns both costs of each round.
pub fn interleave(
    rounds: usize,
    mut ours: impl FnMut(),
    mut theirs: impl FnMut(),
) -> Vec<(Cost, Cost)> {
    ours();
    theirs();
    (0..rounds)
        .map(|round| {
            if round % 2 == 0 {
                let first = measure(&mut ours);
                (first, measure(&mut theirs))
            } else {
                let second = measure(&mut theirs);
                (measure(&mut ours), second)
            }
        })
        .collect()
}

/// The ratio of both sides of each round.
pub fn ratios(rounds: &[(Cost, Cost)], of: impl Fn(Cost) -> Duration) -> Spread {
    Spread::new(
        rounds
            .iter()
            .map(|(ours, theirs)| of(*ours).as_secs_f64() / of(*theirs).as_secs_f64())
            .collect(),
    )
}
