//! Looking at one capture in its raw form (`id_`).

use paperfall_adapter::{Host, Landing, Miss, Page, Policy, Request};

use crate::cdx::Capture;

/// What a replayed capture is.
#[derive(Debug)]
pub(crate) enum Replay {
    /// A PDF; the URL that answered.
    Pdf(String),
    Page(Page),
    /// A capture of an error, a challenge or nothing of use.
    BadCapture,
    /// An answer of the archive itself: it does not replay this.
    NotACapture,
}

/// Requests the capture's first bytes.
///
/// # Errors
/// `rate_limited` and the like when the archive itself refuses; a *captured*
/// refusal is a [`Replay::BadCapture`].
pub(crate) fn look_at(host: &dyn Host, policy: &Policy, capture: &Capture) -> Result<Replay, Miss> {
    // The original goes in as it is: its query is part of the capture's key.
    let original = capture.original.split('#').next().unwrap_or_default();
    let url = format!(
        "{}/{}id_/{}",
        policy.base_url("replay-url")?,
        capture.timestamp,
        original.replace(' ', "%20")
    );
    let response = Request::landing(url).send(host)?;
    if response.header("memento-datetime").is_none() {
        return match response.status {
            429 | 500.. => Err(response
                .ok()
                .err()
                .unwrap_or_else(|| Miss::error("bad_answer"))),
            _ => Ok(Replay::NotACapture),
        };
    }
    Ok(match response.landing() {
        Ok(Landing::Pdf) => Replay::Pdf(response.url),
        Ok(Landing::Page(page)) => Replay::Page(page),
        Err(_) => Replay::BadCapture,
    })
}
