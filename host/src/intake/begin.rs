//! Opening moves of reading a list: refusing what is no list, deciding its
//! format, taking a CSV's header.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use paperfall_identifiers::printable;

use super::batch::{Counts, Works, is_blank_or_comment};
use super::draft::Field;
use super::lines::{Line, Lines};
use super::table::Table;
use super::{Format, Input, InputError, json};

/// How much of a file's start is looked at to tell text from something else.
const LOOKED_AT_BYTES: usize = 1024;

/// Starts reading a list: in the given format, or in the one that its first
/// line shows.
///
/// # Errors
/// When there is nothing in it, it is another kind of file (UTF-16, a
/// compressed, Excel or binary file, one JSON document over many lines), or a CSV header
/// without a column we know.
pub fn read_works(input: Input, format: Option<Format>) -> Result<Works, InputError> {
    let mut works = Works {
        name: input.name,
        lines: Lines::new(input.reader),
        ahead: VecDeque::new(),
        format: format.unwrap_or(Format::Text),
        table: None,
        ready: VecDeque::new(),
        first_lines: HashMap::new(),
        counts: Counts::default(),
        done: false,
    };
    works.refuse_other_kinds()?;
    works.start(format)?;
    Ok(works)
}

impl Works {
    fn refuse_other_kinds(&mut self) -> Result<(), InputError> {
        let name = self.name.clone();
        let start = match self.lines.peek() {
            Ok(start) => start,
            Err(source) => return Err(self.broken(source)),
        };
        let kinds: [(&[u8], &str, &str); 6] = [
            (b"\xff\xfe", "this is UTF-16 text", "save it as UTF-8"),
            (b"\xfe\xff", "this is UTF-16 text", "save it as UTF-8"),
            (
                b"\x1f\x8b",
                "this is gzip-compressed",
                "unpack it: gunzip -c FILE | paperfall run -",
            ),
            (
                b"\x28\xb5\x2f\xfd",
                "this is zstd-compressed",
                "unpack it: zstd -dc FILE | paperfall run -",
            ),
            (
                b"PK\x03\x04",
                "this is a zip or Excel file",
                "unpack it, or export the sheet as CSV",
            ),
            (
                b"%PDF-",
                "this is a PDF",
                "give a list of works: ids, CSV or JSON lines",
            ),
        ];
        match kinds.iter().find(|(magic, _, _)| start.starts_with(magic)) {
            Some((_, what, remedy)) => Err(InputError::OtherKind { name, what, remedy }),
            None if is_binary(start) => Err(InputError::OtherKind {
                name,
                what: "this is a binary file",
                remedy: "give a list of works as UTF-8 text: ids, CSV or JSON lines",
            }),
            None => Ok(()),
        }
    }

    /// Finds the first line that says something, decides the format by it, and
    /// takes a CSV's header.
    fn start(&mut self, format: Option<Format>) -> Result<(), InputError> {
        loop {
            let Some(line) = self.next_line()? else {
                return match self.ready.is_empty() {
                    true => Err(InputError::Empty {
                        name: self.name.clone(),
                    }),
                    false => Ok(()),
                };
            };
            let number = line.number;
            let Some(text) = self.readable(line) else {
                continue;
            };
            if is_blank_or_comment(&text) {
                continue;
            }
            self.format = format.unwrap_or_else(|| Format::detect(&self.name, &text));
            match self.format {
                Format::Csv => return self.take_header(number, &text),
                Format::Text => {}
                Format::Jsonl | Format::OpenAlex => self.refuse_document(&text)?,
            }
            self.ahead.push_front(Line {
                number,
                text: Ok(text),
            });
            return Ok(());
        }
    }

    fn take_header(&mut self, number: u64, text: &str) -> Result<(), InputError> {
        match Table::from_header(text) {
            Ok(table) => {
                self.table = Some(Arc::new(table));
                Ok(())
            }
            Err(found) => Err(InputError::NoColumn {
                place: self.place(number),
                found: printable(&found.join(", ")),
                known: Field::NAMES,
            }),
        }
    }

    /// Refuses JSON that runs over several lines, told from a broken first line
    /// by the line after it.
    fn refuse_document(&mut self, first: &str) -> Result<(), InputError> {
        if json::parse(first).is_ok() {
            return Ok(());
        }
        let next = loop {
            match self.next_line()? {
                Some(line) if matches!(&line.text, Ok(text) if text.trim().is_empty()) => {}
                other => break other,
            }
        };
        let Some(line) = next else { return Ok(()) };
        let goes_on = match &line.text {
            Ok(text) => first.trim() == "[" || json::parse(text).is_err(),
            Err(_) => false,
        };
        self.ahead.push_front(line);
        if !goes_on || !json::is_cut_off(first) {
            return Ok(());
        }
        Err(InputError::OtherKind {
            name: self.name.clone(),
            what: "this is one JSON document over many lines, not one object a line",
            remedy: "convert it: jq -c 'if type == \"array\" then .[] else (.results[]? // .) end' \
                     FILE | paperfall run -",
        })
    }
}

/// Whether this start is that of no text at all: it has more zero bytes than
/// lines. A stray one in a list costs its own line only.
fn is_binary(start: &[u8]) -> bool {
    let start = start.get(..LOOKED_AT_BYTES).unwrap_or(start);
    let count = |wanted: u8| start.iter().filter(|byte| **byte == wanted).count();
    count(0) > count(b'\n') + 1
}
