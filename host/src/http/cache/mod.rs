//! Answers to metadata requests, kept on disk by RFC 9111.
//!
//! What it promises: an answer is served without asking only while its sender
//! said it stays fresh (nothing is guessed from `Last-Modified`); an answer
//! that went stale is confirmed with the validators its sender gave; nothing
//! that a secret unlocked is kept unless the answer is marked `public`; no URL,
//! key or secret stands in the folder in clear. The folder stays below its
//! size, and several processes may share it. Damage costs an entry, or the
//! folder's contents, never a run.
//!
//! `rules` judges (with `http-cache-semantics`), `entry` is the file format,
//! `folder` the disk, `keeping` collects a body while its reader reads it.

mod entry;
mod folder;
mod keeping;
mod rules;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use reqwest::header::{AGE, HeaderMap};
use sha2::{Digest, Sha256};

use super::exchange::Outgoing;
use super::politeness::Slot;
use super::request::{Method, Role};
use super::wire::{Incoming, WireBody};
use entry::Entry;
use folder::Folder;
pub(super) use keeping::Keeping;
use rules::Asked;

/// What the folder may hold unless the operator says otherwise.
pub const CACHE_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Where answers are kept, and how many bytes of them.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    /// The folder; made when the first answer is kept. It must be the
    /// cache's own: what stands there and is not the cache's is set aside.
    pub folder: PathBuf,
    /// Bytes at most, not zero.
    pub max_bytes: u64,
}

/// The cache of one HTTP stack.
pub(super) struct Cache {
    folder: Arc<Folder>,
    user_agent: String,
}

/// What there is for a request.
pub(super) enum Found {
    Nothing,
    /// May be used as it is.
    Fresh(Kept),
    /// May be used once its sender confirms it.
    Stale(Kept),
}

/// An answer out of the folder.
pub(super) struct Kept {
    entry: Entry,
    now: SystemTime,
}

/// A request the cache may answer, and where its answer would be kept.
pub(super) struct Question {
    key: String,
    asked: Asked,
    bears_secret: bool,
}

impl Cache {
    pub(super) fn new(config: &CacheConfig, user_agent: &str) -> Self {
        Self {
            folder: Arc::new(Folder::new(config.folder.clone(), config.max_bytes)),
            user_agent: user_agent.to_owned(),
        }
    }

    /// The question `hop` puts to the cache; none where the cache has no say:
    /// pages and files, ranges, conditions of the requester's own, and
    /// requests with the cookies of their work.
    pub(super) fn question(&self, hop: &Outgoing<'_>) -> Option<Question> {
        const NOT_WITH: [&str; 5] = [
            "cookie",
            "range",
            "if-none-match",
            "if-modified-since",
            "if-range",
        ];
        let has_say = hop.role == Role::Metadata
            && hop.method == Method::Get
            && !NOT_WITH.iter().any(|name| hop.headers.contains_key(*name));
        has_say.then(|| Question {
            key: key(hop),
            asked: Asked::new(&hop.headers, &self.user_agent),
            bears_secret: hop.bears_secret,
        })
    }

    /// Looks `question` up.
    pub(super) async fn find(&self, question: &Question) -> Found {
        // Most questions are new, and the way to another thread and back costs
        // more than all else here.
        if self.folder.lacks(&question.key) {
            return Found::Nothing;
        }
        let (folder, key) = (Arc::clone(&self.folder), question.key.clone());
        let read = tokio::task::spawn_blocking(move || folder.read(&key)).await;
        let Ok(Some(entry)) = read else {
            return Found::Nothing;
        };
        let now = SystemTime::now();
        let verdict = rules::judge(&entry, &question.asked, now);
        let kept = Kept { entry, now };
        match verdict {
            rules::Use::Fresh => Found::Fresh(kept),
            rules::Use::Stale => Found::Stale(kept),
            rules::Use::Other => Found::Nothing,
        }
    }

    /// `incoming`, kept while its body is read, if it may be.
    pub(super) fn keep(&self, question: &Question, mut incoming: Incoming) -> Incoming {
        let room = self.folder.entry_max_bytes();
        let announced = incoming.body.content_length().unwrap_or_default();
        if announced > room {
            return incoming;
        }
        let entry = rules::storable(
            &question.asked,
            incoming.status,
            &incoming.headers,
            question.bears_secret,
            SystemTime::now(),
        );
        if let Some(entry) = entry {
            let folder = Arc::clone(&self.folder);
            let keeping = Keeping::new(folder, question.key.clone(), entry, room);
            incoming.body.keep(keeping);
        }
        incoming
    }

    /// `kept`, confirmed by a 304 with these headers: brought up to date, in
    /// the folder too.
    pub(super) async fn confirmed(
        &self,
        question: &Question,
        kept: Kept,
        said: &HeaderMap,
    ) -> Incoming {
        let now = SystemTime::now();
        let headers = rules::merged(&kept.entry.headers, said);
        let status = kept.entry.status;
        let asked = &question.asked;
        let fresher = rules::storable(asked, status, &headers, question.bears_secret, now);
        let body = kept.entry.body;
        let (folder, key) = (Arc::clone(&self.folder), question.key.clone());
        let again = fresher.map(|entry| Entry {
            body: body.clone(),
            ..entry
        });
        let write = move || match again {
            Some(entry) => folder.write(&key, &entry),
            // What may no longer be kept is not.
            None => folder.forget(&key),
        };
        // Whatever becomes of the folder, the answer is good.
        tokio::task::spawn_blocking(write).await.ok();
        Incoming {
            status,
            headers,
            address: None,
            body: WireBody::stored(body),
            slot: Slot::default(),
        }
    }

    /// Takes an answer out of the folder.
    pub(super) async fn forget(&self, question: &Question) {
        let (folder, key) = (Arc::clone(&self.folder), question.key.clone());
        let gone = tokio::task::spawn_blocking(move || folder.forget(&key)).await;
        gone.ok();
    }
}

impl Kept {
    /// The headers that ask its sender whether it still holds.
    pub(super) fn validators(&self) -> HeaderMap {
        rules::validators(&self.entry.headers)
    }

    /// Whether it may be used unconfirmed when its sender cannot be asked.
    pub(super) fn may_be_stale(&self) -> bool {
        rules::may_be_stale(&self.entry.headers)
    }

    /// The answer as it is, with its age.
    pub(super) fn into_incoming(self) -> Incoming {
        let age = rules::age(&self.entry, self.now);
        let mut headers = self.entry.headers;
        headers.insert(AGE, age.into());
        Incoming {
            status: self.entry.status,
            headers,
            address: None,
            body: WireBody::stored(self.entry.body),
            slot: Slot::default(),
        }
    }
}

/// The name of the entry for `hop`: a digest, because the URL may hold a
/// secret. What adapters may vary is part of it, so that they do not keep
/// replacing each other's answers.
fn key(hop: &Outgoing<'_>) -> String {
    let mut digest = Sha256::new();
    digest.update(hop.url.as_str());
    for name in ["accept", "accept-language", "accept-encoding"] {
        digest.update([0]);
        for value in hop.headers.get_all(name) {
            digest.update(value.as_bytes());
            digest.update([1]);
        }
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    let pairs = bytes
        .iter()
        .map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let mut hex = String::with_capacity(bytes.len() * 2);
    hex.extend(pairs.flatten());
    hex
}
