//! Effects: what a worker does to the world, recorded as intent and result.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::clock::Timestamp;
use super::job::{Fence, StoredObject};
use super::json::Json;
use super::keys::{Context, JobId, OpKey, Sha256Hex};
use super::state::JobState;

/// The longest intent or result that is stored, in bytes of JSON. Longer ones
/// are refused, never cut.
pub const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// The kinds of effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OpType {
    /// Finding candidates for the work.
    Resolution,
    /// One source's attempt.
    Fallback,
    /// Asking for the headers.
    Head,
    /// Fetching the bytes.
    Stream,
    /// Giving the file its content's name.
    Finalize,
    /// Entering it into the hash index.
    Index,
    /// Linking to bytes stored before.
    Dedupe,
}

impl OpType {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Resolution,
        Self::Fallback,
        Self::Head,
        Self::Stream,
        Self::Finalize,
        Self::Index,
        Self::Dedupe,
    ];

    /// The name in keys, tables and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolution => "RESOLUTION",
            Self::Fallback => "FALLBACK",
            Self::Head => "HEAD",
            Self::Stream => "STREAM",
            Self::Finalize => "FINALIZE",
            Self::Index => "INDEX",
            Self::Dedupe => "DEDUPE",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its intent must be durable before it starts: reading twice does
    /// no harm, and INDEX happens in the ledger's own transaction.
    #[must_use]
    pub const fn needs_intent(self) -> bool {
        matches!(
            self,
            Self::Resolution | Self::Stream | Self::Finalize | Self::Dedupe
        )
    }
}

impl fmt::Display for OpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for OpType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How an effect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResultCode {
    /// It happened.
    Ok,
    /// It did not, and may another time: it runs again when it is next begun.
    Retryable,
    /// It did not, and will not.
    NonRetryable,
    /// Its worker vanished, or what it made is gone: it is recovered when next begun.
    Abandoned,
}

impl ResultCode {
    /// The name in tables and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Retryable => "RETRYABLE",
            Self::NonRetryable => "NON_RETRYABLE",
            Self::Abandoned => "ABANDONED",
        }
    }

    /// The code with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Ok,
            Self::Retryable,
            Self::NonRetryable,
            Self::Abandoned,
        ]
        .into_iter()
        .find(|code| code.as_str() == name)
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ResultCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One effect of one job.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    pub(super) key: OpKey,
    pub(super) kind: OpType,
    /// Canonical JSON, as it entered the key.
    pub(super) context: Arc<str>,
}

impl Op {
    /// The effect `kind` of `job` that this context tells apart from others.
    #[must_use]
    pub fn new(kind: OpType, job: JobId, context: Context) -> Self {
        Self {
            key: OpKey::new(kind, job, &context),
            kind,
            context: context.to_json().into(),
        }
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> OpKey {
        self.key
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> OpType {
        self.kind
    }
}

/// An effect about to happen.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// Which.
    pub op: Op,
    /// What recovery needs to know of it.
    pub intent: Json,
}

/// What to do about an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// Do it: its intent is durable.
    Run,
    /// It was begun before, under an older fence, and its end is unknown: probe,
    /// adopt or repeat. The new intent is durable in the older one's place.
    Recover {
        /// What that worker was about to do.
        intent: Value,
        /// The fence it worked under.
        fence: Fence,
    },
    /// It happened before: do nothing, use this.
    Replay(Replay),
}

/// The stored result of a finished effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// How it ended: [`ResultCode::Ok`] or [`ResultCode::NonRetryable`].
    pub code: ResultCode,
    /// Its result, whole.
    pub result: Value,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// How an effect ended, and what follows from it in the same transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// Which.
    pub op: Op,
    /// How it ended.
    pub code: ResultCode,
    /// Its result; stored whole.
    pub result: Json,
    /// The job has got at least this far. A job that is further stays there (a
    /// second candidate's HEAD does not drag it back).
    pub advance: Option<JobState>,
    /// The hash of the file that now stands, for FINALIZE.
    pub object: Option<Sha256Hex>,
    /// Effects that need no intent and ended with this one (a source's attempts
    /// with the resolution). One that is recorded already is left as it is.
    pub also: Vec<(Op, ResultCode, Json)>,
    /// The next effect to begin.
    pub then: Option<Begin>,
}

impl Finish {
    /// The effect happened.
    #[must_use]
    pub fn ok(op: Op, result: impl Into<Json>) -> Self {
        Self {
            op,
            code: ResultCode::Ok,
            result: result.into(),
            advance: None,
            object: None,
            also: Vec::new(),
            then: None,
        }
    }

    /// The effect did not happen.
    #[must_use]
    pub fn not(op: Op, code: ResultCode, result: impl Into<Json>) -> Self {
        Self {
            op,
            code,
            result: result.into(),
            advance: None,
            object: None,
            also: Vec::new(),
            then: None,
        }
    }

    /// With it, the job got this far.
    #[must_use]
    pub const fn advancing(mut self, to: JobState) -> Self {
        self.advance = Some(to);
        self
    }

    /// The file with this hash stands under its name.
    #[must_use]
    pub const fn storing(mut self, sha256: Sha256Hex) -> Self {
        self.object = Some(sha256);
        self
    }

    /// These ended with it.
    #[must_use]
    pub fn along_with(mut self, also: Vec<(Op, ResultCode, Json)>) -> Self {
        self.also = also;
        self
    }

    /// This effect comes next.
    #[must_use]
    pub fn then(mut self, op: Op, intent: impl Into<Json>) -> Self {
        let intent = intent.into();
        self.then = Some(Begin { op, intent });
        self
    }
}

/// What a finish did.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// Where the job is now.
    pub state: JobState,
    /// What to do about the next effect.
    pub next: Option<Begun>,
}

/// An entry into the hash index, which finishes the INDEX effect (and, if given,
/// FINALIZE before it) in the same transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexEntry {
    /// The INDEX effect.
    pub op: Op,
    /// The FINALIZE effect it completes, if that is not finished yet.
    pub finalize: Option<(Op, Json)>,
    /// The file.
    pub object: StoredObject,
    /// The URLs the bytes came from: a later job whose resolved URL is one of
    /// these is SKIPPED_DUPLICATE.
    pub urls: Vec<String>,
    /// What is stored as the effect's result.
    pub result: Json,
}

/// What entering a file into the index found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indexed {
    /// It is the first with these bytes: the job is INDEXED.
    New,
    /// The same bytes were stored before: the job stays FINALIZED, and DEDUPE comes next.
    Duplicate {
        /// The file that stands.
        object: StoredObject,
        /// The job that stored it.
        by: JobId,
    },
}

/// Why a job's round ended without a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// A reason of the registry.
    pub reason: String,
    /// Another round may succeed.
    pub retryable: bool,
    /// The effect it failed in, how that ended and with what result.
    pub op: Option<(Op, ResultCode, Json)>,
    /// See [`Finish::also`].
    pub also: Vec<(Op, ResultCode, Json)>,
}

/// What became of a failed job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// It is PLANNED again and due after this long.
    Again(std::time::Duration),
    /// It is FAILED.
    ForGood,
}
