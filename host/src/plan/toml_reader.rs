//! Typed reading of TOML that knows the line of every value.
//!
//! A [`Table`] remembers which keys were asked for: what is left in the end is
//! unknown to everybody and becomes a warning with the nearest key.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use toml::de::{DeTable, DeValue};

use super::error::{PlanError, PlanWarning, Problem};
use super::layer::Said;
use super::number::Bounds;
use super::origin::{Origin, Sourced};
use super::spelling::shown;

/// The file being read: enough to name a place in it.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    /// Byte offsets at which lines start.
    lines: Vec<usize>,
}

impl File {
    pub(super) fn new(path: &Path, text: &str) -> Rc<Self> {
        let lines = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        Rc::new(Self {
            path: path.to_owned(),
            lines: std::iter::once(0).chain(lines).collect(),
        })
    }

    /// The place of a byte offset.
    pub(super) fn place(&self, offset: usize, key: &str) -> Origin {
        Origin::File {
            path: self.path.clone(),
            line: self.lines.partition_point(|start| *start <= offset),
            key: key.to_owned(),
        }
    }
}

/// One value with its place.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    file: Rc<File>,
    value: &'a DeValue<'a>,
    key: String,
    pub(super) place: Origin,
}

/// One table, and what was asked of it.
#[derive(Debug)]
pub(super) struct Table<'a> {
    file: Rc<File>,
    entries: &'a DeTable<'a>,
    prefix: String,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(super) fn root(file: Rc<File>, entries: &'a DeTable<'a>) -> Self {
        Self {
            file,
            entries,
            prefix: String::new(),
            asked: Vec::new(),
        }
    }

    /// Renames the table in places from here on: `tier[0]` becomes
    /// `tier.direct_oa` once its name is known.
    pub(super) fn rename(&mut self, prefix: String) {
        self.prefix = prefix;
    }

    /// The value of a key, if it is there.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.asked.push(key);
        self.fields()
            .find(|(name, _)| *name == key)
            .map(|(_, field)| field)
    }

    /// Every entry of a table whose keys are free.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        let entries = self.entries;
        entries.iter().map(|(name, value)| {
            let key = self.dotted(name.get_ref());
            let field = Field {
                file: Rc::clone(&self.file),
                value: value.get_ref(),
                place: self.file.place(name.span().start, &key),
                key,
            };
            (name.get_ref().as_ref(), field)
        })
    }

    /// Warns about keys nobody asked for.
    pub(super) fn finish(self, warnings: &mut Vec<PlanWarning>) {
        for (name, field) in self.fields() {
            if !self.asked.contains(&name) {
                let valid = self.asked.iter().copied();
                warnings.push(PlanWarning::unknown_key(field.place, name, valid));
            }
        }
    }

    pub(super) fn number(
        &mut self,
        key: &'static str,
        bounds: Bounds,
    ) -> Result<Said<u32>, PlanError> {
        self.read(key, |field| field.number(bounds))
    }

    pub(super) fn switch(&mut self, key: &'static str) -> Result<Said<bool>, PlanError> {
        self.read(key, Field::switch)
    }

    /// A value of any type, read by `parse`.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&Field<'a>) -> Result<T, PlanError>,
    ) -> Result<Said<T>, PlanError> {
        self.get(key)
            .map(|field| Ok(Sourced::new(parse(&field)?, field.place.clone())))
            .transpose()
    }

    fn dotted(&self, name: &str) -> String {
        let bare = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let name = if bare { name.to_owned() } else { shown(name) };
        if self.prefix.is_empty() {
            name
        } else {
            format!("{}.{name}", self.prefix)
        }
    }
}

impl<'a> Field<'a> {
    pub(super) fn number(&self, bounds: Bounds) -> Result<u32, PlanError> {
        match self.value {
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                let value = i128::from_str_radix(&digits, number.radix()).ok();
                bounds.check(&self.place, value, &number.to_string())
            }
            _ => Err(self.wrong_type("a whole number")),
        }
    }

    pub(super) fn switch(&self) -> Result<bool, PlanError> {
        match self.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.wrong_type("true or false")),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, PlanError> {
        match self.value {
            DeValue::String(text) => Ok(text.as_ref()),
            _ => Err(self.wrong_type("a string")),
        }
    }

    /// A string, or the text of a number or truth value.
    pub(super) fn scalar(&self) -> Result<String, PlanError> {
        match self.value {
            DeValue::String(text) => Ok(text.as_ref().to_owned()),
            DeValue::Integer(number) => Ok(number.to_string()),
            DeValue::Float(number) => Ok(number.to_string()),
            DeValue::Boolean(value) => Ok(value.to_string()),
            _ => Err(self.wrong_type("a string, a number, true or false")),
        }
    }

    pub(super) fn texts(&self) -> Result<Vec<&'a str>, PlanError> {
        let DeValue::Array(items) = self.value else {
            return Err(self.wrong_type("a list of strings"));
        };
        items
            .iter()
            .map(|item| self.item(item.get_ref(), item.span().start).text())
            .collect()
    }

    /// A table; its keys are free until asked for.
    pub(super) fn table(&self) -> Result<Table<'a>, PlanError> {
        match self.value {
            DeValue::Table(entries) => Ok(Table {
                file: Rc::clone(&self.file),
                entries,
                prefix: self.key.clone(),
                asked: Vec::new(),
            }),
            _ => Err(self.wrong_type("a table")),
        }
    }

    /// An array of tables.
    pub(super) fn tables(&self) -> Result<Vec<Table<'a>>, PlanError> {
        let DeValue::Array(items) = self.value else {
            return Err(self.wrong_type("a list of tables, [[…]]"));
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let mut table = self.item(item.get_ref(), item.span().start).table()?;
                table.rename(format!("{}[{index}]", self.key));
                Ok(table)
            })
            .collect()
    }

    fn item(&self, value: &'a DeValue<'a>, offset: usize) -> Self {
        Self {
            file: Rc::clone(&self.file),
            value,
            key: self.key.clone(),
            place: self.file.place(offset, &self.key),
        }
    }

    fn wrong_type(&self, wanted: &'static str) -> PlanError {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "a truth value",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        PlanError::new(&self.place, Problem::WrongType { wanted, found })
    }
}
