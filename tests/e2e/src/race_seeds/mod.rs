//! From a seed to a work: what the miniature web does for it, and the same
//! told to the model of the race.
//!
//! A seed draws how each source behaves and how long it takes. Draws in which
//! the order of two things would be a matter of chance are drawn again.

mod cast;
mod direct;
mod draw;
mod later;
mod plans;
mod staging;

pub use plans::RacePlan;
pub use staging::Story;
