//! What intake promises, seen from outside.

mod lists;
mod properties;
mod refusals;
mod works;

use std::io::Cursor;

use super::{Format, Input, InputError, Item, Work, Works, read_works};

/// Opens a list held in memory, called `works.txt` unless the test says else.
fn open(text: impl AsRef<[u8]>) -> Result<Works, InputError> {
    open_as("works.txt", text, None)
}

fn open_as(
    name: &str,
    text: impl AsRef<[u8]>,
    format: Option<Format>,
) -> Result<Works, InputError> {
    let reader = Cursor::new(text.as_ref().to_vec());
    read_works(Input::new(name, reader), format)
}

/// Every item of a list that reads without an error of its own.
fn items(text: impl AsRef<[u8]>) -> Vec<Item> {
    open(text).unwrap().map(Result::unwrap).collect()
}

/// One line per item: a work id, `bad: message`, or `again: id (first line)`.
fn summary(text: impl AsRef<[u8]>) -> Vec<String> {
    items(text).iter().map(describe).collect()
}

fn describe(item: &Item) -> String {
    match item {
        Item::Work { work, .. } => work.work_id.to_string(),
        Item::Bad(error) => format!("bad: {error}"),
        Item::Duplicate {
            work_id,
            first,
            place,
            ..
        } => format!("again: {work_id} {}<-{first}", place.number()),
    }
}

/// The only work of a list.
fn only_work(text: impl AsRef<[u8]>) -> Work {
    let mut found = items(text);
    assert_eq!(found.len(), 1, "{found:?}");
    match found.remove(0) {
        Item::Work { work, warnings, .. } => {
            assert!(warnings.is_empty(), "{warnings:?}");
            *work
        }
        other => panic!("{other:?}"),
    }
}
