//! One candidate's bytes, from its server into a part file: HEAD first, then
//! the stream, continued where an earlier worker's verified bytes end.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::error::DownloadError;
use super::halt::{Halt, Streaming};
use super::marks::Validators;
use super::part::{PartFile, Sealed};
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

fn validators(url: &str, headers: &Headers, length: Option<u64>) -> Validators {
    Validators {
        url: url.to_owned(),
        etag: headers.etag().map(str::to_owned),
        last_modified: headers.last_modified().map(str::to_owned),
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
    let mut rest = None;
    if let Some(known) = known
        && part.len() > 0
    {
        rest = ask_for_rest(session, url, &part, known).await?;
    }
    let (mut download, is_checked) = match rest {
        Some(rest) => {
            let is_checked = rest.status() == 206;
            (rest, is_checked)
        }
        None => (open(session, url, None).await?, false),
    };
    let resumed_at = match download.status() {
        206 if is_checked => part.len(),
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
        status => {
            let reason = pdf::judge_head(status, Labels::of(download.headers()), b"x")
                .err()
                .unwrap_or(Reason::NotAPdf);
            let message = format!("{url}: status {status}");
            return Err(DownloadError::candidate(reason, message));
        }
    };
    let streaming = halt.begin();
    let announced = download
        .length()
        .map(|length| length.saturating_add(resumed_at));
    let written = receive(&mut download, &mut part, &streaming).await;
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
    let total = match download.status() {
        206 => download
            .headers()
            .content_range()
            .and_then(|range| range.total),
        _ => None,
    };
    if total.is_some_and(|total| total != part.len()) {
        let message = format!("{url}: {} bytes of {total:?}", part.len());
        return Err(DownloadError::candidate(Reason::Truncated, message));
    }
    Ok(Streamed {
        sealed: part.seal().await?,
        final_url: download.url().to_string(),
        resumed_at,
    })
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
) -> Result<Received, DownloadError> {
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
            chunk = download.chunk() => chunk?,
        };
        let Some(chunk) = chunk else {
            break;
        };
        part.write(&chunk).await?;
        if part.len() > ARTIFACT_MAX_BYTES {
            return Err(DownloadError::candidate(
                Reason::TooLarge,
                format!("more than {ARTIFACT_MAX_BYTES} bytes"),
            ));
        }
    }
    judge_start(part, Labels::of(download.headers()))?;
    Ok(Received::Whole)
}

async fn open(
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

/// Asks for what follows the bytes of `part`, of the file they are of. `None`:
/// the server has no such rest, so the whole is to be asked for.
async fn ask_for_rest(
    session: &Session,
    url: &str,
    part: &PartFile,
    known: &Validators,
) -> Result<Option<Download>, DownloadError> {
    let Some(if_range) = known.if_range() else {
        return Ok(None);
    };
    let download = open(session, url, Some((part.len(), if_range))).await?;
    match download.status() {
        206 => Ok(is_rest(&download, part.len(), known).then_some(download)),
        // Nothing follows: the file is shorter now, or it is all there and the
        // last byte's mark is the end. Either way the whole is asked for.
        412 | 416 => Ok(None),
        // Asked for nothing but the rest, and the rest alone was refused.
        400 | 403 | 405 | 501 => Ok(None),
        _ => Ok(Some(download)),
    }
}

/// Whether a 206 that was not asked for brings the whole file.
fn is_all(download: &Download) -> bool {
    let range = download.headers().content_range();
    range.is_some_and(|range| match (range.range, range.total) {
        (Some((0, last)), Some(total)) => last.checked_add(1) == Some(total),
        _ => false,
    }) && !download.is_encoded()
}

/// Whether a 206 brings exactly what was asked for.
fn is_rest(download: &Download, from: u64, known: &Validators) -> bool {
    let Some(content_range) = download.headers().content_range() else {
        return false;
    };
    let said = validators(&known.url, download.headers(), content_range.total);
    let Some((first, last)) = content_range.range else {
        return false;
    };
    let to_the_end = content_range
        .total
        .or(known.length)
        .is_none_or(|total| last.checked_add(1) == Some(total));
    first == from && to_the_end && !download.is_encoded() && !known.contradicts(&said)
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
