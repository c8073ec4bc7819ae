//! Reading a whole list of works, line by line, in any format.

use std::collections::{HashMap, VecDeque};
use std::io::BufRead;
use std::sync::Arc;

use paperfall_identifiers::AnyId;

use super::lines::{Line, LineFault, Lines};
use super::table::Table;
use super::{Format, InputError, LineError, Place, ReadWork, Work, WorkError, WorkId, json};

/// How many lines a quoted CSV field may run over (abstracts do).
const MAX_ROW_LINES: usize = 200;
/// The longest CSV row over several lines, in bytes.
const MAX_ROW_BYTES: usize = 1024 * 1024;

/// What one entry of the list came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A work not named before.
    Work {
        /// The work.
        work: Box<Work>,
        /// Where it stands.
        place: Place,
        /// Malformed parts that were left out.
        warnings: Vec<LineError>,
    },
    /// A line that names no work.
    Bad(LineError),
    /// A work that an earlier line named already.
    Duplicate {
        /// The work both name.
        work_id: WorkId,
        /// The later one's artifact.
        artifact_id: String,
        /// Where it stands.
        place: Place,
        /// The number of the line (or argument) that named it first.
        first: u64,
    },
}

/// How many entries there were of each sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Works, each counted once.
    pub works: u64,
    /// Lines that named none.
    pub bad: u64,
    /// Repetitions.
    pub duplicates: u64,
}

/// The entries of a list, read as they are asked for. An error ends it.
pub struct Works {
    pub(super) name: Arc<str>,
    pub(super) lines: Lines<Box<dyn BufRead + Send>>,
    /// Lines read ahead, to be read again.
    pub(super) ahead: VecDeque<Line>,
    pub(super) format: Format,
    pub(super) table: Option<Arc<Table>>,
    pub(super) ready: VecDeque<Item>,
    pub(super) first_lines: HashMap<WorkId, u64>,
    pub(super) counts: Counts,
    pub(super) done: bool,
}

impl Works {
    /// The format given or detected.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// What was read so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Reads on; false at the end.
    fn advance(&mut self) -> Result<bool, InputError> {
        let Some(line) = self.next_line()? else {
            return Ok(false);
        };
        let number = line.number;
        let Some(text) = self.readable(line) else {
            return Ok(true);
        };
        match (self.format, self.table.clone()) {
            (Format::Csv, Some(table)) => self.row(&table, number, text)?,
            (Format::Jsonl | Format::OpenAlex, _) => self.json_line(number, &text),
            (Format::Text | Format::Csv, _) => self.text_line(number, &text),
        }
        Ok(true)
    }

    fn text_line(&mut self, number: u64, text: &str) {
        if is_blank_or_comment(text) {
            return;
        }
        // `#` occurs in DOIs, but never after a blank.
        let id = match text.split_once(" #").or_else(|| text.split_once("\t#")) {
            Some((id, _comment)) => id,
            None => text,
        };
        let read = match AnyId::parse(id) {
            Ok(id) => Ok(ReadWork {
                work: Work::from_id(&id),
                warnings: Vec::new(),
            }),
            Err(error) => Err(WorkError::from(error)),
        };
        self.admit(number, read);
    }

    fn json_line(&mut self, number: u64, text: &str) {
        if is_blank_or_comment(text) {
            return;
        }
        match json::parse(text) {
            Err(error) => self.admit(number, Err(error)),
            Ok(value) => {
                for read in json::works(value, self.format) {
                    self.admit(number, read);
                }
            }
        }
    }

    /// A row, with the lines that its open quote takes in. A quote that is never
    /// closed costs its own line only.
    fn row(&mut self, table: &Table, number: u64, first: String) -> Result<(), InputError> {
        let mut quotes = table.quotes();
        let mut is_open = quotes.open_after(&first);
        let mut row = first;
        let mut taken = Vec::new();
        while is_open {
            let next = match taken.len() < MAX_ROW_LINES {
                true => self.next_line()?,
                false => None,
            };
            let fits = next.as_ref().and_then(|line| line.text.as_ref().ok());
            match fits {
                Some(text) if row.len() + text.len() < MAX_ROW_BYTES => {
                    row.push('\n');
                    row.push_str(text);
                    is_open = quotes.open_after(text);
                    taken.extend(next);
                }
                _ => {
                    taken.extend(next);
                    for line in taken.into_iter().rev() {
                        self.ahead.push_front(line);
                    }
                    let error = WorkError::new(
                        "a quote opened here is never closed",
                        "close it, or double it if it belongs to the text",
                    );
                    self.admit(number, Err(error));
                    return Ok(());
                }
            }
        }
        if let Some(read) = table.work(&row) {
            self.admit(number, read);
        }
        Ok(())
    }

    /// Files what a line came to.
    fn admit(&mut self, number: u64, read: Result<ReadWork, WorkError>) {
        let place = self.place(number);
        let item = match read {
            Err(error) => {
                self.counts.bad += 1;
                Item::Bad(LineError { place, error })
            }
            Ok(ReadWork { work, warnings }) => match self.first_lines.get(&work.work_id) {
                Some(first_line) => {
                    self.counts.duplicates += 1;
                    Item::Duplicate {
                        work_id: work.work_id,
                        artifact_id: work.artifact_id,
                        place,
                        first: *first_line,
                    }
                }
                None => {
                    self.counts.works += 1;
                    self.first_lines.insert(work.work_id.clone(), number);
                    let at = |error| LineError {
                        place: place.clone(),
                        error,
                    };
                    Item::Work {
                        warnings: warnings.into_iter().map(at).collect(),
                        work: Box::new(work),
                        place,
                    }
                }
            },
        };
        self.ready.push_back(item);
    }

    /// The line's text, or none after filing what is wrong with it.
    pub(super) fn readable(&mut self, line: Line) -> Option<String> {
        let error = match line.text {
            Ok(text) => return Some(text),
            Err(LineFault::TooLong) => WorkError::new(
                "the line is longer than 1 MiB",
                "write one work a line (an OpenAlex answer: jq -c '.results[]' FILE)",
            ),
            Err(LineFault::NotUtf8) => {
                WorkError::new("the line is not UTF-8 text", "save the file as UTF-8")
            }
        };
        self.admit(line.number, Err(error));
        None
    }

    pub(super) fn next_line(&mut self) -> Result<Option<Line>, InputError> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.next_line().map_err(|source| self.broken(source)),
        }
    }

    pub(super) fn broken(&self, source: std::io::Error) -> InputError {
        let place = self.place(self.lines.number() + 1);
        InputError::Broken { place, source }
    }

    pub(super) fn place(&self, line: u64) -> Place {
        Place::Line {
            source: self.name.clone(),
            line,
        }
    }
}

impl Iterator for Works {
    type Item = Result<Item, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            if self.done {
                return None;
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => {
                    self.done = true;
                    if self.counts == Counts::default() {
                        let name = self.name.clone();
                        return Some(Err(InputError::Empty { name }));
                    }
                }
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

pub(super) fn is_blank_or_comment(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with('#')
}
