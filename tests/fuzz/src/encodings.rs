//! Content encodings: their names on the first line (`br,gzip`), then the body
//! as it was sent. Whatever is sent, no more comes out than was asked for.

use crate::http;

/// What the probe asks for.
const MAX_BYTES: usize = 4096;

/// Checks one body.
pub fn check(data: &[u8]) {
    let mut halves = data.splitn(2, |byte| *byte == b'\n');
    let names = String::from_utf8_lossy(halves.next().unwrap_or_default());
    if names.split(',').count() > 2 {
        return;
    }
    let sent = halves.next().unwrap_or_default();
    if let Some(whole) = http::decoded(&names, sent, MAX_BYTES) {
        assert!(whole.len() <= MAX_BYTES);
        let part = http::decoded(&names, sent, 16).unwrap_or_default();
        assert!(part.len() <= 16);
        // A damaged body may give way sooner when more of it is asked for.
        assert!(whole.starts_with(&part) || part.starts_with(&whole));
    }
}
