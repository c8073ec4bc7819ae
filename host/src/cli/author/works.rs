//! The works a component is tested on: all of them must be readable, for a
//! test that leaves one out says nothing.

use std::path::Path;

use super::super::exit::Failed;
use super::super::named::work_of;
use super::super::output::note;
use super::super::tally::counted;
use crate::intake::{Item, Work, open_input, read_works};

/// The work, or the works, that were given.
pub(super) fn given(work: Option<&str>, list: Option<&Path>) -> Result<Vec<Work>, Failed> {
    let mut works = Vec::new();
    if let Some(work) = work {
        works.push(work_of(work, "--works")?);
    }
    if let Some(list) = list {
        works.extend(listed(list)?);
    }
    Ok(works)
}

/// The works of a list.
pub(super) fn listed(list: &Path) -> Result<Vec<Work>, Failed> {
    let input = open_input(list).map_err(Failed::usage)?;
    let mut works = Vec::new();
    let mut bad: Vec<String> = Vec::new();
    for item in read_works(input, None).map_err(Failed::usage)? {
        match item.map_err(Failed::usage)? {
            Item::Work { work, warnings, .. } => {
                for warning in warnings {
                    note(&format!("paperfall: warning: {warning}"));
                }
                works.push(*work);
            }
            Item::Bad(error) => bad.push(error.to_string()),
            Item::Duplicate { work_id, place, .. } => note(&format!(
                "paperfall: warning: {place}: {work_id} is in the list already; it is tested once"
            )),
        }
    }
    match bad.as_slice() {
        [] if works.is_empty() => Err(Failed::usage(format!(
            "{}: it names no works; write one id or URL a line",
            list.display()
        ))),
        [] => Ok(works),
        [one] => Err(Failed::usage(one)),
        [first, rest @ ..] => Err(Failed::usage(format!(
            "{first} (and {} like it)",
            counted(rest.len(), "more line")
        ))),
    }
}
