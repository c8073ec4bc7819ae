//! Judges the bytes of a finished download: the checksum the source announced,
//! the shape of a PDF, encryption; and unwraps a PDF that came in gzip.

use std::io::SeekFrom;
use std::path::Path;

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::{AsyncReadExt, AsyncSeekExt, BufReader};

use super::error::DownloadError;
use super::part::{PartFile, Sealed};
use super::store_error::StoreError;
use super::stream::ARTIFACT_MAX_BYTES;
use crate::http::pdf::{self, Labels};
use crate::outcome::Reason;
use crate::sandbox::{Candidate, Checksum};

/// How much is read of a cross-reference stream: its dictionary comes first.
const XREF_BYTES: u64 = 4096;

/// A file that is a whole PDF.
#[derive(Debug)]
pub(crate) struct Examined {
    pub(crate) sealed: Sealed,
    /// It is encrypted: kept, flagged.
    pub(crate) encrypted: bool,
}

/// Judges the whole file. `unwrapped` is the part file an unwrapped one goes
/// to, with the digests an announced checksum needs; it is asked for only where
/// there is something to unwrap.
pub(crate) async fn examine(
    candidate: &Candidate,
    sealed: Sealed,
    unwrapped: impl Future<Output = Result<PartFile, StoreError>> + Send,
) -> Result<Examined, DownloadError> {
    let sum = check_sum(candidate, &sealed);
    let sealed = if pdf::is_gzip(&sealed.head) {
        // The source may mean the paper or the wrapping it was put into.
        match (unwrap_gzip(unwrapped.await?, &sealed).await, sum) {
            (Ok(inside), Ok(())) => inside,
            (Ok(inside), Err(of_wrapping)) => {
                check_sum(candidate, &inside).map_err(|_| of_wrapping)?;
                inside
            }
            (Err(DownloadError::Candidate { .. }), Err(of_wrapping)) => return Err(of_wrapping),
            (Err(error), _) => return Err(error),
        }
    } else {
        sum?;
        sealed
    };
    judge(&sealed)?;
    let encrypted = is_encrypted(&sealed).await?;
    Ok(Examined { sealed, encrypted })
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
    let verdict = pdf::judge_head(200, Labels::default(), &sealed.head)
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
async fn unwrap_gzip(mut part: PartFile, wrapped: &Sealed) -> Result<Sealed, DownloadError> {
    let path: &Path = wrapped.guard.path();
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| StoreError::io("read", path, error))?;
    let mut decoder = GzipDecoder::new(BufReader::new(file));
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
    pdf::judge_head(200, Labels::default(), part.head())
        .map_err(|reason| DownloadError::candidate(reason, "gzip-wrapped, but not a PDF inside"))?;
    Ok(part.seal().await?)
}
