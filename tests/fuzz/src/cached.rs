//! A kept answer's file: its head on the first line, then its body, as somebody
//! who can write into the folder would seal it; what the file says is as hostile
//! as the server it came from. A whole file comes back as it was written, a
//! damaged one is none, and what is kept answers the one who asked for it.

use sha2::{Digest, Sha256};

use crate::http::cached;

/// Checks one file.
pub fn check(data: &[u8]) {
    cached(data.to_vec());
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let head = parts.next().unwrap_or_default();
    let body = parts.next().unwrap_or_default();
    let file = sealed(head, body);
    let mut damaged = file.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert_eq!(cached(damaged), None);
    if let Some(read) = cached(file) {
        assert_eq!(read, body);
    }
}

/// The file of a head and a body.
fn sealed(head: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(head.len()).unwrap().to_le_bytes();
    let covered = [&length[..], head, body].concat();
    [b"pf-http1", &Sha256::digest(&covered)[..], &covered].concat()
}
