//! HEAD, stream, judge, store: one candidate's way onto the disk.

use std::io::SeekFrom;
use std::path::Path;
use std::time::{Duration, Instant};

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::{AsyncReadExt, AsyncSeekExt, BufReader};

use super::part::{PartFile, Sealed};
use super::store::{Store, Stored};
use super::store_error::StoreError;
use crate::http::{HostGrants, HttpError, Method, Request, Role, Session, pdf};
use crate::outcome::{Outcome, Reason};
use crate::sandbox::{Candidate, Checksum};

/// The largest paper, in bytes; also the cap on what a gzip-wrapped one may
/// unwrap to.
const ARTIFACT_MAX_BYTES: u64 = 512 * 1024 * 1024;

/// How long the HEAD before a download may take. It only saves work, so it
/// may not cost much.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// Bytes needed before the stream is judged for the first time.
const EARLY_JUDGEMENT_BYTES: u64 = 1024;

/// How much is read of a cross-reference stream: its dictionary comes first.
const XREF_BYTES: u64 = 4096;

/// Why a candidate was not stored.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The candidate's fault: strike it and go on.
    #[error("{message}")]
    Candidate {
        /// How it counts.
        outcome: Outcome,
        /// Why.
        reason: Reason,
        /// For people.
        message: String,
    },
    /// The machine's fault: nothing will be stored until it is mended.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DownloadError {
    fn candidate(reason: Reason, message: impl Into<String>) -> Self {
        Self::Candidate {
            outcome: reason.outcome().unwrap_or(Outcome::NoPdf),
            reason,
            message: message.into(),
        }
    }
}

impl From<HttpError> for DownloadError {
    fn from(error: HttpError) -> Self {
        // A body shorter than announced is a truncated file, whoever cut it.
        let reason = if error.ended_early {
            Reason::Truncated
        } else {
            error.reason()
        };
        Self::candidate(reason, error.message)
    }
}

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
    let url = candidate.url.as_str();
    refuse_by_head(session, url).await?;
    let sealed = stream(session, candidate, store).await?;
    check_sum(candidate, &sealed)?;
    let sealed = if pdf::is_gzip(&sealed.head) {
        unwrap_gzip(store, &sealed).await?
    } else {
        sealed
    };
    judge(&sealed)?;
    let encrypted = is_encrypted(&sealed).await?;
    let stored = store.keep(&sealed)?;
    Ok(Fetched { stored, encrypted })
}

/// Asks for the headers first: a file that is too large is refused before a
/// byte of it is sent. Servers that cannot answer HEAD are not held to it.
async fn refuse_by_head(session: &Session, url: &str) -> Result<(), DownloadError> {
    let request = Request::new(Method::Head, url, Role::Artifact, HostGrants::any())?
        .until(Instant::now() + HEAD_DEADLINE);
    let Ok(head) = session.head(request).await else {
        return Ok(());
    };
    match head.length {
        Some(length) if length > ARTIFACT_MAX_BYTES => Err(DownloadError::candidate(
            Reason::TooLarge,
            format!("{url}: {length} bytes; at most {ARTIFACT_MAX_BYTES} are stored"),
        )),
        _ => Ok(()),
    }
}

async fn stream(
    session: &Session,
    candidate: &Candidate,
    store: &Store,
) -> Result<Sealed, DownloadError> {
    let url = candidate.url.as_str();
    let request = Request::new(Method::Get, url, Role::Artifact, HostGrants::any())?
        .header("accept", "application/pdf,*/*;q=0.8")?;
    let mut download = session.open(request).await?;
    if download.status() != 200 {
        let reason = pdf::judge_head(download.status(), None, b"x")
            .err()
            .unwrap_or(Reason::NotAPdf);
        return Err(DownloadError::candidate(
            reason,
            format!("{url}: status {}", download.status()),
        ));
    }
    let with_md5 = matches!(candidate.checksum, Some(Checksum::Md5(_)));
    let mut part = store.new_part(with_md5).await?;
    let mut judged = false;
    while let Some(chunk) = download.chunk().await? {
        part.write(&chunk).await?;
        if !judged && part.len() >= EARLY_JUDGEMENT_BYTES {
            // Half a gigabyte of web page is not worth downloading.
            judge_start(&part, download.status(), download.headers().content_type())?;
            judged = true;
        }
    }
    judge_start(&part, download.status(), download.headers().content_type())?;
    Ok(part.seal().await?)
}

fn judge_start(
    part: &PartFile,
    status: u16,
    content_type: Option<&str>,
) -> Result<(), DownloadError> {
    if pdf::is_gzip(part.head()) {
        return Ok(());
    }
    match pdf::judge_head(status, content_type, part.head()) {
        Ok(()) => Ok(()),
        Err(reason) => Err(DownloadError::candidate(
            reason.clone(),
            format!("the bytes are not a PDF's: {reason}"),
        )),
    }
}

fn check_sum(candidate: &Candidate, sealed: &Sealed) -> Result<(), DownloadError> {
    let (expected, found) = match &candidate.checksum {
        None => return Ok(()),
        Some(Checksum::Md5(expected)) => (expected, sealed.md5.as_ref()),
        Some(Checksum::Sha256(expected)) => (expected, Some(&sealed.sha256)),
    };
    if found == Some(expected) {
        return Ok(());
    }
    Err(DownloadError::candidate(
        Reason::ChecksumMismatch,
        format!(
            "{}: the source announced {expected}, the bytes hash to {}",
            candidate.url,
            found.map_or("nothing", String::as_str)
        ),
    ))
}

/// Judges the whole file by its start, its length and its end.
fn judge(sealed: &Sealed) -> Result<(), DownloadError> {
    let verdict = pdf::judge_head(200, None, &sealed.head)
        .and_then(|()| pdf::judge_length(sealed.bytes))
        .and_then(|()| pdf::judge_tail(&sealed.tail));
    verdict.map_err(|reason| {
        DownloadError::candidate(
            reason.clone(),
            format!("{} bytes came, judged {reason}", sealed.bytes),
        )
    })
}

/// Whether the file is encrypted: its trailer says so, or the
/// cross-reference stream that newer files have in its place.
async fn is_encrypted(sealed: &Sealed) -> Result<bool, StoreError> {
    if pdf::is_encrypted(&sealed.tail) {
        return Ok(true);
    }
    // The file names the offset, so it may be any number.
    let Some(start) = pdf::startxref(&sealed.tail).filter(|start| *start < sealed.bytes) else {
        return Ok(false);
    };
    let path: &Path = sealed.guard.path();
    let read = async {
        let mut file = tokio::fs::File::open(path).await?;
        file.seek(SeekFrom::Start(start)).await?;
        let mut dictionary = Vec::new();
        file.take(XREF_BYTES).read_to_end(&mut dictionary).await?;
        Ok(dictionary)
    };
    let dictionary = read
        .await
        .map_err(|error| StoreError::io("read", path, error))?;
    Ok(pdf::is_encrypted(&dictionary))
}

/// Unwraps a gzip-wrapped PDF, once, under the same cap.
async fn unwrap_gzip(store: &Store, wrapped: &Sealed) -> Result<Sealed, DownloadError> {
    let path: &Path = wrapped.guard.path();
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| StoreError::io("read", path, error))?;
    let mut decoder = GzipDecoder::new(BufReader::new(file));
    let mut part = store.new_part(false).await?;
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        let read = decoder.read(&mut buffer).await.map_err(|error| {
            DownloadError::candidate(
                Reason::Truncated,
                format!("the gzip wrapping is damaged: {error}"),
            )
        })?;
        if read == 0 {
            break;
        }
        part.write(buffer.get(..read).unwrap_or_default()).await?;
        if part.len() > ARTIFACT_MAX_BYTES {
            return Err(DownloadError::candidate(
                Reason::TooLarge,
                format!("unwraps to more than {ARTIFACT_MAX_BYTES} bytes"),
            ));
        }
    }
    // A page wrapped twice is not unwrapped twice.
    pdf::judge_head(200, None, part.head())
        .map_err(|reason| DownloadError::candidate(reason, "gzip-wrapped, but not a PDF inside"))?;
    Ok(part.seal().await?)
}
