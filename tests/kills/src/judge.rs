//! Judging what workers left, from outside: by a plain SQLite connection, by the
//! files, and by what the origin counted.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::house::{House, sha256};
use crate::ledger::Sha256Hex;

/// Everything that is wrong in the house. The origin may have been asked
/// `repeats` times for something it had been asked before.
#[must_use]
pub fn judge(house: &House, repeats: usize) -> Vec<String> {
    let mut findings = Findings(Vec::new());
    let place = house.place();
    let db = rusqlite::Connection::open(place.ledger()).unwrap();
    let text = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, String>(0))
            .unwrap_or_else(|error| error.to_string())
    };
    ledger(&mut findings, &text, house);
    let deduped = text(
        "SELECT coalesce(group_concat(work_id, ' '), '') FROM
           (SELECT work_id FROM artifact_jobs WHERE state = 'DEDUPED' ORDER BY work_id)",
    );
    files(&mut findings, house, &deduped);
    asked(&mut findings, house, repeats);
    findings.0
}

struct Findings(Vec<String>);

impl Findings {
    fn want(&mut self, what: &str, found: &str, expected: &str) {
        if found != expected {
            self.0.push(format!("{what}: {found:?}, not {expected:?}"));
        }
    }
}

fn ledger(findings: &mut Findings, text: &dyn Fn(&str) -> String, house: &House) {
    let legacy = house.legacy_jobs.to_string();
    let jobs = house.jobs();
    for (what, sql, expected) in [
        ("integrity", "PRAGMA integrity_check", "ok"),
        (
            "foreign keys",
            "SELECT count(*) || '' FROM pragma_foreign_key_check",
            "0",
        ),
        (
            "jobs",
            "SELECT count(*) || ' ' || count(DISTINCT job_id) FROM artifact_jobs WHERE work_id GLOB 'W*'",
            &format!("{jobs} {jobs}"),
        ),
        (
            "jobs in the index",
            "SELECT count(*) || '' FROM artifact_jobs WHERE state = 'INDEXED'",
            "1",
        ),
        (
            "unfinished",
            "SELECT coalesce(group_concat(work_id || ' ' || state), '') FROM artifact_jobs
             WHERE work_id GLOB 'W*' AND state NOT IN ('INDEXED', 'DEDUPED', 'SKIPPED_DUPLICATE')",
            "",
        ),
        (
            "leases",
            "SELECT count(*) || '' FROM artifact_jobs WHERE lease_owner IS NOT NULL",
            "0",
        ),
        (
            "effects that never ended",
            "SELECT coalesce(group_concat(op_type), '') FROM artifact_ops WHERE result_code IS NULL",
            "",
        ),
        (
            "results missing",
            "SELECT count(*) || '' FROM artifact_ops WHERE result_json IS NULL AND result_code = 'OK'",
            "0",
        ),
        (
            "entries into the index, less jobs that were entered",
            "SELECT ((SELECT count(*) FROM artifact_ops WHERE op_type = 'INDEX' AND result_code = 'OK')
                   - (SELECT count(*) FROM artifact_jobs WHERE state IN ('INDEXED', 'DEDUPED'))) || ''",
            "0",
        ),
        (
            "the index",
            "SELECT group_concat(lower(hex(sha256))) FROM ledger_objects",
            &sha256(),
        ),
        (
            "what DocsToKG finished",
            "SELECT count(*) || '' FROM artifact_jobs WHERE state = 'FINALIZED' AND job_id LIKE 'j%' AND idempotency_key LIKE 'k%'",
            &legacy,
        ),
        (
            "what DocsToKG did",
            "SELECT count(*) || '' FROM artifact_ops WHERE op_key LIKE 'o%' AND job_id LIKE 'j%'",
            &legacy,
        ),
    ] {
        findings.want(what, &text(sql), expected);
    }
}

fn files(findings: &mut Findings, house: &House, deduped: &str) {
    let place = house.place();
    let sha256 = sha256();
    findings.want("objects", &list(&house.root().join("objects")), &sha256);
    findings.want("the object's bytes", &hash(&place.object(&sha256)), &sha256);
    findings.want("parts", &list(&house.root().join("parts")), "");
    let root = list(house.root());
    let half = root.split_terminator(' ').find(|n| n.ends_with(".unfinished"));
    findings.want("half a copy", half.unwrap_or_default(), "");
    let names = list(&house.root().join("papers"));
    let (left, aliases): (Vec<&str>, Vec<&str>) = names
        .split_terminator(' ')
        .partition(|name| name.ends_with(".tmp"));
    findings.want("aliases", &aliases.join(" "), deduped);
    for alias in &aliases {
        findings.want("an alias's bytes", &hash(&place.alias(alias)), &sha256);
    }
    // The bytes are stored once: every name is a link to the one file.
    let links = fs::metadata(place.object(&sha256)).map_or(0, |object| object.nlink());
    let names = 1 + aliases.len() + left.len();
    findings.want("links", &links.to_string(), &names.to_string());
    // Only without the rule that INDEX is in the ledger's transaction.
    if let Ok(index) = fs::read_to_string(house.root().join("index.txt")) {
        let mut lines: Vec<&str> = index.lines().collect();
        lines.sort_unstable();
        let all = lines.len();
        lines.dedup();
        findings.want(
            "the index outside",
            &all.to_string(),
            &lines.len().to_string(),
        );
    }
}

fn asked(findings: &mut Findings, house: &House, allowed: usize) {
    let asked = house.origin.asked();
    let mut repeated = 0;
    for (question, times) in &asked {
        // W2's first round fails, and a new round asks again.
        let due = if question == "RESOLVE W2" { 2 } else { 1 };
        repeated += times.saturating_sub(due);
    }
    if repeated > allowed {
        findings.0.push(format!(
            "the origin was asked {repeated} times again, {allowed} at most were due: {asked:?}"
        ));
    }
}

/// The names in a folder.
#[must_use]
pub fn list(folder: &Path) -> String {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.join(" ")
}

/// The hash of a file's bytes, or why there is none.
#[must_use]
pub fn hash(path: &Path) -> String {
    match fs::read(path) {
        Ok(bytes) => Sha256Hex::of(&bytes).to_string(),
        Err(error) => error.to_string(),
    }
}
