//! Lines of bounded length from a stream of any size.

use std::io::{self, BufRead};

/// The longest line that is looked at, in bytes; the rest of a longer one is
/// skipped without being kept.
pub(super) const MAX_LINE_BYTES: usize = 1024 * 1024;

/// What is wrong with a line before anyone looks at its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineFault {
    TooLong,
    NotUtf8,
}

/// One line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) text: Result<String, LineFault>,
}

/// The lines of a stream. A byte-order mark at its start is dropped, CR LF
/// counts as LF.
pub(super) struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// How many lines were read.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The first bytes of the stream, without taking them.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.reader.fill_buf()
    }

    /// The next line; none at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut too_long = false;
        let mut any = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|b| *b == b'\n');
            let (content, used) = match end {
                Some(end) => (chunk.get(..end).unwrap_or_default(), end + 1),
                None => (chunk, chunk.len()),
            };
            if bytes.len() + content.len() > MAX_LINE_BYTES {
                too_long = true;
                bytes = Vec::new();
            } else if !too_long {
                bytes.extend_from_slice(content);
            }
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        let text = if too_long {
            Err(LineFault::TooLong)
        } else {
            into_text(bytes, number == 1)
        };
        Ok(Some(Line { number, text }))
    }
}

fn into_text(bytes: Vec<u8>, is_first: bool) -> Result<String, LineFault> {
    let mut text = String::from_utf8(bytes).map_err(|_| LineFault::NotUtf8)?;
    if text.ends_with('\r') {
        text.pop();
    }
    if is_first && text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// All lines, read through a buffer so small that every line spans several.
    fn lines(bytes: &[u8]) -> Vec<Result<String, LineFault>> {
        let mut lines = Lines::new(BufReader::with_capacity(3, bytes));
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            found.push(line.text);
        }
        found
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_dropped() {
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(
            lines("\u{feff}one\r\ntwo\n\nthree".as_bytes()),
            [ok("one"), ok("two"), ok(""), ok("three")]
        );
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_too_long_or_not_utf_8_costs_only_itself() {
        let mut bytes = vec![b'x'; MAX_LINE_BYTES + 1];
        bytes.extend_from_slice(b"\n\xff\xfe\n");
        bytes.extend(vec![b'y'; MAX_LINE_BYTES]);
        bytes.extend_from_slice(b"\nlast");
        let found = lines(&bytes);
        assert_eq!(found.len(), 4);
        assert_eq!(found.first(), Some(&Err(LineFault::TooLong)));
        assert_eq!(found.get(1), Some(&Err(LineFault::NotUtf8)));
        assert_eq!(
            found.get(2).unwrap().as_ref().unwrap().len(),
            MAX_LINE_BYTES
        );
        assert_eq!(found.get(3), Some(&Ok("last".to_owned())));
    }
}
