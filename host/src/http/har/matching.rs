//! Which recorded exchange answers a request: method, URL and `Range` decide;
//! several of one kind are used in their order, those of the same work first.

use std::collections::HashMap;

use super::model::Recording;
use super::redact::Redactor;

/// What decides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) method: String,
    /// Redacted.
    pub(super) url: String,
    pub(super) range: Option<String>,
}

impl Key {
    pub(super) fn new(method: &str, url: String, range: Option<&str>) -> Self {
        Self {
            method: method.to_ascii_uppercase(),
            url,
            range: range.map(|range| range.trim().to_ascii_lowercase()),
        }
    }
}

/// The exchanges of a recording, and which of them have been used.
pub(super) struct Matching {
    /// Indices into the recording, in the order they began.
    by_key: HashMap<Key, Vec<usize>>,
    keys: Vec<Key>,
    used: Vec<bool>,
}

impl Matching {
    pub(super) fn new(recording: &Recording, redactor: &Redactor) -> Self {
        let keys: Vec<Key> = recording
            .exchanges
            .iter()
            .map(|recorded| {
                let url = redactor.url(&recorded.url);
                Key::new(&recorded.method, url, recorded.range.as_deref())
            })
            .collect();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|index| recording.exchanges.get(*index).map(|r| r.place.start));
        let mut by_key: HashMap<Key, Vec<usize>> = HashMap::new();
        for index in order {
            if let Some(key) = keys.get(index) {
                by_key.entry(key.clone()).or_default().push(index);
            }
        }
        Self {
            by_key,
            used: vec![false; keys.len()],
            keys,
        }
    }

    /// The next unused exchange for `key`, which is used then. A 304 answers
    /// only a request with a condition.
    pub(super) fn take(
        &mut self,
        recording: &Recording,
        key: &Key,
        work: &str,
        conditional: bool,
    ) -> Option<usize> {
        let candidates = self.by_key.get(key)?;
        let fits = |index: &&usize| self.fits(recording, **index, conditional);
        let of_work = |index: &&usize| {
            let recorded = recording.exchanges.get(**index);
            recorded.is_some_and(|recorded| recorded.place.work == work)
        };
        let same = candidates.iter().filter(fits).find(of_work);
        let index = *same.or_else(|| candidates.iter().find(fits))?;
        if let Some(used) = self.used.get_mut(index) {
            *used = true;
        }
        Some(index)
    }

    /// Whether there is an unused exchange for `key`.
    pub(super) fn has(&self, recording: &Recording, key: &Key, conditional: bool) -> bool {
        let mut candidates = self.by_key.get(key).into_iter().flatten();
        candidates.any(|index| self.fits(recording, *index, conditional))
    }

    fn fits(&self, recording: &Recording, index: usize, conditional: bool) -> bool {
        let recorded = recording.exchanges.get(index);
        let status = recorded.and_then(|recorded| Some(recorded.answer.as_ref()?.status));
        self.used.get(index) == Some(&false) && (conditional || status != Some(304))
    }

    /// How many exchanges there are for `key`, used or not.
    pub(super) fn count(&self, key: &Key) -> usize {
        self.by_key.get(key).map_or(0, Vec::len)
    }

    /// Every key, in the order of the recording.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }
}
