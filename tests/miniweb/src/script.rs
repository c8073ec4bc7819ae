//! Several answers of one URL, one after another: a server that recovers, a
//! paper that changes between two requests.

use crate::answer::Answer;

/// The answers to one URL, in order; the last one repeats.
#[derive(Debug, Clone)]
pub struct Script {
    first: Vec<Answer>,
    last: Answer,
}

impl Script {
    /// Afterwards (from the next request on) this.
    #[must_use]
    pub fn then(mut self, next: Answer) -> Self {
        self.first.push(std::mem::replace(&mut self.last, next));
        self
    }

    /// The answer of the given turn, counted from zero.
    pub(crate) fn at(&self, turn: usize) -> &Answer {
        self.first.get(turn).unwrap_or(&self.last)
    }
}

impl From<Answer> for Script {
    fn from(answer: Answer) -> Self {
        Self {
            first: Vec::new(),
            last: answer,
        }
    }
}
