//! Whether a list was worked off exactly once, whatever happened on the way.

use std::collections::{BTreeMap, BTreeSet};

use paperfall_e2e::{MIB, Ran, Rig, sha256};
use serde_json::Value;

use crate::cast::Cast;
use crate::ledger::{Job, LedgerCopy};
use crate::origin::{Asked, asked};

/// What stood when a run was killed: what is done must not be done again.
#[derive(Debug, Default)]
pub struct Judge {
    jobs: BTreeMap<String, Job>,
    /// Complete lines of `results.jsonl`, by work.
    acknowledged: BTreeMap<String, Value>,
    /// Requests the origin had seen.
    requests: usize,
    /// The big file can be continued.
    marked: bool,
}

impl Judge {
    /// Looks at what is there between two runs. The ledger must be whole.
    ///
    /// # Panics
    /// When it is not, or when what was written down is not there.
    #[must_use]
    pub fn between_runs(rig: &Rig) -> Self {
        let copy = LedgerCopy::of(&rig.out().join("manifest.sqlite3"));
        let jobs = copy.map_or_else(BTreeMap::new, |copy| {
            copy.assert_whole();
            copy.jobs()
        });
        let acknowledged = complete_lines(rig);
        for (work, line) in &acknowledged {
            assert_file_of(rig, work, line);
            // A line follows the ledger and never leads.
            assert!(jobs[work].is_done() || jobs[work].failures > 0, "{work}");
        }
        let marked = rig.parts().iter().any(|part| {
            let marks = std::fs::read_to_string(part.with_extension("marks")).unwrap_or_default();
            // The validators and one mark at least, with the bytes that it is of.
            let bytes = part.metadata().map_or(0, |file| file.len());
            marks.matches('\n').count() >= 2 && bytes >= MIB
        });
        Self {
            jobs,
            acknowledged,
            requests: rig.web.requests().len(),
            marked,
        }
    }

    /// That the last run (`ran`) completed the list, nothing is left over and
    /// nothing was done in vain.
    ///
    /// # Panics
    /// When it is otherwise.
    pub fn assert_completed(&self, rig: &Rig, ran: &Ran) {
        assert_eq!(ran.code, 1, "two works have no paper: {ran}");
        ran.assert_orderly();
        assert_files(rig, ran);
        assert_results(rig, &self.acknowledged);
        assert_jobs(rig);
        self.assert_nothing_again(rig);
    }

    /// That the origin was asked for nothing that the ledger had already.
    fn assert_nothing_again(&self, rig: &Rig) {
        let requests = rig.web.requests();
        let later = asked(&requests[self.requests..]);
        let of = |url: &str| later.get(url).copied().unwrap_or_default();
        for (work, job) in &self.jobs {
            let shared = Cast::SHARERS.contains(&work.as_str());
            if shared {
                continue;
            }
            if job.is_done() {
                for url in Cast::urls_of(work) {
                    assert_eq!(of(&url), Asked::default(), "{work} was done: {url}");
                }
            }
            for url in job.urls_of("HEAD", "OK") {
                assert_eq!(of(&url).heads, 0, "{url} was asked for its headers again");
                assert_eq!(of(&url).probes, 0, "{url} was probed again");
            }
            for code in ["OK", "NON_RETRYABLE"] {
                for url in job.urls_of("STREAM", code) {
                    assert_eq!(of(&url), Asked::default(), "{url} was downloaded again");
                }
            }
        }
        let streamed = self.jobs.get("big").map(|job| job.urls_of("STREAM", "OK"));
        let rests = usize::from(self.marked && streamed.is_some_and(|urls| urls.is_empty()));
        assert_eq!(of(Cast::BIG).rests, rests, "the rest of the big file");
    }

    /// That each step was asked of the origin at most `more` times more than in
    /// a run that nothing disturbed.
    ///
    /// # Panics
    /// When it was asked more often.
    pub fn assert_asked_at_most(rig: &Rig, more: usize) {
        for (url, asked) in asked(&rig.web.requests()) {
            if url == Cast::BUSY {
                // It is tried again, as it should be.
                continue;
            }
            // The one that the other waits for may change.
            let more = more + usize::from(url == Cast::SHARED);
            let downloads = usize::from(!url.ends_with("missing.pdf"));
            let most = [1 + more, downloads + more, downloads + more];
            let was = [asked.probes, asked.heads, asked.gets];
            assert!(
                was.iter().zip(most).all(|(was, most)| *was <= most),
                "{url}: {asked:?}"
            );
        }
    }
}

/// The lines of `results.jsonl` that end, by work; the last of a work counts.
fn complete_lines(rig: &Rig) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(rig.out().join("results.jsonl")).unwrap_or_default();
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    let lines = complete.lines().filter_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        Some((value["work_id"].as_str()?.to_owned(), value))
    });
    lines.collect()
}

fn assert_file_of(rig: &Rig, work: &str, line: &Value) {
    if line["outcome"] != "success" {
        return;
    }
    let path = line["path"].as_str().expect("a path");
    let bytes = std::fs::read(rig.out().join(path)).unwrap_or_default();
    assert_eq!(
        line["sha256"].as_str(),
        Some(sha256(&bytes).as_str()),
        "{work}: {path}"
    );
}

/// Exactly the files that should be there, each with the bytes it should have.
fn assert_files(rig: &Rig, ran: &Ran) {
    let hashes: BTreeSet<String> = Cast::files().into_values().collect();
    let mut expected: Vec<String> = hashes
        .iter()
        .map(|hash| format!("objects/{}/{hash}.pdf", &hash[..2]))
        .collect();
    for path in &expected {
        let bytes = std::fs::read(rig.out().join(path))
            .unwrap_or_else(|error| panic!("{path}: {error}: {ran}"));
        assert!(path.contains(&sha256(&bytes)), "{path} has other bytes");
    }
    for (work, hash) in Cast::files() {
        let paper = format!("papers/{work}.pdf");
        let target = std::fs::read_link(rig.out().join(&paper))
            .unwrap_or_else(|error| panic!("{paper}: {error}: {ran}"));
        let object = format!("../objects/{}/{hash}.pdf", &hash[..2]);
        assert_eq!(target.to_str(), Some(object.as_str()), "{paper}");
        expected.push(paper);
    }
    let rest = [
        ".lock",
        ".lock.turn",
        "manifest.sqlite3",
        "manifest.sqlite3-locks/next.lock",
        "manifest.sqlite3-locks/writer.lock",
        "results.jsonl",
    ];
    expected.extend(rest.map(str::to_owned));
    expected.sort();
    // What hosts bear is kept on purpose.
    let mut files = rig.files("");
    files.retain(|name| !name.starts_with("manifest.sqlite3.pace/"));
    assert_eq!(files, expected);
}

/// One line a work; what was acknowledged stands.
fn assert_results(rig: &Rig, acknowledged: &BTreeMap<String, Value>) {
    let results = rig.results();
    let files = Cast::files();
    for work in Cast::WORKS {
        let line = &results[work.id];
        assert_eq!(line["outcome"], work.outcome, "{line}");
        // A slow machine lets the one that is tried again have its next round, and
        // the breaker may be open by then.
        let is_again = work.outcome == "retryable" && line["reason"] == "breaker_open";
        assert!(line["reason"] == work.reason || is_again, "{line}");
        let hash = files.get(work.id).map(String::as_str);
        assert_eq!(line["sha256"].as_str(), hash, "{line}");
        assert_file_of(rig, work.id, line);
    }
    assert_eq!(results.len(), Cast::WORKS.len(), "{results:?}");
    let ended = |line: &Value| line["outcome"] != "retryable";
    for (work, line) in acknowledged.iter().filter(|(_, line)| ended(line)) {
        for key in ["outcome", "reason", "sha256", "path", "url", "notes"] {
            assert_eq!(line[key], results[work][key], "{work}: {key}");
        }
    }
}

/// Every job at its end, every effect with its result.
fn assert_jobs(rig: &Rig) {
    let copy = LedgerCopy::of(&rig.out().join("manifest.sqlite3")).expect("a ledger");
    copy.assert_whole();
    let jobs = copy.jobs();
    assert_eq!(jobs.len(), Cast::WORKS.len());
    let files = Cast::files();
    for (work, job) in &jobs {
        assert_eq!(job.owner, None, "{work} is still held: {job:?}");
        let state = match work.as_str() {
            "busy" => {
                let waits = job.state == "PLANNED" && job.not_before.is_some();
                assert!(waits && job.failures > 0, "{job:?}");
                continue;
            }
            "missing" => "FAILED",
            _ if job.state == "SKIPPED_DUPLICATE" || job.state == "DEDUPED" => &job.state,
            _ => "INDEXED",
        };
        assert_eq!(job.state, state, "{work}: {job:?}");
        assert_eq!(job.sha256.as_ref(), files.get(work.as_str()), "{work}");
        assert_effects(work, job);
    }
    let ended = |works: [&str; 2], state: &str| {
        works
            .iter()
            .filter(|work| jobs[**work].state == state)
            .count()
    };
    for pair in [Cast::TWINS, Cast::SHARERS] {
        assert_eq!(ended(pair, "INDEXED"), 1, "{pair:?}");
    }
    assert_eq!(ended(Cast::TWINS, "DEDUPED"), 1);
}

fn assert_effects(work: &str, job: &Job) {
    for op in &job.ops {
        assert!(op.code.is_some(), "{work}: {op:?} never ended");
        assert_ne!(op.code.as_deref(), Some("ABANDONED"), "{work}: {op:?}");
    }
    let mut kinds: Vec<(&str, &str)> = job
        .ops
        .iter()
        .map(|op| (op.kind.as_str(), op.code.as_deref().unwrap_or_default()))
        .filter(|(kind, _)| *kind != "FALLBACK")
        .collect();
    kinds.sort_unstable();
    let mut expected = vec![("RESOLUTION", "OK")];
    if work == "missing" {
        expected = vec![("RESOLUTION", "NON_RETRYABLE")];
    }
    if ["INDEXED", "DEDUPED"].contains(&job.state.as_str()) {
        expected.extend(["HEAD", "STREAM", "FINALIZE", "INDEX"].map(|kind| (kind, "OK")));
    }
    if job.state == "DEDUPED" {
        expected.push(("DEDUPE", "OK"));
    }
    if work == "struck" {
        // The first copy, which ended too early.
        expected.extend([
            ("RESOLUTION", "OK"),
            ("HEAD", "OK"),
            ("STREAM", "NON_RETRYABLE"),
        ]);
    }
    expected.sort_unstable();
    assert_eq!(kinds, expected, "{work}: {:#?}", job.ops);
}
