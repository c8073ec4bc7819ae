//! One attempt in the simulation: asking, then probing what was proposed.

use super::scene::{Copied, Says};
use super::simulation::{Ending, Simulation};
use super::verdict;

/// Where an attempt stands.
#[derive(Debug)]
enum Phase {
    Asking,
    /// Waiting for the answer of a URL.
    Probing(String),
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) source: usize,
    pub(super) deadline: u64,
    /// The work's time ends before the source's.
    pub(super) total_first: bool,
    /// When something happens to it next.
    pub(super) next: u64,
    phase: Phase,
    /// Proposals not yet probed, the best first.
    pub(super) left: Vec<String>,
    /// How the probed ones ended.
    endings: Vec<(&'static str, &'static str)>,
}

/// What a step led to.
pub(super) enum Step {
    /// It goes on.
    On,
    /// It ended without a PDF.
    Ended(Ending),
    /// The host has seen a PDF at this URL.
    Won(String),
}

impl Attempt {
    /// An attempt that asks its source.
    pub(super) fn asking(source: usize, answer_at: u64, deadline: u64, total_first: bool) -> Self {
        Self {
            source,
            deadline,
            total_first,
            next: answer_at.min(deadline),
            phase: Phase::Asking,
            left: Vec::new(),
            endings: Vec::new(),
        }
    }

    /// An attempt that has its answer already.
    pub(super) fn with_proposals(source: usize, deadline: u64, left: Vec<String>) -> Self {
        Self {
            left,
            ..Self::asking(source, deadline, deadline, false)
        }
    }

    /// The URL it is probing.
    pub(super) fn probing(&self) -> Option<&str> {
        match &self.phase {
            Phase::Asking => None,
            Phase::Probing(url) => Some(url),
        }
    }

    fn timed_out(&self) -> Ending {
        let reason = if self.total_first {
            "total_deadline"
        } else {
            "source_deadline"
        };
        ("timeout", reason)
    }

    /// What happens at `self.next`.
    pub(super) fn step(&mut self, world: &mut Simulation<'_>) -> Step {
        let late = self.next >= self.deadline;
        match std::mem::replace(&mut self.phase, Phase::Asking) {
            Phase::Asking if late => Step::Ended(self.timed_out()),
            Phase::Asking => match world.part(self.source).says.clone() {
                Says::Hangs => Step::Ended(self.timed_out()),
                Says::Miss(outcome, reason) => Step::Ended((outcome, reason)),
                Says::Finds {
                    urls,
                    teaches,
                    otherwise,
                } => {
                    world.learn(&urls, &teaches);
                    if urls.is_empty() {
                        return Step::Ended(otherwise);
                    }
                    self.left = urls;
                    self.probe_next(world)
                }
            },
            Phase::Probing(_) if late => Step::Ended(self.timed_out()),
            Phase::Probing(url) => match world.copy(&url).is {
                Copied::Whole | Copied::Truncated => Step::Won(url),
                Copied::Silent => Step::Ended(self.timed_out()),
                Copied::Dead(outcome, reason) => {
                    self.endings.push((outcome, reason));
                    self.probe_next(world)
                }
            },
        }
    }

    /// Turns to the next URL that was not tried for this work.
    pub(super) fn probe_next(&mut self, world: &mut Simulation<'_>) -> Step {
        while !self.left.is_empty() {
            let url = self.left.remove(0);
            if world.claim(&url) {
                let copy = world.copy(&url);
                let answer_at = match copy.is {
                    Copied::Silent => self.deadline,
                    _ => world.now + copy.after,
                };
                world.note_tie(answer_at == self.deadline && copy.is != Copied::Silent);
                self.next = answer_at.min(self.deadline);
                self.phase = Phase::Probing(url);
                return Step::On;
            }
        }
        Step::Ended(if self.endings.is_empty() {
            ("skipped", "already_tried")
        } else {
            verdict::of_attempt(&self.endings)
        })
    }
}
