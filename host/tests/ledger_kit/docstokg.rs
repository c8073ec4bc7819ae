//! A ledger as DocsToKG leaves it: one job in each state, an effect whose result
//! it cut, an effect of a job that is gone, and a table of another of its parts.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::path::Path;

use paperfall::ledger::{JobState, NewJob};
use rusqlite::Connection;

/// The tables as DocsToKG's schema 3 has them, with tables of its other parts.
pub fn docstokg(path: &Path) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA user_version = 4711;
         CREATE TABLE _meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
         INSERT INTO _meta VALUES('schema_version', '3'), ('other', 'kept');
         CREATE TABLE manifests(id INTEGER PRIMARY KEY, note TEXT); INSERT INTO manifests(note) VALUES('not ours');
         CREATE TABLE artifact_jobs(job_id TEXT PRIMARY KEY, work_id TEXT NOT NULL, artifact_id TEXT NOT NULL,
           canonical_url TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'PLANNED', lease_owner TEXT, lease_until REAL,
           created_at REAL NOT NULL, updated_at REAL NOT NULL, idempotency_key TEXT NOT NULL,
           UNIQUE(work_id, artifact_id, canonical_url), UNIQUE(idempotency_key));
         CREATE INDEX idx_artifact_jobs_state ON artifact_jobs(state);
         CREATE TABLE artifact_ops(op_key TEXT PRIMARY KEY, job_id TEXT NOT NULL, op_type TEXT NOT NULL,
           started_at REAL NOT NULL, finished_at REAL, result_code TEXT, result_json TEXT,
           FOREIGN KEY(job_id) REFERENCES artifact_jobs(job_id) ON DELETE CASCADE);
         CREATE INDEX idx_artifact_ops_job ON artifact_ops(job_id);",
    )
    .unwrap();
    for (n, state) in JobState::ALL.into_iter().enumerate() {
        let job = NewJob {
            work_id: format!("W{n}"),
            artifact_id: format!("W{n}:pdf"),
            canonical_url: format!("https://doi.org/10.1/{n}"),
            payload: None,
        };
        let owner = (state == JobState::Streaming).then_some("worker-1");
        db.execute(
            "INSERT INTO artifact_jobs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 1700000000.25, 1700000100.5, ?8)",
            rusqlite::params![
                format!("0000000{n}-1111-4222-8333-444444444444"), job.work_id, job.artifact_id, job.canonical_url,
                state.as_str(), owner, owner.map(|_| 1_700_000_200.0), job.key().to_string()
            ],
        )
        .unwrap();
    }
    db.execute_batch(
        "INSERT INTO artifact_ops VALUES('k1', '00000004-1111-4222-8333-444444444444', 'HEAD', 1700000001.0, 1700000002.0, 'OK', '{\"cut\": \"of');
         PRAGMA foreign_keys = OFF;
         INSERT INTO artifact_ops VALUES('k2', 'nobody', 'STREAM', 1700000001.0, NULL, 'ABANDONED', NULL);",
    )
    .unwrap();
}
