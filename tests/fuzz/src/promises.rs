//! Promises that many rooms make.

use url::Url;

use crate::sandbox::{AttemptTrace, escape_controls, limits};

/// The longest message anyone is shown, in bytes.
const MESSAGE_MAX_BYTES: usize = 4096;

/// A message is one line that steers no terminal, and not too long.
pub(crate) fn is_a_message(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.len() <= MESSAGE_MAX_BYTES, "{} bytes", text.len());
}

/// Text of a guest's that is shown or written: nothing in it steers a terminal.
pub(crate) fn is_harmless(text: &str) {
    assert_eq!(escape_controls(text), text);
}

/// A URL that a request may go to.
pub(crate) fn is_plain(url: &Url) {
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{url}");
    assert!(url.username().is_empty() && url.password().is_none());
    assert!(!url.as_str().contains(|c: char| c.is_control() || c == ' '));
    assert!(url.fragment().is_none(), "{url}");
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(url));
}

/// What a guest has logged stays small and harmless.
pub(crate) fn is_a_modest_log(trace: &AttemptTrace) {
    let lines = limits::LOG_BYTES / size_of::<crate::sandbox::LogLine>() + 1;
    assert!(trace.log.len() <= lines);
    for line in &trace.log {
        is_harmless(&line.message);
    }
}
