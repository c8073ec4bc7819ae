//! Kept answers: their files, and what may be done with what stands in them.

#[path = "../../../../../host/src/http/cache/entry.rs"]
mod entry;
#[path = "../../../../../host/src/http/cache/rules.rs"]
mod rules;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use entry::Entry;
use rules::{Asked, Use, age, judge, may_be_stale, merged, storable, validators};

/// The body of a kept answer, its entry held to what the cache relies on; none
/// when the file is no entry.
pub(crate) fn cached(file: Vec<u8>) -> Option<Bytes> {
    let entry = Entry::decode(file)?;
    assert!(is_whole(&entry));
    used(&entry);
    kept(&entry);
    Some(entry.body)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether an entry is read as it is written.
fn is_whole(entry: &Entry) -> bool {
    let file = entry.encode().expect("what was read is small enough");
    Entry::decode(file).as_ref() == Some(entry)
}

/// Uses an entry at some times, most of them odd.
fn used(entry: &Entry) {
    let asked = Asked::new(&entry.varied, "paperfall");
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let today = UNIX_EPOCH + year * 56;
    for now in [UNIX_EPOCH, today, today + year * 1000] {
        match judge(entry, &asked, now) {
            Use::Fresh | Use::Stale => {
                assert!(entry.time <= now + Duration::from_secs(60));
                age(entry, now);
            }
            Use::Other => {}
        }
    }
    may_be_stale(&entry.headers);
    assert!(validators(&entry.headers).len() <= 2);
    let updated = merged(&entry.headers, &entry.varied);
    // A 304 changes what it says, and takes nothing away but the age.
    let names = entry.headers.keys().filter(|name| *name != "age");
    assert!(names.into_iter().all(|name| updated.contains_key(name)));
}

/// Keeps what its server said anew.
fn kept(entry: &Entry) {
    let asked = Asked::new(&entry.varied, "paperfall");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for bears_secret in [false, true] {
        let Some(again) = storable(&asked, entry.status, &entry.headers, bears_secret, now) else {
            continue;
        };
        assert!(!again.headers.contains_key("set-cookie"));
        assert!(is_whole(&again));
        assert_ne!(judge(&again, &asked, now), Use::Other);
    }
}
