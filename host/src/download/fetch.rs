//! HEAD, stream, judge, store: one candidate's way onto the disk, in one go.

use super::error::DownloadError;
use super::examine::examine;
use super::halt::Halt;
use super::store::{Store, Stored};
use super::stream::{head, stream};
use crate::http::Session;
use crate::sandbox::{Candidate, Checksum};

/// A stored paper and what was noticed about it.
#[derive(Debug)]
pub struct Fetched {
    /// Where it is.
    pub stored: Stored,
    /// It is encrypted: kept, flagged.
    pub encrypted: bool,
}

/// Downloads one candidate into the store.
///
/// # Errors
///
/// [`DownloadError::Candidate`] when these bytes are not the paper,
/// [`DownloadError::Store`] when they cannot be kept.
pub async fn fetch_pdf(
    session: &Session,
    candidate: &Candidate,
    store: &Store,
) -> Result<Fetched, DownloadError> {
    head(session, candidate.url.as_str()).await?;
    let part = store.new_part(wants_md5(candidate)).await?;
    let streamed = stream(session, candidate, part, None, &Halt::never()).await?;
    let examined = examine(
        candidate,
        streamed.sealed,
        store.new_part(wants_md5(candidate)),
    )
    .await?;
    let stored = store.keep(&examined.sealed)?;
    Ok(Fetched {
        stored,
        encrypted: examined.encrypted,
    })
}

/// Whether the source announced an MD5.
pub(crate) fn wants_md5(candidate: &Candidate) -> bool {
    matches!(candidate.checksum, Some(Checksum::Md5(_)))
}
