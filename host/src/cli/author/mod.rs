//! What authors of adapters, and operators who judge a stranger's, do at the
//! command line: `paperfall adapter test` and `adapter diff`.

mod args;
mod bench;
mod compare;
mod diff;
mod expectation;
mod sides;
mod test;
mod told;
mod works;

pub(crate) use args::{DiffArgs, TestArgs};
pub(crate) use diff::diff;
pub(crate) use test::test;
