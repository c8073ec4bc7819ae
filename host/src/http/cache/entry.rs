//! One kept answer as a file: magic, digest, head, body.
//!
//! The digest covers everything after it, so a torn or damaged file is told
//! from a whole one without trusting anything in it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"pf-http1";
const DIGEST_BYTES: usize = 32;
const LENGTH_BYTES: usize = 4;
/// The longest head that is read or written.
const HEAD_MAX_BYTES: usize = 256 * 1024;

/// An answer and what it was an answer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// When it came, or was last confirmed.
    pub(super) time: SystemTime,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Digests of the request headers that `Vary` names.
    pub(super) varied: HeaderMap,
    /// As it was sent: still encoded.
    pub(super) body: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Head {
    time_ms: u64,
    status: u16,
    headers: Vec<(String, String)>,
    varied: Vec<(String, String)>,
}

impl Entry {
    /// The file's bytes; none for a head of absurd size.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let since = self.time.duration_since(UNIX_EPOCH).ok()?;
        let head = Head {
            time_ms: u64::try_from(since.as_millis()).ok()?,
            status: self.status,
            headers: lines(&self.headers),
            varied: lines(&self.varied),
        };
        let head = serde_json::to_vec(&head).ok()?;
        if head.len() > HEAD_MAX_BYTES {
            return None;
        }
        let length = u32::try_from(head.len()).ok()?.to_le_bytes();
        let mut digest = Sha256::new();
        digest.update(length);
        digest.update(&head);
        digest.update(&self.body);
        let mut file = Vec::with_capacity(
            MAGIC.len() + DIGEST_BYTES + LENGTH_BYTES + head.len() + self.body.len(),
        );
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&digest.finalize());
        file.extend_from_slice(&length);
        file.extend_from_slice(&head);
        file.extend_from_slice(&self.body);
        Some(file)
    }

    /// The entry of a file; none unless it is whole.
    pub(super) fn decode(file: Vec<u8>) -> Option<Self> {
        let file = Bytes::from(file);
        let rest = file.strip_prefix(MAGIC)?;
        let (said, covered) = rest.split_at_checked(DIGEST_BYTES)?;
        if Sha256::digest(covered).as_slice() != said {
            return None;
        }
        let (length, rest) = covered.split_at_checked(LENGTH_BYTES)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (head, body) = rest.split_at_checked(length)?;
        let read: Head = serde_json::from_slice(head).ok()?;
        Some(Self {
            time: UNIX_EPOCH.checked_add(Duration::from_millis(read.time_ms))?,
            status: read.status,
            headers: map(&read.headers)?,
            varied: map(&read.varied)?,
            body: file.slice_ref(body),
        })
    }
}

/// Header values are bytes; each byte becomes the character of its number.
fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = value.as_bytes().iter().map(|byte| char::from(*byte));
            (name.as_str().to_owned(), value.collect())
        })
        .collect()
}

fn map(lines: &[(String, String)]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
        headers.append(
            HeaderName::try_from(name).ok()?,
            HeaderValue::from_bytes(&value?).ok()?,
        );
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn entry() -> Entry {
        let mut headers = HeaderMap::new();
        headers.append("x-odd", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        headers.append("link", HeaderValue::from_static("a"));
        headers.append("link", HeaderValue::from_static("b"));
        Entry {
            time: UNIX_EPOCH + Duration::from_millis(1_700_000_000_123),
            status: 200,
            headers,
            varied: HeaderMap::new(),
            body: Bytes::from_static(b"\x1f\x8b body"),
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        let file = entry().encode().unwrap();
        assert_eq!(Entry::decode(file).unwrap(), entry());
    }

    #[test]
    fn a_file_with_any_byte_changed_or_missing_is_no_entry() {
        let file = entry().encode().unwrap();
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert_eq!(Entry::decode(damaged), None, "byte {at} changed");
            assert_eq!(Entry::decode(file[..at].to_vec()), None, "cut at {at}");
        }
    }
}
