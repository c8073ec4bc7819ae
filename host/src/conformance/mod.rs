//! Judging a component nobody knows: is it fit to be run?
//!
//! The component meets one work many times, in scenes that each go wrong in
//! one way: a service that wants to be left alone, answers that drip, break
//! off or are junk, a redirect to a private address, a work whose identifiers
//! are written to be pasted into a URL. Sandbox and HTTP stack are the real
//! ones; only the answers are made up, so that nothing leaves this machine and
//! the whole run takes seconds.
//!
//! What was seen is then judged check by check ([`check`] → [`Report`]): what
//! was tried, what was seen, a verdict, and what to do about it. Nothing is
//! asked of the language a component was written in.

mod bench;
mod checks;
mod evidence;
mod origin;
mod plausible;
mod report;
mod scene;

pub use bench::{CheckError, check};
pub use report::{Finding, Report, Verdict};
