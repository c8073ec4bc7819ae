//! One candidate's bytes, from its server into a part file: HEAD first, then
//! the stream, continued where an earlier worker's verified bytes end.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::error::DownloadError;
use super::halt::{Halt, Streaming};
use super::marks::Validators;
use super::part::{PartFile, Sealed};
use super::rest::{Broken, NoRest, ask_for_rest};
use crate::http::pdf::{self, Labels};
use crate::http::{Download, Headers, HostGrants, HttpError, Method, Request, Role, Session};
use crate::outcome::Reason;
use crate::sandbox::Candidate;

/// The largest paper, in bytes; also the cap on what a gzip-wrapped one may
/// unwrap to.
pub(crate) const ARTIFACT_MAX_BYTES: u64 = 512 * 1024 * 1024;

/// How long the HEAD before a download may take. It only saves work, so it
/// may not cost much.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// Bytes needed before the stream is judged for the first time.
const EARLY_JUDGEMENT_BYTES: u64 = 1024;

/// A stream that came to its end.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub(crate) sealed: Sealed,
    /// Where the bytes came from in the end, after redirects.
    pub(crate) final_url: String,
    /// The first byte that was asked for: more than none when an earlier
    /// worker's bytes were kept.
    pub(crate) resumed_at: u64,
    /// Their end came as the rest of another answer's beginning: a judgement of
    /// these bytes is none of the candidate.
    pub(crate) answers_for_rest: bool,
}

/// Asks for the headers first: a file that is too large is refused before a
/// byte of it is sent. Servers that cannot answer HEAD are not held to it.
///
/// # Errors
///
/// The file is larger than any that is stored.
pub(crate) async fn head(session: &Session, url: &str) -> Result<Validators, DownloadError> {
    let request = Request::new(Method::Head, url, Role::Artifact, HostGrants::any())?
        .until(Instant::now() + HEAD_DEADLINE);
    let Ok(head) = session.head(request).await else {
        return Ok(Validators::of(url));
    };
    match head.length {
        Some(length) if length > ARTIFACT_MAX_BYTES => Err(DownloadError::candidate(
            Reason::TooLarge,
            format!("{url}: {length} bytes; at most {ARTIFACT_MAX_BYTES} are stored"),
        )),
        length if head.status == 200 => Ok(validators(url, &head.headers, length)),
        // What is said of an error page is not said of the file.
        _ => Ok(Validators::of(url)),
    }
}

pub(super) fn validators(url: &str, headers: &Headers, length: Option<u64>) -> Validators {
    Validators {
        url: url.to_owned(),
        etag: headers.etag().map(str::to_owned),
        last_modified: headers.last_modified().map(str::to_owned),
        date: headers.get("date").map(str::to_owned),
        length,
    }
}

/// Streams the candidate into `part`, after what is there already of the file
/// that is `known` so. Where a `halt` comes between, the place is marked and
/// nothing is returned any more.
///
/// # Errors
///
/// [`DownloadError`]; the part file then stays or goes as it was made to.
pub(crate) async fn stream(
    session: &Session,
    candidate: &Candidate,
    mut part: PartFile,
    known: Option<&Validators>,
    halt: &Halt,
) -> Result<Streamed, DownloadError> {
    let url = candidate.url.as_str();
    let kept = part.len();
    let mut session = session.clone();
    if let Some(known) = known
        && kept > 0
    {
        match ask_for_rest(&session, url, kept, known).await? {
            Ok(rest) => {
                let is_rest = rest.status() == 206;
                match take_in(rest, url, is_rest, &mut part, halt).await {
                    // What came as 200 is the whole, and judged as that.
                    Ok(came) => return came.sealed(part, is_rest).await,
                    Err(broken) if broken.is_no_verdict(part.len() != kept) => {
                        if let Broken::Judged(error) = &broken {
                            tracing::debug!("{url}: {error}; now the whole is asked for");
                            // Nor does anybody go on behind it.
                            part.restart().await?;
                        }
                    }
                    Err(broken) => return Err(broken.into()),
                }
            }
            Err(NoRest::Odd) => {}
            Err(NoRest::Failed) => session = session.without_retries(),
        }
    }
    let whole = open(&session, url, None).await?;
    let came = take_in(whole, url, false, &mut part, halt).await?;
    came.sealed(part, false).await
}

/// An answer that was taken in to its end.
struct TakenIn {
    final_url: String,
    resumed_at: u64,
}

impl TakenIn {
    async fn sealed(
        self,
        part: PartFile,
        answers_for_rest: bool,
    ) -> Result<Streamed, DownloadError> {
        Ok(Streamed {
            sealed: part.seal().await?,
            final_url: self.final_url,
            resumed_at: self.resumed_at,
            answers_for_rest,
        })
    }
}

/// Takes an answer's body in: behind what `part` has where it `is_rest`, else
/// in its place.
async fn take_in(
    mut download: Download,
    url: &str,
    is_rest: bool,
    part: &mut PartFile,
    halt: &Halt,
) -> Result<TakenIn, Broken> {
    let resumed_at = match download.status() {
        206 if is_rest => part.len(),
        // A 206 to a request for everything is fine where it is everything.
        status if status == 200 || (status == 206 && is_all(&download)) => {
            part.restart().await?;
            if !download.is_encoded() {
                let said = validators(url, download.headers(), download.length());
                part.continue_with(&said).await?;
            }
            0
        }
        // The part file stays as it is: another day the rest may come.
        _ => return Err(status_error(url, &download).into()),
    };
    let streaming = halt.begin();
    let announced = download
        .length()
        .map(|length| length.saturating_add(resumed_at));
    let written = receive(&mut download, part, &streaming).await;
    if let Ok(Received::Halted) = written {
        // Behind the last byte there is no rest to ask for.
        if announced != Some(part.len()) {
            part.mark_here().await?;
        }
        streaming.rest().await
    }
    // What came before a break is what a later worker continues.
    part.flush().await?;
    drop(streaming);
    written?;
    let end = match download.status() {
        206 => range_end(&download),
        _ => None,
    };
    if end.is_some_and(|end| end != part.len()) {
        let message = format!("{url}: {} bytes of {end:?}", part.len());
        return Err(DownloadError::candidate(Reason::Truncated, message).into());
    }
    Ok(TakenIn {
        final_url: download.url().to_string(),
        resumed_at,
    })
}

/// What a status that brings no bytes of the file says of it.
pub(super) fn status_error(url: &str, download: &Download) -> DownloadError {
    let status = download.status();
    let reason = pdf::judge_head(status, Labels::of(download.headers()), b"x")
        .err()
        .unwrap_or(Reason::NotAPdf);
    DownloadError::candidate(reason, format!("{url}: status {status}"))
}

/// The length of the file up to where a part of it ends.
fn range_end(download: &Download) -> Option<u64> {
    let (_, last) = download.headers().content_range()?.range?;
    last.checked_add(1)
}

/// How a body ended that did not fail.
enum Received {
    Whole,
    /// The run was stopped.
    Halted,
}

async fn receive(
    download: &mut Download,
    part: &mut PartFile,
    streaming: &Streaming<'_>,
) -> Result<Received, Broken> {
    let mut asked_to_stop = pin!(streaming.asked_to_stop());
    let mut judged = false;
    loop {
        if !judged && part.len() >= EARLY_JUDGEMENT_BYTES {
            // Half a gigabyte of web page is not worth downloading.
            judge_start(part, Labels::of(download.headers()))?;
            judged = true;
        }
        let chunk = tokio::select! {
            biased;
            () = &mut asked_to_stop => return Ok(Received::Halted),
            chunk = download.chunk() => chunk.map_err(Broken::Way)?,
        };
        let Some(chunk) = chunk else {
            break;
        };
        part.write(&chunk).await?;
        if part.len() > ARTIFACT_MAX_BYTES {
            let message = format!("more than {ARTIFACT_MAX_BYTES} bytes");
            return Err(DownloadError::candidate(Reason::TooLarge, message).into());
        }
    }
    judge_start(part, Labels::of(download.headers()))?;
    Ok(Received::Whole)
}

pub(super) async fn open(
    session: &Session,
    url: &str,
    rest: Option<(u64, &str)>,
) -> Result<Download, HttpError> {
    let mut request = Request::new(Method::Get, url, Role::Artifact, HostGrants::any())?
        .header("accept", "application/pdf,*/*;q=0.8")?;
    if let Some((from, if_range)) = rest {
        request = request
            .header("range", &format!("bytes={from}-"))?
            .header("if-range", if_range)?;
    }
    session.open(request).await
}

/// Whether a 206 that was not asked for brings the whole file.
fn is_all(download: &Download) -> bool {
    let range = download.headers().content_range();
    range.is_some_and(|range| match (range.range, range.total) {
        (Some((0, last)), Some(total)) => last.checked_add(1) == Some(total),
        _ => false,
    })
}

fn judge_start(part: &PartFile, labels: Labels) -> Result<(), DownloadError> {
    if pdf::is_gzip(part.head()) {
        return Ok(());
    }
    match pdf::judge_head(200, labels, part.head()) {
        Ok(()) => Ok(()),
        Err(reason) => Err(DownloadError::candidate(
            reason.clone(),
            format!("the bytes are not a PDF's: {reason}"),
        )),
    }
}
