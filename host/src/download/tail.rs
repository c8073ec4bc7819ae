//! The end of a file on its way: its last bytes before the padding that servers
//! fill files up with, however much of that there is.

use crate::http::pdf;

/// Bytes kept of the end for judging, and no more than that of the padding.
const TAIL_BYTES: usize = 4096;

/// The last bytes of what came so far.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Up to the last byte that is no padding.
    kept: Vec<u8>,
    /// The last bytes behind that one: padding, if nothing else follows.
    behind: Vec<u8>,
    /// How many there are, in bytes.
    padding: u64,
}

impl Tail {
    /// Takes in what comes next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let end = bytes.iter().rposition(|byte| !pdf::is_padding(*byte));
        let (own, behind) = bytes
            .split_at_checked(end.map_or(0, |at| at + 1))
            .unwrap_or((bytes, &[]));
        if !own.is_empty() {
            self.kept.append(&mut self.behind);
            self.padding = 0;
            push_last(&mut self.kept, own);
        }
        push_last(&mut self.behind, behind);
        let more = u64::try_from(behind.len()).unwrap_or(u64::MAX);
        self.padding = self.padding.saturating_add(more);
    }

    /// How many bytes of padding there are at the end.
    pub(super) fn padding(&self) -> u64 {
        self.padding
    }

    /// The last bytes before the padding.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.kept
    }
}

/// Puts bytes behind others, of which the last are kept.
fn push_last(kept: &mut Vec<u8>, bytes: &[u8]) {
    let start = bytes.len().saturating_sub(TAIL_BYTES);
    kept.extend_from_slice(bytes.get(start..).unwrap_or_default());
    let surplus = kept.len().saturating_sub(TAIL_BYTES);
    kept.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(chunks: &[&[u8]]) -> (Vec<u8>, u64) {
        let mut tail = Tail::default();
        for chunk in chunks {
            tail.push(chunk);
        }
        let padding = tail.padding();
        (tail.into_bytes(), padding)
    }

    #[test]
    fn the_end_is_the_same_however_the_bytes_are_cut_and_padded() {
        let nuls = [0; 3 * TAIL_BYTES];
        let whole = [b"a %%EOF".as_slice(), &nuls, b"\r\n"].concat();
        let padding = whole.len() as u64 - 7;
        assert_eq!(tail(&[&whole]), (b"a %%EOF".to_vec(), padding));
        for step in [1, 2, 5, 4096, 5000] {
            let chunks: Vec<&[u8]> = whole.chunks(step).collect();
            assert_eq!(tail(&chunks), (b"a %%EOF".to_vec(), padding), "{step}");
        }
        assert_eq!(tail(&[b"\n\0 "]), (Vec::new(), 3));
        assert_eq!(tail(&[]), (Vec::new(), 0));
    }

    #[test]
    fn padding_with_bytes_behind_it_is_none() {
        let nuls = [0; 100];
        let kept = [b"%%EOF".as_slice(), &nuls, b"x"].concat();
        assert_eq!(tail(&[b"%%EOF", &nuls, b"x", b"\n"]), (kept, 1));
        // As far back as is judged, it hides what stands before it.
        let many = [0; 2 * TAIL_BYTES];
        let (kept, padding) = tail(&[b"%%EOF", &many, b"x"]);
        assert_eq!((kept.len(), padding), (TAIL_BYTES, 0));
        assert!(!kept.starts_with(b"%%EOF"));
    }
}
