//! Works as rows of a table: CSV as spreadsheets and databases export it.

use csv::ReaderBuilder;

use super::draft::{Draft, Field};
use super::{ReadWork, WorkError};

/// Delimiters in use: commas, the semicolons of European spreadsheets, tabs.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A header that was understood.
#[derive(Debug, Clone)]
pub(super) struct Table {
    delimiter: u8,
    columns: Vec<Option<(Field, String)>>,
}

impl Table {
    /// Reads a header with whatever delimiter makes the most of it; its column
    /// names, when none of them can name a work.
    pub(super) fn from_header(line: &str) -> Result<Self, Vec<String>> {
        let mut best: Option<(usize, Self)> = None;
        for delimiter in DELIMITERS {
            let columns: Vec<_> = split(line, delimiter)
                .into_iter()
                .map(|name| Field::named(&name).map(|field| (field, name.trim().to_owned())))
                .collect();
            let known = columns.iter().flatten();
            let score = known.clone().count();
            let names_works = known.clone().any(|(field, _)| field.names_a_work());
            if names_works && best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, Self { delimiter, columns }));
            }
        }
        best.map(|(_, table)| table)
            .ok_or_else(|| split(line, widest_delimiter(line)))
    }

    /// A watch on the quotes of one row.
    pub(super) fn quotes(&self) -> Quotes {
        Quotes {
            delimiter: self.delimiter,
            quoted: false,
        }
    }

    /// Reads the work of one row; none for a row without any content.
    pub(super) fn work(&self, row: &str) -> Option<Result<ReadWork, WorkError>> {
        // A lone column needs no quotes around values with commas.
        let fields = if self.columns.len() == 1 && !row.starts_with('"') {
            vec![row.to_owned()]
        } else {
            split(row, self.delimiter)
        };
        if fields.iter().all(|field| field.trim().is_empty()) {
            return None;
        }
        let surplus = fields.iter().skip(self.columns.len());
        if surplus.clone().any(|field| !field.trim().is_empty()) {
            return Some(Err(WorkError::new(
                format!(
                    "the row has {} fields, the header {}",
                    fields.len(),
                    self.columns.len()
                ),
                "put quotes around fields that contain the delimiter",
            )));
        }
        let mut draft = Draft::default();
        for (column, text) in self.columns.iter().zip(&fields) {
            if let Some((field, name)) = column {
                draft.field(*field, name, text);
            }
        }
        Some(draft.finish())
    }
}

/// Follows a row line by line, to know whether it goes on in the next one.
pub(super) struct Quotes {
    delimiter: u8,
    quoted: bool,
}

impl Quotes {
    /// Whether a quote is open after this line.
    pub(super) fn open_after(&mut self, line: &str) -> bool {
        let mut field_start = true;
        let mut bytes = line.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' if self.quoted && bytes.peek() == Some(&b'"') => {
                    bytes.next();
                }
                b'"' if self.quoted => self.quoted = false,
                b'"' if field_start => self.quoted = true,
                _ => {}
            }
            field_start = !self.quoted && byte == self.delimiter;
        }
        self.quoted
    }
}

/// The fields of one row, quotes taken off.
fn split(row: &str, delimiter: u8) -> Vec<String> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(row.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => record.iter().map(str::to_owned).collect(),
        // Text in memory gives no other errors than none.
        _ => Vec::new(),
    }
}

/// The delimiter that splits a line into the most fields.
fn widest_delimiter(line: &str) -> u8 {
    DELIMITERS
        .into_iter()
        .max_by_key(|delimiter| line.bytes().filter(|byte| byte == delimiter).count())
        .unwrap_or(b',')
}
