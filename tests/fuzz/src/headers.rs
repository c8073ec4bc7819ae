//! An answer's headers, one `name: value` a line: what is read from them is
//! possible and bounded.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::{self, Secrets};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks the headers of one answer.
pub fn check(data: &[u8]) {
    let mut sent = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(64) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
            continue;
        };
        let value = HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            sent.append(name, value);
        }
    }
    let secrets = Secrets::new([("KEY".to_owned(), "s3cr&t key".to_owned())]);
    let headers = http::headers(sent, &secrets.expect("a good secret"));
    for (name, value) in headers.iter() {
        assert_ne!(name, "set-cookie");
        assert!(!value.contains("s3cr&t key"), "{name}");
    }
    if let Some(wait) = headers.retry_after() {
        assert!(wait <= DAY);
    }
    if let Some(part) = headers.content_range()
        && let Some((first, last)) = part.range
    {
        assert!(first <= last && part.total.is_none_or(|total| last < total));
    }
    let _ = headers.content_type();
    let _ = headers.content_length();
    let _ = headers.etag();
    let _ = headers.last_modified();
    let _ = headers.accepts_ranges();
}
