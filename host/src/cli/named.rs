//! Works named on the command line: each argument is one, as an id, a URL or
//! JSON, and one that names none is told by itself.

use std::collections::HashMap;
use std::path::Path;

use paperfall_identifiers::{AnyId, visible};

use super::exit::Failed;
use super::output::note;
use crate::intake::{Item, LineError, Place, ReadWork, Work, WorkError, WorkId};

/// How a list of works is given to the command that reads one.
pub(crate) const RUN: &str = "paperfall run";

/// The work an argument names, with its warnings told; `list` is what takes a
/// list of works instead.
pub(crate) fn work_of(argument: &str, list: &str) -> Result<Work, Failed> {
    let read = read(argument, list).map_err(Failed::usage)?;
    for warning in &read.warnings {
        note(&format!("paperfall: warning: {warning}"));
    }
    Ok(read.work)
}

/// The works that arguments name, one an argument.
pub(crate) fn works_of(arguments: &[String]) -> Vec<Item> {
    let mut known: HashMap<WorkId, u64> = HashMap::new();
    let mut items = Vec::new();
    for (number, argument) in (1..).zip(arguments) {
        let place = Place::Argument(number);
        let at = |error| LineError {
            place: place.clone(),
            error,
        };
        items.push(match read(argument, RUN) {
            Err(error) => Item::Bad(at(error)),
            Ok(ReadWork { work, warnings }) => match known.get(&work.work_id) {
                Some(first) => Item::Duplicate {
                    work_id: work.work_id,
                    artifact_id: work.artifact_id,
                    place,
                    first: *first,
                },
                None => {
                    known.insert(work.work_id.clone(), number);
                    Item::Work {
                        warnings: warnings.into_iter().map(at).collect(),
                        work: Box::new(work),
                        place,
                    }
                }
            },
        });
    }
    items
}

/// JSON when it looks like JSON, else an id or URL.
fn read(argument: &str, list: &str) -> Result<ReadWork, WorkError> {
    if argument.trim_start().starts_with('{') {
        return Work::from_json(argument);
    }
    match AnyId::parse(argument) {
        Ok(id) => Ok(ReadWork {
            work: Work::from_id(&id),
            warnings: Vec::new(),
        }),
        Err(error) => Err(list_instead(argument, list).unwrap_or_else(|| error.into())),
    }
}

/// The error for a list of works where one work is wanted.
fn list_instead(argument: &str, list: &str) -> Option<WorkError> {
    let name = visible(argument);
    let cause = if argument == "-" {
        "- stands for standard input, and one work is wanted here".to_owned()
    } else if Path::new(argument).is_file() {
        format!("{name} is a file, and one work is wanted here")
    } else {
        return None;
    };
    Some(WorkError {
        cause,
        remedy: format!("for a list of works, say `{list} {name}`"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn told(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let items = works_of(&arguments);
        let told = items.iter().map(|item| match item {
            Item::Work { work, place, .. } => format!("{place}: {}", work.work_id),
            Item::Bad(error) => format!("bad {error}"),
            Item::Duplicate { place, first, .. } => format!("{place}: again {first}"),
        });
        told.collect()
    }

    #[test]
    fn every_argument_is_a_work_a_duplicate_or_an_error_of_its_own() {
        let found = told(&[
            "10.1000/xyz",
            "#10.1000/abc",
            "",
            "doi:10.1000/XYZ",
            r#"{"work_id":"mine","doi":"10.1000/j"}"#,
            "10.1000/a\n10.1000/b",
        ]);
        assert_eq!(found.len(), 6, "{found:?}");
        for (line, start) in found.iter().zip([
            "argument 1: doi:10.1000/xyz",
            "bad argument 2: \"#10.1000/abc\" is not an identifier",
            "bad argument 3: \"\" is not an identifier paperfall knows: it is empty; write ",
            "argument 4: again 1",
            "argument 5: mine",
            "bad argument 6: ",
        ]) {
            assert!(line.starts_with(start), "{line} {start}");
        }
    }

    #[test]
    fn a_list_is_sent_to_the_command_that_reads_one() {
        let found = told(&["-", "Cargo.toml", "no-such-file.txt"]);
        assert!(found.iter().any(|line| line.ends_with("`paperfall run -`")));
        assert!(found.iter().any(|line| {
            line.contains("Cargo.toml is a file") && line.ends_with("`paperfall run Cargo.toml`")
        }));
        assert!(
            found
                .iter()
                .any(|line| line.contains("\"no-such-file.txt\" is not an"))
        );
    }
}
