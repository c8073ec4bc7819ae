//! Papers made to measure: real one-page PDFs, the same bytes for the same
//! title, seed and size, readable at any offset without holding the file.
//!
//! The page shows the title; an unreferenced stream fills the file up to its
//! size, so a gigabyte costs no memory until it is read.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::text::mix;

/// Fillers: no `%`, so neither a header nor an end mark appears by chance.
const FILLERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A deterministic one-page PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdf {
    seed: u64,
    head: Bytes,
    filling: u64,
    tail: Bytes,
}

impl Pdf {
    /// A paper of exactly `size` bytes, or of the smallest possible size (less
    /// than 1 KiB for a short title) where `size` is too small for a PDF.
    #[must_use]
    pub fn new(title: &str, seed: u64, size: u64) -> Self {
        Self::build(title, seed, size, false)
    }

    /// The same behind a password: its trailer names an encryption dictionary.
    #[must_use]
    pub fn encrypted(title: &str, seed: u64, size: u64) -> Self {
        Self::build(title, seed, size, true)
    }

    /// Length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a PDF is never empty")]
    pub fn len(&self) -> u64 {
        length(&self.head) + self.filling + length(&self.tail)
    }

    /// The whole file.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.read(0, usize::try_from(self.len()).unwrap_or(usize::MAX))
    }

    /// At most `count` bytes from `offset` on; empty at and past the end.
    pub(crate) fn read(&self, offset: u64, count: usize) -> Bytes {
        let end = offset
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX))
            .min(self.len());
        let capacity = usize::try_from(end.saturating_sub(offset)).unwrap_or(0);
        let mut out = Vec::with_capacity(capacity);
        let filling_ends = length(&self.head) + self.filling;
        let mut at = offset;
        while at < end {
            if at < length(&self.head) {
                at += copy(&self.head, at, end - at, &mut out);
            } else if at < filling_ends {
                let place = at - length(&self.head);
                // One mixing step gives the eight letters of a block.
                let word = mix(self.seed ^ (place / 8)).to_le_bytes();
                let stop = end.min(filling_ends);
                for letter in word.iter().skip(usize::try_from(place % 8).unwrap_or(0)) {
                    if at == stop {
                        break;
                    }
                    out.push(
                        FILLERS
                            .get(usize::from(letter & 63))
                            .copied()
                            .unwrap_or(b'A'),
                    );
                    at += 1;
                }
            } else {
                at += copy(&self.tail, at - filling_ends, end - at, &mut out);
            }
        }
        Bytes::from(out)
    }

    fn build(title: &str, seed: u64, size: u64, encrypted: bool) -> Self {
        let empty = Self::frame(title, seed, 0, encrypted);
        let filling = size.saturating_sub(empty.len());
        Self::frame(title, seed, filling, encrypted)
    }

    /// Numbers that depend on the filling are written with leading zeros, so
    /// the frame's own length never changes.
    fn frame(title: &str, seed: u64, filling: u64, encrypted: bool) -> Self {
        let page = format!(
            "BT /F1 14 Tf 50 780 Td ({}) Tj 0 -24 Td (No. {seed:016x}) Tj ET",
            page_text(title)
        );
        let mut head = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut offsets = Vec::new();
        let mut objects = vec![
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>".to_owned(),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
            format!("<</Length {}>>stream\n{page}\nendstream", page.len()),
            format!("<</Title<{}>>>", utf16_hex(title)),
        ];
        if encrypted {
            // Owner and user entries nobody has the password for.
            let entry: String = (0..4).map(|n| format!("{:016x}", mix(seed ^ n))).collect();
            objects.push(format!(
                "<</Filter/Standard/V 1/R 2/O<{entry}>/U<{entry}>/P -44>>"
            ));
        }
        for (index, object) in objects.iter().enumerate() {
            offsets.push(head.len());
            head.extend(format!("{} 0 obj {object} endobj\n", index + 1).into_bytes());
        }
        let filler = objects.len() + 1;
        offsets.push(head.len());
        head.extend(format!("{filler} 0 obj <</Length {filling:012}>>stream\n").into_bytes());

        let mut tail = String::from("\nendstream endobj\n");
        let xref_at = head.len() as u64 + filling + tail.len() as u64;
        let _ = write!(tail, "xref\n0 {}\n0000000000 65535 f \n", filler + 1);
        for offset in &offsets {
            let _ = writeln!(tail, "{offset:010} 00000 n ");
        }
        let encrypt = if encrypted { "/Encrypt 7 0 R" } else { "" };
        let id = format!("{:016x}{:016x}", seed, mix(seed));
        let _ = write!(
            tail,
            "trailer<</Size {}/Root 1 0 R/Info 6 0 R{encrypt}/ID[<{id}><{id}>]>>\nstartxref\n{xref_at:012}\n%%EOF\n",
            filler + 1
        );
        Self {
            seed,
            head: Bytes::from(head),
            filling,
            tail: Bytes::from(tail),
        }
    }
}

fn length(bytes: &Bytes) -> u64 {
    bytes.len() as u64
}

/// Copies up to `count` bytes from `offset` and says how many.
fn copy(from: &Bytes, offset: u64, count: u64, to: &mut Vec<u8>) -> u64 {
    let start = usize::try_from(offset)
        .unwrap_or(usize::MAX)
        .min(from.len());
    let count = usize::try_from(count)
        .unwrap_or(usize::MAX)
        .min(from.len() - start);
    to.extend(from.iter().skip(start).take(count));
    count as u64
}

/// The start of the title in Latin-1, escaped for a PDF string.
fn page_text(title: &str) -> String {
    title.chars().take(70).fold(String::new(), |mut out, c| {
        match c {
            '(' | ')' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' => out.push(c),
            '\u{a0}'..='\u{ff}' => {
                let _ = write!(out, "\\{:03o}", u32::from(c));
            }
            _ => out.push('?'),
        }
        out
    })
}

/// A PDF text string in UTF-16 with its byte-order mark, in hexadecimal.
fn utf16_hex(text: &str) -> String {
    text.encode_utf16()
        .fold(String::from("FEFF"), |mut out, unit| {
            let _ = write!(out, "{unit:04X}");
            out
        })
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
mod tests {
    use super::*;

    fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
        haystack
            .windows(needle.len())
            .position(|window| window == needle)
    }

    #[test]
    fn a_pdf_has_exactly_the_size_asked_for() {
        for size in [2_000, 4_096, 100_001] {
            let pdf = Pdf::new("Größen", 3, size);
            assert_eq!(pdf.len(), size);
            assert_eq!(pdf.bytes().len() as u64, size);
        }
        assert!(Pdf::new("Tiny", 3, 0).len() < 1024);
    }

    #[test]
    fn every_entry_of_the_cross_reference_table_points_at_its_object() {
        for pdf in [
            Pdf::new("Cross", 9, 50_000),
            Pdf::encrypted("Cross", 9, 50_000),
        ] {
            let bytes = pdf.bytes();
            assert!(bytes.starts_with(b"%PDF-1.4"));
            assert!(bytes.ends_with(b"%%EOF\n"));
            let tail = String::from_utf8_lossy(&bytes[bytes.len() - 1500..]).into_owned();
            let (_, after) = tail.split_once("startxref\n").unwrap();
            let at: usize = after.lines().next().unwrap().parse().unwrap();
            assert!(bytes[at..].starts_with(b"xref\n"));
            let table = String::from_utf8_lossy(&bytes[at..]).into_owned();
            let rows: Vec<&str> = table
                .lines()
                .skip(3)
                .take_while(|l| l.ends_with("n "))
                .collect();
            assert!(rows.len() >= 7);
            for (index, row) in rows.iter().enumerate() {
                let offset: usize = row[..10].parse().unwrap();
                assert!(bytes[offset..].starts_with(format!("{} 0 obj", index + 1).as_bytes()));
            }
        }
    }

    #[test]
    fn the_announced_stream_lengths_are_true() {
        let bytes = Pdf::new("Länge", 5, 9_000).bytes();
        let mut rest = &bytes[..];
        let mut streams = 0;
        while let Some(at) = find(rest, b"/Length ") {
            let after = &rest[at + 8..];
            let end = find(after, b">>stream\n").unwrap();
            let length: usize = std::str::from_utf8(&after[..end]).unwrap().parse().unwrap();
            rest = &after[end + 9..];
            assert!(rest[length..].starts_with(b"\nendstream"));
            streams += 1;
        }
        assert_eq!(streams, 2);
    }

    #[test]
    fn any_part_read_equals_that_part_of_the_whole() {
        let pdf = Pdf::new("Parts", 11, 5_000);
        let whole = pdf.bytes();
        for from in [0_usize, 1, 700, 901, 1234, 4_700, 4_999, 5_000, 6_000] {
            for count in [0_usize, 1, 7, 64, 900, 10_000] {
                let expected = whole
                    .get(from..(from + count).min(whole.len()))
                    .unwrap_or(&[]);
                assert_eq!(
                    &pdf.read(from as u64, count)[..],
                    expected,
                    "{from}+{count}"
                );
            }
        }
    }

    #[test]
    fn seeds_differ_and_repeat() {
        assert_eq!(
            Pdf::new("A", 1, 3000).bytes(),
            Pdf::new("A", 1, 3000).bytes()
        );
        assert_ne!(
            Pdf::new("A", 1, 3000).bytes(),
            Pdf::new("A", 2, 3000).bytes()
        );
    }

    #[test]
    fn only_an_encrypted_pdf_names_an_encryption_dictionary() {
        assert!(find(&Pdf::encrypted("E", 1, 2000).bytes(), b"/Encrypt").is_some());
        assert!(find(&Pdf::new("E", 1, 2000).bytes(), b"/Encrypt").is_none());
    }
}
