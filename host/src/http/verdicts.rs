//! What the policies said of one hop: the middle of the line that
//! `resolve --explain` shows for it.

use std::fmt;
use std::time::Duration;

/// What each policy said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// What the cache had.
    pub cache: CacheVerdict,
    /// How long rate and concurrency limits held the request back.
    pub waited: Duration,
    /// What the host's circuit breaker let happen.
    pub breaker: BreakerVerdict,
    /// How often the request was sent again.
    pub retries: u32,
}

/// What the cache had for a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheVerdict {
    /// Nobody asked it.
    #[default]
    NotAsked,
    /// Nothing.
    Miss,
    /// A fresh answer: no server was asked.
    Fresh,
    /// One that should be confirmed, used because nobody may be asked.
    Stale,
    /// An answer the server confirmed (304).
    Revalidated,
    /// An answer that the server replaced.
    Replaced,
}

/// What a circuit breaker said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BreakerVerdict {
    /// Nobody asked it.
    #[default]
    NotAsked,
    /// All is well with the host.
    Closed,
    /// The one request that tries whether the host works again.
    HalfOpen,
    /// The host failed too often lately: nothing is sent.
    Open,
}

impl fmt::Display for CacheVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotAsked => "not asked",
            Self::Miss => "miss",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Revalidated => "revalidated",
            Self::Replaced => "replaced",
        })
    }
}

impl fmt::Display for BreakerVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotAsked => "not asked",
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        })
    }
}
