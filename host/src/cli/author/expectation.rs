//! The file of `--expect`: what each work must come to.
//!
//! JSON: `{"paperfall_expectation":1,"adapter":"acme","works":{"doi:…":{…}}}`,
//! where a work has what no clock decides: outcome, reason, URL, findings.
//! Fields this program does not know are kept when the file is rewritten.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::super::exit::Failed;
use super::compare::differences;
use crate::testing::Trial;

/// The key that makes a JSON file an expectation, and its version.
const KEY: &str = "paperfall_expectation";
const VERSION: u64 = 1;
/// A larger file is none of ours.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A file of expected results.
#[derive(Debug)]
pub(super) struct Expectation {
    path: PathBuf,
    file: Map<String, Value>,
}

impl Expectation {
    /// Reads it. One that will be written may be missing.
    pub(super) fn read(path: &Path, will_be_written: bool) -> Result<Self, Failed> {
        let fail = |why: String| Failed::usage(format!("{}: {why}", path.display()));
        let about = match std::fs::metadata(path) {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if !will_be_written {
                    return Err(fail(
                        "there is no such file; write it with --update-expect".to_owned(),
                    ));
                }
                if !folder_of(path).is_dir() {
                    return Err(fail("there is no such folder; create it first".to_owned()));
                }
                return Ok(Self::empty(path));
            }
            Err(error) => return Err(fail(error.to_string())),
        };
        if !about.is_file() {
            return Err(fail("not a file; name an expectation file".to_owned()));
        }
        let other = |what: String| {
            fail(format!(
                "this is no expectation file ({what}); --update-expect writes one, to a new name"
            ))
        };
        if about.len() > MAX_BYTES {
            return Err(other("it is too large for one".to_owned()));
        }
        let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
        let value: Value =
            serde_json::from_slice(&bytes).map_err(|error| other(format!("not JSON: {error}")))?;
        let Value::Object(file) = value else {
            return Err(other("not a JSON object".to_owned()));
        };
        match file.get(KEY).and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) => {
                return Err(fail(format!(
                    "an expectation of version {version}, and this paperfall knows {VERSION}; \
                     write it anew with --update-expect, to a new name"
                )));
            }
            None => return Err(other(format!("it has no {KEY}"))),
        }
        let works = file.get("works").and_then(Value::as_object);
        if !works.is_some_and(|works| works.values().all(Value::is_object)) {
            return Err(other("its works are no JSON object of objects".to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    fn empty(path: &Path) -> Self {
        let mut file = Map::new();
        file.insert(KEY.to_owned(), json!(VERSION));
        file.insert("works".to_owned(), json!({}));
        Self {
            path: path.to_owned(),
            file,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn works(&self) -> impl Iterator<Item = (&String, &Value)> {
        let works = self.file.get("works").and_then(Value::as_object);
        works.into_iter().flatten()
    }

    /// What came out differently, a line each. `whole`: the file expects
    /// nothing but these works.
    pub(super) fn judge(&self, trials: &[Trial], whole: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for trial in trials {
            let expected = self.works().find(|(id, _)| **id == trial.work_id);
            match expected {
                Some((_, expected)) => {
                    let found = differences(expected, &trial.result_json());
                    lines.extend(
                        found
                            .into_iter()
                            .map(|line| format!("{}: {line}", trial.work_id)),
                    );
                }
                None => lines.push(format!(
                    "{}: nothing is expected of it; --update-expect writes what came",
                    trial.work_id
                )),
            }
        }
        if whole {
            let tested = |id: &str| trials.iter().any(|trial| trial.work_id == id);
            let untested = self.works().filter(|(id, _)| !tested(id));
            lines.extend(untested.map(|(id, _)| format!("{id}: expected, but not in the list")));
        }
        lines
    }

    /// Writes what came. `whole`: works not tested are forgotten.
    pub(super) fn write(
        mut self,
        adapter: &str,
        trials: &[Trial],
        whole: bool,
    ) -> Result<(), Failed> {
        let mut works: Map<String, Value> = match whole {
            true => Map::new(),
            false => self
                .works()
                .map(|(id, expected)| (id.clone(), expected.clone()))
                .collect(),
        };
        for trial in trials {
            works.insert(trial.work_id.clone(), trial.result_json());
        }
        self.file.insert("adapter".to_owned(), json!(adapter));
        self.file.insert("works".to_owned(), Value::Object(works));
        let fail = |error: std::io::Error| {
            Failed::machine(format!("cannot write {}: {error}", self.path.display()))
        };
        let mut text = serde_json::to_string_pretty(&self.file).map_err(Failed::machine)?;
        text.push('\n');
        // Whole or not at all.
        let mut file = readable_by_all()
            .tempfile_in(folder_of(&self.path))
            .map_err(fail)?;
        file.write_all(text.as_bytes()).map_err(fail)?;
        file.persist(&self.path)
            .map_err(|error| fail(error.error))?;
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Temporary files are private; this one goes into a repository.
fn readable_by_all<'a, 'b>() -> tempfile::Builder<'a, 'b> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes from it what it takes from every new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}
