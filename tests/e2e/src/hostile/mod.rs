//! A server that means harm, down to single bytes, and what the binary makes
//! of it.
//!
//! A [`Case`] is one way to misbehave, played by an [`Origin`] at the place of
//! a service (metadata), of a publisher's page (landing) or of a file
//! (artifact). Every case is run beside a work of an honest server and has to
//! end as it says, without that work noticing, within a time and a memory, and
//! with nothing left behind.

mod bombs;
mod case;
mod certificate;
mod conn;
mod h2;
mod origin;

pub use bombs::{Bomb, zeros};
pub use case::{Case, Ended};
pub use certificate::Certificate;
pub use conn::{Asked, Conn, answer, redirect_to};
pub use h2::{Frame, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, settled, settled_and_asked};
pub use origin::Origin;
