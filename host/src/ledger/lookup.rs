//! Finding one job among millions: by its id or the beginning of one, by its
//! key (both in an index), and by the names of its work (by reading them all).

use rusqlite::{ToSql, params};
use serde_json::json;

use super::error::LedgerError;
use super::keys::JobKey;
use super::reader::LedgerReader;
use super::record::{JobRecord, job};

/// The most jobs a search gives: with more, it was no search for one.
pub const MOST_FOUND: u32 = 20;
/// The shortest beginning of an id that is looked for, in hexadecimal digits.
pub const SHORTEST_PREFIX: usize = 4;
/// Beginnings this long are ids and nothing else; shorter ones (`4375`) may as
/// well be somebody's work ids.
const SURELY_AN_ID: usize = 9;
/// Digits that ids of our own share with their keys: the next is the version.
const KEY_DIGITS: usize = 12;
const ID_DIGITS: usize = 32;

/// The beginning of a job id.
struct Prefix {
    /// Lower-case hexadecimal digits, without hyphens.
    digits: Vec<u8>,
}

impl Prefix {
    fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| *byte != b'-')
            .map(|byte| byte.to_ascii_lowercase())
            .collect();
        let hex = digits.iter().all(u8::is_ascii_hexdigit);
        (hex && (SHORTEST_PREFIX..=ID_DIGITS).contains(&digits.len())).then_some(Self { digits })
    }

    fn text(&self) -> String {
        self.digits.iter().copied().map(char::from).collect()
    }

    /// As ids are written.
    fn hyphenated(&self) -> String {
        let mut text = String::new();
        for (place, digit) in self.digits.iter().enumerate() {
            if matches!(place, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(char::from(*digit));
        }
        text
    }

    /// The keys an id that begins like this can be made of.
    fn key_range(&self) -> ([u8; 32], [u8; 32]) {
        let (mut low, mut high) = ([0_u8; 32], [0xff_u8; 32]);
        for (place, digit) in self.digits.iter().take(KEY_DIGITS).enumerate() {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                _ => digit.saturating_sub(b'a').saturating_add(10),
            };
            if let (Some(low), Some(high)) = (low.get_mut(place / 2), high.get_mut(place / 2)) {
                let (shift, rest) = if place % 2 == 0 { (4, 0x0f) } else { (0, 0) };
                *low |= value << shift;
                *high = (*low & (0xf0 | (0x0f << shift))) | rest;
            }
        }
        (low, high)
    }
}

impl LedgerReader {
    /// The jobs this may mean: an id, the beginning of one, or exactly a work id,
    /// an artifact id or a canonical URL. At most [`MOST_FOUND`] and one.
    ///
    /// # Errors
    /// What reading says.
    pub fn find(&self, needle: &str) -> Result<Vec<JobRecord>, LedgerError> {
        let needle = needle.trim();
        let by_id = self.by_id(needle)?;
        if needle.len() >= SURELY_AN_ID && !by_id.is_empty() {
            return Ok(by_id);
        }
        let named = self.named(&[needle])?;
        Ok(if named.is_empty() { by_id } else { named })
    }

    /// The jobs whose ids begin like this, by an index.
    ///
    /// # Errors
    /// What reading says.
    pub fn by_id(&self, prefix: &str) -> Result<Vec<JobRecord>, LedgerError> {
        let Some(prefix) = Prefix::parse(prefix) else {
            return Ok(Vec::new());
        };
        let from = prefix.hyphenated();
        // Behind every id that begins like it: `g` follows all digits and the hyphen.
        let to = format!("{from}g");
        if !self.ours {
            return self.some("job_id >= ?1 AND job_id < ?2", params![from, to]);
        }
        let (low, high) = prefix.key_range();
        let digits = prefix.text();
        self.some(BY_ID, params![low, high, from, to, digits.len(), digits])
    }

    /// The job with this key, by an index.
    ///
    /// # Errors
    /// What reading says.
    pub fn by_key(&self, key: &JobKey) -> Result<Option<JobRecord>, LedgerError> {
        let found = if self.ours {
            self.some(BY_KEY, params![key.as_bytes()])
        } else {
            self.some("idempotency_key = ?1", params![key.to_string()])
        };
        Ok(found?.pop())
    }

    /// The jobs that have one of these names as work id, artifact id or canonical
    /// URL, or as an id of the kind that only DocsToKG's jobs can have. It reads
    /// all jobs: no index is kept of what is seldom asked.
    ///
    /// # Errors
    /// What reading says.
    pub fn named(&self, names: &[&str]) -> Result<Vec<JobRecord>, LedgerError> {
        let by_foreign_id = if self.ours {
            "job_no IN (SELECT id FROM ledger_jobs WHERE foreign_id IN (SELECT value FROM json_each(?1)))"
        } else {
            "job_id IN (SELECT value FROM json_each(?1))"
        };
        let which = format!("{NAMED} OR {by_foreign_id}");
        self.some(&which, params![json!(names).to_string()])
    }

    fn some(&self, which: &str, params: &[&dyn ToSql]) -> Result<Vec<JobRecord>, LedgerError> {
        let read = || {
            self.db
                .prepare_cached(&self.some_sql(which))?
                .query_map(params, job)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.failed(&error))
    }

    fn some_sql(&self, which: &str) -> String {
        let (columns, number) = (self.job_columns(), self.number());
        format!(
            "SELECT {columns} FROM artifact_jobs WHERE {which} ORDER BY {number} LIMIT {MOST_FOUND} + 1"
        )
    }
}

const BY_ID: &str =
    "job_no IN (SELECT id FROM ledger_jobs WHERE key BETWEEN ?1 AND ?2 AND foreign_id IS NULL
      UNION ALL SELECT id FROM ledger_jobs WHERE foreign_id >= ?3 AND foreign_id < ?4)
    AND substr(replace(job_id, '-', ''), 1, ?5) = ?6";
const BY_KEY: &str = "job_no = (SELECT id FROM ledger_jobs WHERE key = ?1)";
const NAMED: &str = "work_id IN (SELECT value FROM json_each(?1)) OR artifact_id IN (SELECT value FROM json_each(?1))
    OR canonical_url IN (SELECT value FROM json_each(?1))";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ledger::keys::JobId;
    use crate::ledger::schema;

    #[test]
    fn every_beginning_of_an_id_has_its_key_in_range_and_its_neighbours_not() {
        for n in 0..200 {
            let key = JobKey::new(&format!("W{n}"), "a", "u");
            let id = JobId::from_key(&key).to_string();
            for length in SHORTEST_PREFIX..=id.len() {
                let Some(prefix) = id.get(..length).and_then(Prefix::parse) else {
                    continue;
                };
                let (low, high) = prefix.key_range();
                assert!(
                    low <= *key.as_bytes() && *key.as_bytes() <= high,
                    "{id} {length}"
                );
                assert!(id.starts_with(&prefix.hyphenated()), "{id} {length}");
                // As many leading bits are fixed as digits were given.
                let fixed: u32 = low
                    .iter()
                    .zip(&high)
                    .map(|(low, high)| (low ^ high).leading_zeros())
                    .sum();
                let digits = prefix.digits.len().min(KEY_DIGITS);
                assert_eq!(usize::try_from(fixed).unwrap(), 4 * digits, "{id} {length}");
            }
        }
        for bad in ["17e", "17ed6c55x", "", &"a".repeat(33)] {
            assert!(Prefix::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ids_and_keys_are_looked_up_in_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("manifest.sqlite3");
        schema::create(&rusqlite::Connection::open(&path).unwrap()).unwrap();
        let reader = LedgerReader::open(&path).unwrap();
        for which in [BY_ID, BY_KEY] {
            let mut plan = reader
                .db
                .prepare(&format!("EXPLAIN QUERY PLAN {}", reader.some_sql(which)))
                .unwrap();
            let values = vec![rusqlite::types::Null; plan.parameter_count()];
            let steps: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(values), |row| row.get(3))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert!(
                !steps.iter().any(|step| step.starts_with("SCAN")),
                "{steps:?}"
            );
        }
    }
}
