//! A second opinion on the race: its rules written down once more, from the
//! design and not from the code, as a small simulation in discrete time.
//!
//! A [`Scene`] says what every source would do for one work and how long it
//! would take; [`predict`] says who wins and which attempts come to what. Time
//! is counted in ticks. Two things that happen in the same tick have no order,
//! so such a scene is marked as a tie, for the caller to throw away.

mod attempt;
mod scene;
mod simulation;
mod verdict;

pub use scene::{After, Copied, Copy, Part, Rules, Says, Scene, Source, Thing};
pub use simulation::{Prediction, predict};
