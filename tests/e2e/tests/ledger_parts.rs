//! Part files and marks that are not as a killed run left them: of the bytes on
//! the disk only those are kept that are as they were marked, and marks that
//! make no sense cost nothing but a whole download.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;
use std::path::Path;

use paperfall_e2e::{HalfWay, MIB, sha256};
use paperfall_miniweb::Answer;
use serde_json::json;

/// Two marks, and half a mebibyte after the second.
const KEPT: u64 = 2 * MIB + MIB / 2;

async fn half() -> HalfWay {
    HalfWay::of_good_origin(KEPT).await
}

/// Changes the files that were left, runs again and tells what was asked for.
async fn asked_after(change: impl FnOnce(&Path, &Path)) -> Vec<String> {
    let half = half().await;
    let (part, marks) = half.left();
    change(&part, &marks);
    asked(&half).await
}

async fn asked(half: &HalfWay) -> Vec<String> {
    let (_, downloads) = half.run_again().await;
    let ranges = HalfWay::ranges(&downloads);
    ranges.into_iter().map(str::to_owned).collect()
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

/// The marks, line by line: the first is about the file.
fn lines(marks: &Path) -> Vec<String> {
    let text = fs::read_to_string(marks).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untouched_files_are_kept_to_the_last_mark() {
    let asked = asked_after(|part, marks| {
        assert_eq!(part.metadata().unwrap().len(), KEPT);
        assert_eq!(lines(marks).len(), 3);
    })
    .await;
    assert_eq!(asked, ["bytes=2097152-"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_bytes_are_kept_up_to_the_mark_before_the_damage() {
    for (place, expected) in [
        (MIB + 7, "bytes=1048576-"),
        (2 * MIB - 1, "bytes=1048576-"),
        (0, "-"),
        (MIB - 1, "-"),
        // Behind the last mark it was not counted on.
        (2 * MIB + 7, "bytes=2097152-"),
    ] {
        let asked = asked_after(|part, _| {
            let mut bytes = fs::read(part).unwrap();
            bytes[at(place)] ^= 1;
            fs::write(part, bytes).unwrap();
        })
        .await;
        assert_eq!(asked, [expected], "damaged at {place}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_shortened_part_what_is_left_and_marked_is_kept() {
    for (length, expected) in [
        (2 * MIB, "bytes=2097152-"),
        (2 * MIB - 1, "bytes=1048576-"),
        (5, "-"),
        (0, "-"),
    ] {
        let asked = asked_after(|part, _| {
            let file = fs::File::options().write(true).open(part).unwrap();
            file.set_len(length).unwrap();
        })
        .await;
        assert_eq!(asked, [expected], "shortened to {length}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_part_that_is_whole_only_the_last_mebibyte_is_asked_for() {
    let whole = HalfWay::pdf().bytes().to_vec();
    // A stream without a length leaves only HEAD to tell it.
    for announced in [true, false] {
        let asked = asked_after(|part, marks| {
            fs::write(part, &whole).unwrap();
            let mut lines = lines(marks);
            lines.push(json!({"at": 3 * MIB, "sha256": sha256(&whole)}).to_string());
            let mut first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
            assert_eq!(first["length"], 3 * MIB);
            if !announced {
                first["length"] = serde_json::Value::Null;
            }
            lines[0] = first.to_string();
            fs::write(marks, lines.join("\n")).unwrap();
        })
        .await;
        assert_eq!(asked, ["bytes=2097152-"], "announced: {announced}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_or_its_marks_alone_are_nothing_to_go_on_with() {
    let asked = asked_after(|part, _| fs::remove_file(part).unwrap()).await;
    assert_eq!(asked, ["-"]);
    let asked = asked_after(|_, marks| fs::remove_file(marks).unwrap()).await;
    assert_eq!(asked, ["-"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_count_as_far_as_they_can_be_read_and_believed() {
    type Change = fn(&mut Vec<String>);
    let cases: [(&str, Change, &str); 8] = [
        (
            "cut in the last line",
            |l| l[2].truncate(40),
            "bytes=1048576-",
        ),
        ("a place left out", |l| drop(l.remove(1)), "-"),
        ("in the wrong order", |l| l.swap(1, 2), "-"),
        (
            "a place twice",
            |l| l.insert(2, l[1].clone()),
            "bytes=1048576-",
        ),
        (
            "another hash",
            |l| l[2] = l[2].replace('a', "b").replace('0', "1"),
            "bytes=1048576-",
        ),
        (
            "a place out of reach",
            |l| l.push(json!({"at": u64::MAX, "sha256": "0".repeat(64)}).to_string()),
            "bytes=2097152-",
        ),
        (
            "more marks than bytes",
            |l| l.push(json!({"at": 3 * MIB, "sha256": "0".repeat(64)}).to_string()),
            "bytes=2097152-",
        ),
        (
            "negative",
            |l| l[1] = "{\"at\":-1048576,\"sha256\":\"\"}".to_owned(),
            "-",
        ),
    ];
    for (name, change, expected) in cases {
        let asked = asked_after(|_, marks| {
            let mut lines = lines(marks);
            change(&mut lines);
            fs::write(marks, lines.join("\n")).unwrap();
        })
        .await;
        assert_eq!(asked, [expected], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_that_are_none_cost_a_whole_download_and_no_more() {
    let binary: Vec<u8> = (0..=255_u8).cycle().take(9_000).collect();
    let deep = "[".repeat(200_000).into_bytes();
    let huge = {
        let mut text = b"{\"url\":\"".to_vec();
        text.resize(8 * 1024 * 1024, b'x');
        text
    };
    for content in [Vec::new(), binary, deep, huge, b"null\n".to_vec()] {
        let asked = asked_after(|_, marks| fs::write(marks, &content).unwrap()).await;
        assert_eq!(asked, ["-"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_of_another_url_or_version_are_not_used() {
    for (field, value) in [
        ("url", "https://papers.example/other.pdf"),
        ("etag", "\"another\""),
        ("last_modified", "Wed, 03 Mar 2021 10:00:00 GMT"),
    ] {
        let asked = asked_after(|_, marks| {
            let mut lines = lines(marks);
            let mut first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
            assert!(first.get(field).is_some(), "{first}");
            first[field] = value.into();
            lines[0] = first.to_string();
            fs::write(marks, lines.join("\n")).unwrap();
        })
        .await;
        assert_eq!(asked, ["-"], "another {field}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_with_a_condition_no_header_can_carry_do_not_cost_the_paper() {
    // What the origin says contradicts none of the words below.
    let date = "Wed, 03 Mar 2021 10:00:00 GMT";
    let bare = Answer::pdf(HalfWay::pdf()).without_validators();
    let (dated, tagged) = (bare.clone().last_modified(date), bare.etag("\"v1\""));
    for (origin, field, value) in [
        (&dated, "etag", "\"a\r\nx-evil: 1\""),
        (&dated, "etag", "\"\u{0}\""),
        (&dated, "etag", "\"\u{7f}ä→\""),
        (&tagged, "last_modified", "now\r\nx-evil: 1"),
        (&tagged, "date", "now\r\nx-evil: 1"),
    ] {
        let half = HalfWay::killed(origin.clone(), KEPT, std::slice::from_ref(origin)).await;
        let (_, marks) = half.left();
        let mut lines = lines(&marks);
        let mut first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        if field != "etag" {
            first["etag"] = serde_json::Value::Null;
        }
        first[field] = value.into();
        lines[0] = first.to_string();
        fs::write(&marks, lines.join("\n")).unwrap();
        let (_, downloads) = half.run_again().await;
        let [download] = downloads.as_slice() else {
            panic!("{value:?}: {downloads:?}");
        };
        assert_eq!(download.header("if-range"), None, "{value:?}");
        assert_eq!(download.header("x-evil"), None);
    }
}
