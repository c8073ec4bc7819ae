//! The offline switch: which requests may still go out, and whether the cache
//! may answer in their stead.

use super::error::HttpErrorKind;
use super::exchange::Outgoing;
use super::fault::Fault;
use super::request::Role;

/// How much of the network is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offline {
    /// Metadata is asked for as ever; pages and files are not.
    MetadataOnly,
    /// Nothing is asked for, and the cache does not answer either.
    BlockAll,
    /// Nothing is asked for; the cache answers what it can, also with answers
    /// that would have to be confirmed otherwise, unless their sender forbids
    /// it.
    CacheOnly,
}

impl Offline {
    /// The setting's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MetadataOnly => "metadata_only",
            Self::BlockAll => "block_all",
            Self::CacheOnly => "cache_only",
        }
    }

    /// Whether the cache may be asked.
    pub(super) fn may_ask_cache(self) -> bool {
        self != Self::BlockAll
    }

    /// Whether `hop` may be sent.
    pub(super) fn may_send(self, hop: &Outgoing<'_>) -> bool {
        self == Self::MetadataOnly && hop.role == Role::Metadata
    }

    /// The refusal of `hop`.
    pub(super) fn refusal(self, hop: &Outgoing<'_>) -> Fault {
        let url = hop.shown_url;
        let why = match self {
            Self::MetadataOnly => "only metadata is asked for",
            Self::BlockAll => "nothing is asked for",
            Self::CacheOnly => "the cache has no answer that may be used",
        };
        Fault::new(
            HttpErrorKind::Offline,
            format!("{url} is not asked: offline ({}), {why}", self.as_str()),
        )
    }
}
