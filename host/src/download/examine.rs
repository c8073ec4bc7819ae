//! Judges the bytes of a finished download: the checksum the source announced,
//! the shape of a PDF, encryption; and unwraps a PDF that came in gzip.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::error::DownloadError;
use super::part::{PartFile, Sealed};
use super::store_error::StoreError;
use super::stream::ARTIFACT_MAX_BYTES;
use crate::http::pdf::{self, Labels};
use crate::outcome::Reason;
use crate::sandbox::{Candidate, Checksum};

/// How much is read of a cross-reference stream, whose dictionary comes first,
/// and of the trailer behind a table.
const XREF_BYTES: usize = 4096;
/// How much of a table is read for the trailer behind it: twenty bytes an
/// object make four hundred thousand objects.
const TABLE_BYTES: u64 = 8 * 1024 * 1024;
/// How much of it at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The first byte of a gzip member.
const GZIP_FIRST: u8 = 0x1f;
/// Members of a gzip file that are undone: `bgzip` makes one of each 64 KiB, and
/// empty ones would keep us busy for nothing.
const GZIP_MEMBERS: usize = 10_000;

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
    // Where room was set aside for a file and only its first part came, NULs
    // make up its length.
    let is_padded = !usize::try_from(sealed.padding).is_ok_and(|bytes| bytes < pdf::TAIL_WINDOW);
    let length = match is_padded {
        true => sealed.bytes.saturating_sub(sealed.padding),
        false => sealed.bytes,
    };
    let verdict = pdf::judge_head(200, Labels::default(), &sealed.head)
        .and_then(|()| pdf::judge_bytes(&sealed.head))
        .and_then(|()| pdf::judge_length(sealed.bytes))
        .and_then(|()| pdf::judge_tail(&sealed.tail))
        .and_then(|()| pdf::judge_linearised(&sealed.head, &sealed.tail, length));
    verdict.map_err(|reason| {
        DownloadError::candidate(
            reason.clone(),
            format!("{} bytes came, judged {reason}", sealed.bytes),
        )
    })
}

/// Whether the file is encrypted: its trailer says so, which in linearised files
/// stands near the start, or the cross-reference stream that newer files have
/// in its place.
async fn is_encrypted(sealed: &Sealed) -> Result<bool, StoreError> {
    if pdf::is_encrypted(&sealed.tail) {
        return Ok(true);
    }
    // The file names the offset, so it may be any number.
    let Some(start) = pdf::startxref(&sealed.tail).filter(|start| *start < sealed.bytes) else {
        return Ok(false);
    };
    let path = sealed.guard.path().to_owned();
    // In one go: every read of its own would be two changes of thread.
    let read = tokio::task::spawn_blocking(move || {
        let read = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(start))?;
            trailer_from(file.take(TABLE_BYTES))
        };
        read().map_err(|error| StoreError::io("read", &path, error))
    });
    match read.await {
        Ok(dictionary) => Ok(pdf::is_encrypted(&dictionary?)),
        Err(error) => Err(StoreError::record(io::Error::other(error))),
    }
}

/// The trailer of a cross-reference section, with which `section` begins.
fn trailer_from(mut section: impl Read) -> io::Result<Vec<u8>> {
    let mut seen = Vec::with_capacity(XREF_BYTES);
    fill(&mut section, &mut seen, XREF_BYTES)?;
    if pdf::is_table(&seen) {
        while pdf::trailer(&seen).is_none() {
            // The word may have come in half.
            let before = seen.len().saturating_sub(pdf::TRAILER.len() - 1);
            seen.drain(..before);
            let wanted = seen.len() + CHUNK_BYTES;
            if !fill(&mut section, &mut seen, wanted)? && pdf::trailer(&seen).is_none() {
                return Ok(Vec::new());
            }
        }
        seen.drain(..pdf::trailer(&seen).unwrap_or_default());
        fill(&mut section, &mut seen, XREF_BYTES)?;
    }
    seen.truncate(XREF_BYTES);
    Ok(seen)
}

/// Reads until `bytes` are so many, or the end; whether it is not there yet.
fn fill(from: &mut impl Read, bytes: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
    let missing = u64::try_from(wanted.saturating_sub(bytes.len())).unwrap_or(u64::MAX);
    let read = from.take(missing).read_to_end(bytes)?;
    Ok(u64::try_from(read).is_ok_and(|read| read == missing))
}

/// Unwraps a gzip-wrapped PDF, once, under the same cap. A gzip file may have
/// several members (RFC 1952, 2.2); what follows the last is nobody's.
async fn unwrap_gzip(mut part: PartFile, wrapped: &Sealed) -> Result<Sealed, DownloadError> {
    let path: &Path = wrapped.guard.path();
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| StoreError::io("read", path, error))?;
    let mut decoder = GzipDecoder::new(BufReader::new(file));
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    let mut members = 1;
    loop {
        let read = decoder.read(&mut buffer).await.map_err(|error| {
            DownloadError::candidate(
                Reason::Truncated,
                format!("the gzip wrapping is damaged: {error}"),
            )
        })?;
        if read == 0 {
            let mut rest = decoder.into_inner();
            let next = rest.fill_buf().await;
            let is_another = next.is_ok_and(|next| next.first() == Some(&GZIP_FIRST));
            if is_another && members < GZIP_MEMBERS {
                members += 1;
                decoder = GzipDecoder::new(rest);
                continue;
            }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn encrypted(section: Vec<u8>) -> bool {
        pdf::is_encrypted(&trailer_from(section.as_slice()).unwrap())
    }

    fn table(entries: usize, trailer: &str) -> Vec<u8> {
        let rows = "0000000010 00000 n \n".repeat(entries);
        let more = "7 0 obj <<>> endobj\n".repeat(5_000);
        format!("xref\n100 {entries}\n{rows}trailer\n{trailer}\nstartxref\n0\n%%EOF\n{more}")
            .into_bytes()
    }

    #[test]
    fn the_trailer_behind_a_table_of_any_length_is_read() {
        // Every place of the word "trailer" around the borders of what is read at once.
        let around_a_border = 3_270..3_290;
        for entries in [0, 1, 150, 199, 200, 204, 205, 2_000, 100_000]
            .into_iter()
            .chain(around_a_border)
        {
            assert!(
                encrypted(table(entries, "<</Size 9/Encrypt 7 0 R>>")),
                "{entries}"
            );
            assert!(!encrypted(table(entries, "<</Size 9>>")), "{entries}");
        }
    }

    #[test]
    fn a_stream_is_read_by_its_dictionary_and_nothing_has_no_trailer() {
        assert!(encrypted(
            b"12 0 obj <</Type/XRef/Encrypt 7 0 R>> stream".to_vec()
        ));
        let far = [
            b"12 0 obj ".as_slice(),
            &[b' '; XREF_BYTES],
            b"/Encrypt 7 0 R",
        ]
        .concat();
        assert!(!encrypted(far));
        assert!(!encrypted(Vec::new()));
        assert!(!encrypted(b"xref\n0 1\n".repeat(50_000)));
    }
}
