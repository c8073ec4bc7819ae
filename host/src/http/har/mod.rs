//! Recordings in HAR 1.2: every exchange of the wire written down, and a wire
//! made of what was written down.
//!
//! What it promises. A recording is valid at every moment, holds every
//! exchange (those cut off by a lost race too), and neither a secret nor the
//! operator's e-mail address. A replay goes through the same policies as the
//! network and never touches it; method, URL and `Range` decide which exchange
//! answers, several of one kind in their order; races end as they ended. What
//! browsers write is understood: bodies as they were decoded, in base64 or
//! not, fields missing, sizes wrong.
//!
//! `parse` and `lenient` read, `write`, `recorder` and `place` write, `matching` finds the exchange,
//! `schedule` says when its answer is given, `replay` is the wire, `redact`
//! takes out what is nobody's business.

mod error;
mod lenient;
mod matching;
mod model;
mod nearest;
mod parse;
mod place;
mod recorder;
mod redact;
mod replay;
mod schedule;
mod spool;
mod tap;
mod write;

pub use error::HarError;
pub use model::{FixedWorld, Recording};
pub use parse::{HAR_MAX_BYTES, parse};
pub(super) use recorder::Recorder;
pub use redact::Private;
pub(crate) use replay::NOT_RECORDED_WORDS;
pub(super) use replay::{Passage, Replay, ReplayedBody};
pub(super) use tap::Tap;
