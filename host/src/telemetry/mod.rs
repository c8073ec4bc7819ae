//! Where the program's own messages go: tracing, to standard error.

mod logging;

pub use logging::{Verbosity, init};
