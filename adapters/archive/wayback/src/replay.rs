//! Looking at one capture in its raw form (`id_`).

use paperfall_adapter::{Host, HttpErrorKind, Landing, Miss, Page, Policy, Request, urls};

use crate::cdx::Capture;

/// What a replayed capture is.
#[derive(Debug)]
pub(crate) enum Replay {
    /// A PDF; the URL that answered.
    Pdf(String),
    Page(Page),
    /// A capture of an error, a challenge, a way out or nothing of use.
    BadCapture,
    /// An answer of the archive itself: it does not replay this.
    NotACapture,
}

/// Requests the capture; the host cuts a PDF off after its first bytes.
///
/// # Errors
/// `rate_limited` and the like when the archive itself refuses; a *captured*
/// refusal is a [`Replay::BadCapture`].
pub(crate) fn look_at(host: &dyn Host, policy: &Policy, capture: &Capture) -> Result<Replay, Miss> {
    let base = policy.base_url("replay-url")?;
    // The original goes in as it is: its query is part of the capture's key.
    let original = capture.original.split('#').next().unwrap_or_default();
    let url = format!(
        "{base}/{}id_/{}",
        capture.timestamp,
        original.replace(' ', "%20")
    );
    let response = match Request::landing(url).send(host) {
        Err(error) if is_the_captures(error.kind) => return Ok(Replay::BadCapture),
        answer => answer?,
    };
    // A captured redirect may lead out of the archive: what answers there is
    // no capture, whatever it calls itself.
    if urls::host(&response.url) != urls::host(base) {
        return Ok(Replay::BadCapture);
    }
    if response.header("memento-datetime").is_none() {
        return match response.status {
            429 | 500.. => Err(response
                .ok()
                .err()
                .unwrap_or_else(|| Miss::bad_answer("a capture"))),
            _ => Ok(Replay::NotACapture),
        };
    }
    Ok(match response.landing() {
        Ok(Landing::Pdf) => Replay::Pdf(response.url),
        // What stands on it was written for the original's address.
        Ok(Landing::Page(_)) => Replay::Page(Page::parse(&response.text(), original)),
        Err(_) => Replay::BadCapture,
    })
}

/// Whether a failure is this capture's alone: a redirect was captured that
/// leads out of the archive or in a circle, or a page beyond all measure. An
/// older capture may be better.
fn is_the_captures(kind: HttpErrorKind) -> bool {
    matches!(
        kind,
        HttpErrorKind::DeniedHost | HttpErrorKind::RedirectLoop | HttpErrorKind::TooLarge
    )
}
