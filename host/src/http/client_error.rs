//! The one place that reads meaning into the errors of reqwest, hyper and
//! rustls.

use std::error::Error as StdError;
use std::io;

use super::error::HttpErrorKind;
use super::fault::Fault;

impl Fault {
    /// What became of a request that never got a response head.
    pub(super) fn from_exchange(error: reqwest::Error, url: &str) -> Self {
        Self {
            ended_early: false,
            ..Self::classify(&error, url, "asking")
        }
    }

    /// What became of a body.
    pub(super) fn from_body(error: reqwest::Error, url: &str) -> Self {
        Self::classify(&error, url, "reading")
    }

    fn classify(error: &reqwest::Error, url: &str, doing: &str) -> Self {
        // A fault of our own, raised in the resolver below reqwest, is
        // already exact.
        if let Some(own) = find(error, |cause| cause.downcast_ref::<Self>().cloned()) {
            return own;
        }
        if let Some(tls) = find(error, |cause| {
            cause.downcast_ref::<rustls::Error>().map(tls_words)
        }) {
            return Self::new(
                HttpErrorKind::Tls,
                format!("{doing} {url}: no trusted TLS connection: {tls}"),
            );
        }
        let io = find(error, |cause| {
            cause.downcast_ref::<io::Error>().map(io::Error::kind)
        });
        let root = innermost(error);
        if error.is_connect() {
            let what = if error.is_timeout() || io == Some(io::ErrorKind::TimedOut) {
                "the connection was not made in time".to_owned()
            } else {
                format!("no connection: {root}")
            };
            return Self::new(HttpErrorKind::Connect, format!("{doing} {url}: {what}"));
        }
        let incomplete = find(error, |cause| {
            cause
                .downcast_ref::<hyper::Error>()
                .map(hyper::Error::is_incomplete_message)
                .filter(|incomplete| *incomplete)
        })
        .is_some();
        if incomplete || io == Some(io::ErrorKind::UnexpectedEof) {
            return Self {
                kind: HttpErrorKind::Reset,
                message: format!("{doing} {url}: the server closed before the end of its answer"),
                ended_early: true,
                not_recorded: false,
            };
        }
        let broken = find(error, |cause| {
            cause
                .downcast_ref::<hyper::Error>()
                .map(|hyper| hyper.is_parse() || hyper.is_parse_too_large())
                .filter(|broken| *broken)
        })
        .is_some();
        if broken
            || matches!(
                io,
                Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
            )
        {
            return Self::new(
                HttpErrorKind::Protocol,
                format!("{doing} {url}: the answer is not valid HTTP: {root}"),
            );
        }
        let kind = if error.is_builder() {
            HttpErrorKind::BadUrl
        } else {
            HttpErrorKind::Reset
        };
        Self::new(kind, format!("{doing} {url}: {root}"))
    }
}

/// The first answer `probe` gives along the chain of causes.
fn find<T>(
    error: &(dyn StdError + 'static),
    probe: impl Fn(&(dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = probe(cause) {
            return Some(found);
        }
        next = cause_of(cause);
    }
    None
}

/// The cause below; an `io::Error` hides the error it carries from `source()`.
fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    if let Some(inner) = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        return Some(inner);
    }
    error.source()
}

/// The words of the deepest cause: they say most.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(cause) = cause_of(deepest) {
        deepest = cause;
    }
    deepest.to_string()
}

fn tls_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
            "its certificate is signed by an unknown authority (trust one with --ca-file)"
                .to_owned()
        }
        other => other.to_string(),
    }
}
