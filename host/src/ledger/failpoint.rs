//! Places where a test can kill or stop the process, for real, and rules it can
//! switch off to see that it notices. In the program they are nothing at all.
//!
//! Only `tests/kills` has the feature `failpoints`. It compiles the ledger's
//! sources into itself, and its own module `failpoints` says what happens at a
//! place; `paperfall` has no such feature, so nothing can turn them on there.

#[cfg(feature = "failpoints")]
pub(super) use crate::failpoints::without;

/// A place a test may end the process at.
#[cfg(feature = "failpoints")]
macro_rules! failpoint {
    ($name:expr) => {
        $crate::failpoints::pass($name)
    };
}

/// Nothing: the build has no failpoints.
#[cfg(not(feature = "failpoints"))]
macro_rules! failpoint {
    ($name:expr) => {};
}

pub(super) use failpoint;
