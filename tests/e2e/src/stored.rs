//! What a run left in its output folder, judged as its user would: the right
//! paper under both of its names, or nothing at all.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Ran, Rig};

impl Rig {
    /// Every file below a folder of OUT (`""` for all of it), as paths
    /// relative to OUT, sorted. Links count as files.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut files = Vec::new();
        list(&self.out().join(folder), &mut files);
        let out = self.out();
        let mut files: Vec<String> = files
            .iter()
            .filter_map(|path| path.strip_prefix(&out).ok())
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        files.sort();
        files
    }

    /// That the work was obtained: by this source for this reason, these bytes
    /// under their hash, and a readable name that leads to them.
    ///
    /// # Panics
    ///
    /// When it was not.
    pub fn assert_obtained(&self, work_id: &str, source: &str, reason: &str, bytes: &[u8]) {
        let result = self.result(work_id);
        let said = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (said("outcome"), said("source"), said("reason")),
            ("success".to_owned(), source.to_owned(), reason.to_owned()),
            "{result:#}"
        );
        let hash = sha256(bytes);
        let shard: String = hash.chars().take(2).collect();
        assert_eq!(said("sha256"), hash, "not the bytes expected");
        assert_eq!(said("path"), format!("objects/{shard}/{hash}.pdf"));
        assert_eq!(result["bytes"], Value::from(bytes.len()));
        assert_eq!(self.paper(work_id), bytes, "the object is another file");
        let object = self.out().join(said("path")).canonicalize().expect("it");
        let links = self
            .files("papers")
            .iter()
            .filter(|name| self.out().join(name).canonicalize().ok() == Some(object.clone()))
            .count();
        assert!(links > 0, "no name in papers/ leads to {}", said("path"));
    }

    /// That the run ended with this work not obtained, for this reason, and
    /// that nothing of it was left behind.
    ///
    /// # Panics
    ///
    /// When it was otherwise.
    pub fn assert_lost(&self, ran: &Ran, work_id: &str, outcome: &str, reason: &str) {
        assert_eq!(ran.code, 1, "{ran}");
        let result = self.result(work_id);
        assert_eq!(
            (&result["outcome"], &result["reason"]),
            (&Value::from(outcome), &Value::from(reason)),
            "{result:#}"
        );
        for absent in ["source", "tier", "sha256", "path", "bytes"] {
            assert!(result.get(absent).is_none(), "{absent} in {result:#}");
        }
        assert_eq!(self.files("objects"), [""; 0]);
        assert_eq!(self.files("papers"), [""; 0]);
        assert_eq!(self.files(".parts"), [""; 0]);
    }
}

impl Ran {
    /// The lines of standard error that an operator is meant to read:
    /// everything `paperfall:` says, which is one line each.
    pub fn complaints(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter(|line| line.starts_with("paperfall: "))
            .collect()
    }

    /// That it ended with `code`, saying one line that contains all of
    /// `words` and nothing else on standard error.
    ///
    /// # Panics
    ///
    /// When it did otherwise.
    pub fn assert_refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self}");
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "not one line: {self}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self}");
        }
        self.assert_orderly();
    }

    /// That nothing panicked.
    ///
    /// # Panics
    ///
    /// When something did.
    pub fn assert_orderly(&self) {
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(!self.stderr.contains(word), "{self}");
        }
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn list(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().expect("a kind of file");
        if kind.is_dir() {
            list(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
}
