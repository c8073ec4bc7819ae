#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use reqwest::header::HeaderMap;

use super::*;

const KIB: u64 = 1024;

fn entry(size: usize) -> Entry {
    Entry {
        time: SystemTime::UNIX_EPOCH,
        status: 200,
        headers: HeaderMap::new(),
        varied: HeaderMap::new(),
        body: Bytes::from(vec![b'x'; size]),
    }
}

fn key(n: u8) -> String {
    format!("{n:02x}{}", "0".repeat(62))
}

fn stored(folder: &Folder) -> u64 {
    folder.held().iter().map(|file| file.bytes).sum()
}

#[test]
fn two_folders_at_one_place_share_their_entries() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("http");
    let (one, two) = (
        Folder::new(path.clone(), 1024 * KIB),
        Folder::new(path, 1024 * KIB),
    );
    assert!(two.read(&key(1)).is_none());
    one.write(&key(1), &entry(10));
    assert_eq!(two.read(&key(1)), Some(entry(10)));
    two.forget(&key(1));
    assert!(one.read(&key(1)).is_none());
}

#[test]
fn what_was_used_longest_ago_goes_first_and_the_size_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().join("http"), 100 * KIB);
    let mut biggest = 0;
    for n in 0..40 {
        folder.write(&key(n), &entry(8 * 1024));
        let old = SystemTime::now() - Duration::from_secs(1000 - u64::from(n));
        let file = File::options().write(true).open(folder.place(&key(n)));
        if let Ok(file) = file {
            file.set_modified(old).unwrap();
        }
        // The first one stays in use.
        assert!(folder.read(&key(0)).is_some(), "{n}");
        biggest = biggest.max(stored(&folder));
    }
    assert!(biggest <= 100 * KIB, "{biggest}");
    assert!(folder.read(&key(39)).is_some());
    assert!(folder.read(&key(1)).is_none());
}

#[test]
fn a_damaged_entry_is_set_aside_and_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().join("http"), 1024 * KIB);
    folder.write(&key(1), &entry(10));
    fs::write(folder.place(&key(1)), b"garbage").unwrap();
    assert!(folder.read(&key(1)).is_none());
    let aside = folder.path.join(DAMAGED).join(key(1));
    assert_eq!(fs::read(aside).unwrap(), b"garbage");
    folder.write(&key(1), &entry(10));
    assert_eq!(folder.read(&key(1)), Some(entry(10)));
}

#[test]
fn a_folder_in_an_entrys_place_is_set_aside_too() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new(dir.path().join("http"), 1024 * KIB);
    folder.write(&key(1), &entry(10));
    fs::remove_file(folder.place(&key(1))).unwrap();
    fs::create_dir(folder.place(&key(1))).unwrap();
    assert!(folder.read(&key(1)).is_none());
    folder.write(&key(1), &entry(10));
    assert_eq!(folder.read(&key(1)), Some(entry(10)));
}

#[test]
fn what_is_not_the_caches_is_set_aside_whole_and_nothing_of_it_lost() {
    let spoil: [fn(&Path); 3] = [
        |path| fs::write(path, b"a file").unwrap(),
        |path| {
            fs::create_dir(path).unwrap();
            fs::write(path.join("thesis.txt"), b"a file").unwrap();
        },
        |path| {
            fs::create_dir(path).unwrap();
            fs::write(path.join(MARKER), b"a file").unwrap();
        },
    ];
    for spoil in spoil {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("http");
        spoil(&path);
        let folder = Folder::new(path, 1024 * KIB);
        assert!(folder.read(&key(1)).is_none());
        folder.write(&key(1), &entry(10));
        assert_eq!(folder.read(&key(1)), Some(entry(10)));
        let aside = dir.path().join("http.damaged-1");
        let kept = if aside.is_dir() {
            fs::read_dir(&aside)
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path()
        } else {
            aside
        };
        assert_eq!(fs::read(kept).unwrap(), b"a file");
    }
}

#[test]
fn a_folder_that_cannot_be_made_costs_nothing_but_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("a-file");
    fs::write(&blocked, b"").unwrap();
    let folder = Folder::new(blocked.join("http"), 1024 * KIB);
    folder.write(&key(1), &entry(10));
    assert!(folder.read(&key(1)).is_none());
}
