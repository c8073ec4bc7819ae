//! The ledger: exactly-once jobs and effects that survive anything.
//!
//! Every acknowledged step survives. Effects inside the database happen exactly
//! once; effects outside it (HTTP, files) may be attempted more than once but are
//! observed once, by probe or by fence. A worker that lost its lease changes
//! nothing.
//!
//! [`Ledger`] is the seam everything above depends on; [`SqliteLedger`] keeps it
//! in one file. The ledger runs no effects itself and knows nothing of HTTP.

mod accounts;
mod backoff;
mod canonical;
mod clock;
mod error;
mod event;
mod failpoint;
mod health;
mod heartbeat;
mod job;
mod json;
mod keys;
mod lock_holder;
mod lookup;
mod migrate;
mod moment;
mod op;
mod open;
mod owner;
mod place;
mod queue;
mod reader;
mod reconcile;
mod record;
mod schema;
mod seam;
mod sqlite;
mod state;
mod told;
mod turn;

use failpoint::failpoint;

pub use accounts::{AttemptRow, EndedJob, LeftBehind, Told};
pub use backoff::RetryPolicy;
pub use clock::{Clock, ManualClock, SteadyClock, Timestamp};
pub use error::LedgerError;
pub use event::{Event, EventSink, NoSink};
pub use health::{Durations, Verdict};
pub use heartbeat::Heartbeat;
pub use job::{
    Fence, FirstOp, JobEnd, Lease, LeaseRequest, Leased, MAX_NAME_BYTES, MAX_PAYLOAD_BYTES, NewJob,
    Outlook, OwnerId, Planned, Standing, StoredObject,
};
pub use json::Json;
pub use keys::{Context, JobId, JobKey, KeyError, OpKey, Sha256Hex};
pub use lookup::{MOST_FOUND, SHORTEST_PREFIX};
pub use moment::calendar;
pub use op::{
    Begin, Begun, Failed, Failure, Finish, Finished, IndexEntry, Indexed, MAX_RECORD_BYTES, Op,
    OpType, Replay, ResultCode,
};
pub use open::{Durability, Existing};
pub use owner::Liveness;
pub use place::followed;
pub use reader::LedgerReader;
pub use reconcile::{PartName, Reconciled, Shelf, Thoroughness};
pub use record::{JobRecord, JobStory, OpRecord, StateCount};
pub use schema::SCHEMA_VERSION;
pub use seam::{Answer, Ledger};
#[doc(hidden)]
pub use sqlite::LEASE_STATEMENT;
pub use sqlite::{Merge, Options, SqliteLedger};
pub use state::{FILE_MISSING, JobState};
pub use told::ToldEvent;
