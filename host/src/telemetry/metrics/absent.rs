//! Whether the sources agree that a work has no open copy.
//!
//! Two sources or more that say `not_oa` or `not_found` settle it: such a work
//! is nobody's failure, and the judged completion leaves it out.

use std::collections::HashMap;

use crate::outcome::Reason;

/// Sources that must agree.
pub(in crate::telemetry) const SOURCES_THAT_AGREE: usize = 2;
/// Works remembered at once; beyond that they count as not agreed.
const MOST_WORKS: usize = 8192;

/// Whether this reason says that there is no open copy.
pub(super) fn says_absent(reason: &Reason) -> bool {
    matches!(reason, Reason::NotOa | Reason::NotFound)
}

/// Works whose race is on, with the sources that say there is nothing.
#[derive(Debug, Default)]
pub(super) struct Absences(HashMap<String, Vec<String>>);

impl Absences {
    /// This source says of this work that there is nothing.
    pub(super) fn told(&mut self, work: &str, source: &str) {
        if let Some(sources) = self.0.get_mut(work) {
            if sources.len() < SOURCES_THAT_AGREE && !sources.iter().any(|known| known == source) {
                sources.push(source.to_owned());
            }
        } else if self.0.len() < MOST_WORKS {
            self.0.insert(work.to_owned(), vec![source.to_owned()]);
        }
    }

    /// The race for this work is over; whether enough sources agreed.
    pub(super) fn agreed(&mut self, work: &str) -> bool {
        self.0
            .remove(work)
            .is_some_and(|sources| sources.len() >= SOURCES_THAT_AGREE)
    }
}
