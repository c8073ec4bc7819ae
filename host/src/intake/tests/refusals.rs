//! Bad input: each an error of one line with place, cause and remedy, while
//! good lines still count.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{describe, open, open_as, summary};
use crate::intake::{Format, Input, InputError, open_input, read_works};

fn refusal(text: impl AsRef<[u8]>) -> InputError {
    match open(text) {
        Err(error) => error,
        Ok(mut works) => works.find_map(Result::err).expect("a refusal"),
    }
}

fn assert_one_line(error: &impl std::fmt::Display, parts: &[&str]) {
    let message = error.to_string();
    assert!(!message.contains(char::is_control), "{message:?}");
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

#[test]
fn an_input_without_any_work_is_refused() {
    for nothing in [
        "",
        "\n\n",
        "# only\n# comments\n",
        "\u{feff}",
        "doi,title\n",
        "doi,title\n\n,\n",
        "[]",
        "{\"results\":[]}",
    ] {
        assert_one_line(
            &refusal(nothing),
            &["works.txt: it names no works", "one id or URL a line"],
        );
    }
}

#[test]
fn other_kinds_of_file_are_named_with_what_to_do() {
    assert_one_line(
        &refusal(b"\xff\xfe1\x000\x00"),
        &["UTF-16", "save it as UTF-8"],
    );
    assert_one_line(&refusal(b"\x1f\x8b\x08\x00"), &["gzip", "gunzip"]);
    assert_one_line(&refusal(b"PK\x03\x04\x14"), &["Excel", "CSV"]);
    assert_one_line(&refusal("%PDF-1.7\n"), &["PDF", "list of works"]);
}

#[test]
fn a_json_document_over_several_lines_is_refused_with_the_conversion() {
    for document in [
        "{\n  \"doi\": \"10.1000/a\"\n}\n",
        "[\n{\"doi\":\"10.1000/a\"}\n]\n",
        "[\n  {\n    \"doi\": \"10.1000/a\"\n  }\n]",
        "{\"meta\": {\n\n  \"count\": 1},\n \"results\": []}",
    ] {
        assert_one_line(
            &refusal(document),
            &["one JSON document over many lines", "jq -c"],
        );
    }
}

#[test]
fn a_csv_without_a_known_column_is_refused_with_the_names_that_would_do() {
    for (name, format) in [("works.csv", None), ("x", Some(Format::Csv))] {
        let error = open_as(name, "Autor;Titel\nx;y\n", format).err().unwrap();
        assert_one_line(&error, &[name, ":1", "Autor, Titel", "doi", "pmid"]);
    }
    assert!(open_as("works.csv", "10.1000/a\n", None).is_ok());
    assert!(open_as("title-only.csv", "title\nx\n", None).is_err());
}

#[test]
fn bad_lines_are_named_and_good_ones_still_count() {
    let mut list =
        b"10.1000/a\nnot an id\n\xff\xfe\narXiv:1501.0001\nnul\0byte\n29456894\n".to_vec();
    list.extend(vec![b'x'; 2 * 1024 * 1024]);
    list.extend(b"\n");
    list.extend(vec![b'y'; 5000]);
    list.extend(b"\n10.1000/b");
    let found = summary(list);
    assert_eq!(found.len(), 9, "{found:?}");
    for (at, place, part) in [
        (1, "works.txt:2:", "titles cannot be looked up"),
        (2, "works.txt:3:", "not UTF-8"),
        (3, "works.txt:4:", "five digits"),
        (4, "works.txt:5:", "not an identifier paperfall knows"),
        (5, "works.txt:6:", "pmid:"),
        (6, "works.txt:7:", "longer than 1 MiB"),
        (7, "works.txt:8:", "longer than 2048 bytes"),
    ] {
        assert_one_line(&found[at], &[place, part, "; "]);
    }
    assert_eq!(
        (found[0].as_str(), found[8].as_str()),
        ("doi:10.1000/a", "doi:10.1000/b")
    );
}

#[test]
fn a_list_of_bad_lines_only_is_told_line_by_line() {
    let found = summary("\u{7f}\nhello\n");
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|line| line.starts_with("bad: works.txt:")));
    // Also when nothing readable shows the format.
    assert_eq!(summary(b"\xff\n").len(), 1);
}

#[test]
fn missing_files_folders_and_empty_files_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let error = open_input(&dir.path().join("none.txt")).err().unwrap();
    assert_one_line(
        &error,
        &["none.txt: there is no such file", "check the path"],
    );
    let error = open_input(dir.path()).err().unwrap();
    assert_one_line(&error, &["folder", "name the file"]);
    let empty = dir.path().join("empty.txt");
    std::fs::write(&empty, "").unwrap();
    let error = read_works(open_input(&empty).unwrap(), None).err().unwrap();
    assert_one_line(&error, &["empty.txt: it names no works"]);
    let error = open_input(Path::new("10.7717/peerj.4375")).err().unwrap();
    assert_one_line(
        &error,
        &["no such file", "paperfall fetch 10.7717/peerj.4375"],
    );
}

#[test]
fn a_file_is_read_from_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("works.csv");
    std::fs::write(&path, "doi\n10.1000/a\n").unwrap();
    let works = read_works(open_input(&path).unwrap(), None).unwrap();
    let found: Vec<_> = works.map(|item| describe(&item.unwrap())).collect();
    assert_eq!(found, ["doi:10.1000/a"]);
}

/// A disk that fails after its first bytes.
struct Failing(Option<&'static [u8]>);

impl Read for Failing {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.take() {
            Some(mut bytes) => bytes.read(buf),
            None => Err(io::Error::other("bad sector")),
        }
    }
}

#[test]
fn a_read_that_breaks_off_ends_the_list_with_its_place() {
    let input = Input::new(
        "disk",
        BufReader::new(Failing(Some(b"10.1000/a\n10.1000/b\n"))),
    );
    let mut works = read_works(input, None).unwrap();
    assert_eq!(describe(&works.next().unwrap().unwrap()), "doi:10.1000/a");
    assert_eq!(describe(&works.next().unwrap().unwrap()), "doi:10.1000/b");
    let error = works.next().unwrap().unwrap_err();
    assert_one_line(&error, &["disk:3", "bad sector", "run again"]);
    assert!(works.next().is_none());
}
