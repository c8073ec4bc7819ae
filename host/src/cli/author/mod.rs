//! What authors of adapters, and operators who judge a stranger's, do at the
//! command line: `paperfall adapter test`, `adapter check` and `adapter
//! diff`.

mod args;
mod bench;
mod check;
mod compare;
mod diff;
mod expectation;
mod sides;
mod test;
mod told;
mod works;

pub(crate) use args::{CheckArgs, DiffArgs, TestArgs};
pub(crate) use check::check;
pub(crate) use diff::diff;
pub(crate) use test::test;
