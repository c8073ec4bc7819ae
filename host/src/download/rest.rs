//! The rest of a file whose beginning is kept: what may be put behind that
//! beginning, and what is no verdict.
//!
//! Servers answer a request for a part of a file in more ways than RFC 9110
//! knows. An answer that is no usable rest of the same file, nor a whole one, says
//! nothing of the file: the whole is asked for, once, and that is judged. Only
//! what was asked for in courtesy (429, or 503 with `Retry-After`), what this
//! side refuses, and a way that broke are not followed by a second request.

use super::error::DownloadError;
use super::marks::Validators;
use super::store_error::StoreError;
use super::stream::{open, status_error, validators};
use crate::http::{Download, HttpError, HttpErrorKind, Session};
use crate::outcome::Outcome;

/// Why an answer's body did not come to a good end.
#[derive(Debug)]
pub(super) enum Broken {
    /// It did not come to its end.
    Way(HttpError),
    /// It is not what was asked for, or it cannot be kept.
    Judged(DownloadError),
}

impl From<DownloadError> for Broken {
    fn from(error: DownloadError) -> Self {
        Self::Judged(error)
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Judged(error.into())
    }
}

impl From<Broken> for DownloadError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Way(error) => error.into(),
            Broken::Judged(error) => error,
        }
    }
}

impl Broken {
    /// Whether nothing is said of the file by this end of an answer to a request
    /// for its rest, of which something `came`.
    pub(super) fn is_no_verdict(&self, came: bool) -> bool {
        match self {
            // What came before a break is kept: another day the rest goes on
            // behind it.
            Self::Way(error) if came && !error.ended_early => !is_break(error) && is_answer(error),
            Self::Way(error) => is_answer(error),
            Self::Judged(DownloadError::Candidate { .. }) => true,
            Self::Judged(DownloadError::Store(_)) => false,
        }
    }
}

/// Why the whole is to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRest {
    /// There is none to be had so.
    Odd,
    /// The server failed, as often as a request may be sent. One more is for the
    /// whole.
    Failed,
}

/// Asks for what follows the first `from` bytes of the file that is `known` so.
/// It comes as 206, or the whole comes as 200.
pub(super) async fn ask_for_rest(
    session: &Session,
    url: &str,
    from: u64,
    known: &Validators,
) -> Result<Result<Download, NoRest>, DownloadError> {
    let Some(if_range) = known.if_range() else {
        return Ok(Err(NoRest::Odd));
    };
    let download = match open(session, url, Some((from, if_range))).await {
        Ok(download) => download,
        Err(error) if is_answer(&error) => {
            tracing::debug!("{error}; it was the rest that was asked for, now it is the whole");
            let failed = is_break(&error);
            return Ok(Err(if failed { NoRest::Failed } else { NoRest::Odd }));
        }
        Err(error) => return Err(error.into()),
    };
    let status = download.status();
    match status {
        206 if is_rest(&download, from, known) => return Ok(Ok(download)),
        200 => return Ok(Ok(download)),
        _ if asks_for_patience(&download) => {
            let error = status_error(url, &download);
            if is_passing(&error) {
                return Err(error);
            }
        }
        _ => {}
    }
    tracing::debug!("{url}: status {status} and no rest; now the whole is asked for");
    let failed = matches!(status, 502..=504);
    Ok(Err(if failed { NoRest::Failed } else { NoRest::Odd }))
}

/// Whether the server wants to be left alone for a while.
fn asks_for_patience(download: &Download) -> bool {
    match download.status() {
        429 => true,
        503 => download.headers().retry_after().is_some(),
        _ => false,
    }
}

fn is_passing(error: &DownloadError) -> bool {
    match error {
        DownloadError::Candidate { outcome, .. } => *outcome == Outcome::Retryable,
        DownloadError::Store(_) => false,
    }
}

/// Whether a server's doing with one request failed it, and not this side's
/// refusal or a way that leads nowhere.
fn is_answer(error: &HttpError) -> bool {
    is_break(error)
        || matches!(
            error.kind,
            HttpErrorKind::Protocol
                | HttpErrorKind::TooLarge
                | HttpErrorKind::RedirectLoop
                | HttpErrorKind::BadUrl
        )
}

/// Whether a connection that stood broke.
fn is_break(error: &HttpError) -> bool {
    matches!(error.kind, HttpErrorKind::Reset | HttpErrorKind::Stalled)
}

/// Whether a 206 announces exactly what was asked for, of the very version: what
/// was asked for under a tag must come under it (RFC 9110, 15.3.7). Something on
/// the way that knows no `If-Range` sends the rest of whatever it has.
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
    // The whole may come under the label of a part.
    let as_long = download.length().is_none_or(|length| {
        from.checked_add(length)
            .is_some_and(|end| last.checked_add(1) == Some(end))
    });
    let same_tag = known.etag.is_none() || known.etag == said.etag;
    first == from && to_the_end && as_long && same_tag && !known.contradicts(&said)
}
