//! The file: whole lines, bounded size, several writers, and trouble.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::samples;
use crate::telemetry::jsonl_file::JsonlFile;
use crate::telemetry::{JsonlOptions, Telemetry, TelemetryError, TelemetryOptions};

fn folder() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("events.jsonl");
    (dir, path)
}

fn to_file(path: &Path) -> Result<Telemetry, TelemetryError> {
    Telemetry::new(TelemetryOptions {
        jsonl: Some(JsonlOptions::new(path)),
        ..TelemetryOptions::default()
    })
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    PathBuf::from(format!("{}.{number}", path.display()))
}

#[test]
fn a_second_run_appends_to_the_first_ones_file() {
    let (_dir, path) = folder();
    for _ in 0..2 {
        let telemetry = to_file(&path).unwrap();
        telemetry.emit(samples::planned("a"));
        assert!(telemetry.finish().complete());
    }
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert_eq!(text.matches("\"seq\":1,").count(), 2);
}

#[test]
fn several_writers_lose_no_line_and_tear_none_while_the_file_is_moved_aside() {
    let (_dir, path) = folder();
    const WRITERS: u32 = 4;
    const LINES: u32 = 300;
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = &path;
            scope.spawn(move || {
                let mut file = JsonlFile::open(path, 4096, 100).unwrap();
                for number in 0..LINES {
                    let line = format!("{writer} {number} {}\n", "x".repeat(100));
                    let appended = file.append(line.as_bytes()).unwrap();
                    assert!(appended.unrotated.is_none());
                }
            });
        }
    });
    let mut seen = Vec::new();
    let mut files = vec![path.clone()];
    files.extend((1..=100).map(|n| numbered(&path, n)).filter(|p| p.exists()));
    assert!(files.len() > 20, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.len() <= 2 * 4096, "{} bytes", text.len());
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!((words.len(), words[2].len()), (3, 100), "{line}");
            seen.push((words[0].parse().unwrap(), words[1].parse().unwrap()));
        }
    }
    seen.sort_unstable();
    let expected: Vec<(u32, u32)> = (0..WRITERS)
        .flat_map(|writer| (0..LINES).map(move |number| (writer, number)))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn only_as_many_old_files_are_kept_as_were_asked_for() {
    let (dir, path) = folder();
    let mut file = JsonlFile::open(&path, 10, 2).unwrap();
    for number in 0..6 {
        file.append(format!("line {number}\n").as_bytes()).unwrap();
    }
    let read = |path: PathBuf| fs::read_to_string(path).unwrap();
    assert_eq!(read(path.clone()), "line 5\n");
    assert_eq!(read(numbered(&path, 1)), "line 4\n");
    assert_eq!(read(numbered(&path, 2)), "line 3\n");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
}

#[test]
fn a_line_longer_than_the_limit_is_written_whole_into_a_file_of_its_own() {
    let (_dir, path) = folder();
    let mut file = JsonlFile::open(&path, 10, 2).unwrap();
    let long = format!("{}\n", "x".repeat(50));
    file.append(b"short\n").unwrap();
    file.append(long.as_bytes()).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), long);
    assert_eq!(fs::read_to_string(numbered(&path, 1)).unwrap(), "short\n");
}

#[test]
fn a_line_cut_off_by_a_killed_process_does_not_spoil_the_next() {
    let (_dir, path) = folder();
    let mut file = JsonlFile::open(&path, 1000, 2).unwrap();
    file.append(b"{\"a\":1}\n").unwrap();
    let mut killed = OpenOptions::new().append(true).open(&path).unwrap();
    killed.write_all(b"{\"b\":").unwrap();
    file.append(b"{\"c\":1}\n").unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"a\":1}\n{\"b\":\n{\"c\":1}\n"
    );
}

#[cfg(unix)]
#[test]
fn a_file_moved_or_removed_by_somebody_else_is_made_anew() {
    let (dir, path) = folder();
    let mut file = JsonlFile::open(&path, 1000, 2).unwrap();
    file.append(b"first\n").unwrap();
    let moved = dir.path().join("moved");
    fs::rename(&path, &moved).unwrap();
    file.append(b"second\n").unwrap();
    fs::remove_file(&path).unwrap();
    file.append(b"third\n").unwrap();
    assert_eq!(fs::read_to_string(&moved).unwrap(), "first\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), "third\n");
}

#[test]
fn a_file_that_cannot_be_moved_aside_goes_on_growing_and_says_so() {
    let (_dir, path) = folder();
    let mut file = JsonlFile::open(&path, 10, 1).unwrap();
    // In the way: a folder that is not empty.
    fs::create_dir_all(numbered(&path, 1).join("full")).unwrap();
    assert!(file.append(b"0123456789\n").unwrap().unrotated.is_none());
    assert!(file.append(b"abc\n").unwrap().unrotated.is_some());
    assert_eq!(fs::read_to_string(&path).unwrap(), "0123456789\nabc\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_events_counts_them_and_stops_nothing() {
    let telemetry = to_file(Path::new("/dev/full")).unwrap();
    for _ in 0..3 {
        telemetry.emit(samples::planned("a"));
    }
    let closing = telemetry.finish();
    assert_eq!((closing.lost, closing.dropped, closing.hung), (3, 0, false));
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_never_moved_aside() {
    let mut file = JsonlFile::open(Path::new("/dev/null"), 1, 1).unwrap();
    for _ in 0..3 {
        assert!(file.append(b"a line\n").unwrap().unrotated.is_none());
    }
}

#[test]
fn what_cannot_be_appended_to_is_refused_with_its_name_and_a_remedy() {
    let (dir, _) = folder();
    let refusal = |path: &Path| to_file(path).map(|_| ()).unwrap_err().to_string();
    let said = refusal(dir.path());
    assert!(said.contains("it is a folder; name a file"), "{said}");
    let missing = dir.path().join("no/such/folder.jsonl");
    let said = refusal(&missing);
    assert!(said.contains(&*missing.to_string_lossy()), "{said}");
    assert!(said.contains("a folder you may write to"), "{said}");
    let behind_a_file = dir.path().join("file");
    fs::write(&behind_a_file, "").unwrap();
    assert!(refusal(&behind_a_file.join("x")).contains("name a file"));
    assert!(refusal(Path::new("")).contains("cannot write telemetry"));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_instead_of_waited_for() {
    let (dir, _) = folder();
    let pipe = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let said = to_file(&pipe).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("it is a pipe"), "{said}");
}
