//! Lists and ids that are not what they should be: one line each with place,
//! cause and remedy, and what is good still runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::ffi::OsString;
use std::path::Path;

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, Paper, Pdf, World};

fn pdf(n: u32) -> Pdf {
    Pdf::new("Good", n.into(), 20_000)
}

fn id(n: u32) -> String {
    format!("2101.{n:05}")
}

fn work(n: u32) -> String {
    format!("arxiv:{}", id(n))
}

/// `count` papers that arXiv has.
async fn rig(count: u32) -> Rig {
    let world = (1..=count).fold(World::new(), |world, n| {
        world.paper(
            Paper::new("Good")
                .arxiv(&id(n))
                .arxiv_pdf(Answer::pdf(pdf(n))),
        )
    });
    Rig::new(world).await
}

async fn run(rig: &Rig, list: &Path) -> Ran {
    let args: [OsString; 4] = ["run".into(), list.into(), "--only".into(), "arxiv".into()];
    rig.paperfall(args).await
}

/// Requests for the PDF of one paper.
fn asked(rig: &Rig, n: u32) -> usize {
    rig.web
        .requests_for("arxiv.org", &format!("/pdf/{}", id(n)))
        .len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_line_costs_only_itself() {
    let rig = rig(2).await;
    let list = rig.file(
        "list.txt",
        format!("# mine\n{}\nthis is no id\n\n{}\n", id(1), id(2)),
    );
    let ran = run(&rig, &list).await;
    assert_eq!(ran.code, 1, "{ran}");
    ran.assert_orderly();
    let complaints = ran.complaints();
    assert_eq!(complaints.len(), 1, "{ran}");
    assert!(complaints[0].contains("list.txt:3: "), "{ran}");
    assert!(complaints[0].contains(';'), "no remedy: {ran}");
    for n in [1, 2] {
        rig.assert_obtained(&work(n), "arxiv", "arxiv_pdf", &pdf(n).bytes());
    }
    assert_eq!(rig.results().len(), 2);
    assert!(ran.stdout.contains(", 1 bad line\n"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_rows_of_every_format_are_named_by_their_line() {
    for (name, good_and_bad, bad_line) in [
        (
            "works.csv",
            format!("doi,arxiv_id\n,{}\nnonsense,\n", id(1)),
            3,
        ),
        (
            "works.jsonl",
            format!("{{\"arxiv_id\":\"{}\"}}\n{{\"arxiv_id\":\n", id(1)),
            2,
        ),
        (
            "works.jsonl",
            format!("{{\"arxiv_id\":\"{}\"}}\n{{\"title\":\"no id\"}}\n", id(1)),
            2,
        ),
        (
            "works.jsonl",
            format!("{{\"arxiv_id\":\"{}\"}}\n[\"\u{1}\"]\n", id(1)),
            2,
        ),
    ] {
        let rig = rig(1).await;
        let list = rig.file(name, &good_and_bad);
        let ran = run(&rig, &list).await;
        assert_eq!(ran.code, 1, "{good_and_bad}: {ran}");
        ran.assert_orderly();
        let place = format!("{name}:{bad_line}: ");
        assert_eq!(ran.complaints().len(), 1, "{good_and_bad}: {ran}");
        assert!(ran.complaints()[0].contains(&place), "{ran}");
        rig.assert_obtained(&work(1), "arxiv", "arxiv_pdf", &pdf(1).bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_text_and_endless_lines_cost_only_themselves() {
    let rig = rig(1).await;
    let mut content = b"\xff\xfe\xfd broken\n".to_vec();
    // Not at the very start, where it would be a byte-order mark.
    content.splice(0..0, b"# list\n".iter().copied());
    content.extend(vec![b'x'; 3 * 1024 * 1024]);
    content.extend(format!("\n{}\n", id(1)).into_bytes());
    let list = rig.file("list.txt", content);
    let ran = run(&rig, &list).await;
    assert_eq!(ran.code, 1, "{ran}");
    let complaints = ran.complaints();
    assert_eq!(complaints.len(), 2, "{ran}");
    assert!(complaints[0].contains("list.txt:2: "), "{ran}");
    assert!(complaints[1].contains("list.txt:3: "), "{ran}");
    assert!(ran.stderr.len() < 2_000, "the line itself was printed");
    rig.assert_obtained(&work(1), "arxiv", "arxiv_pdf", &pdf(1).bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_no_id_is_refused_before_anything_is_asked() {
    let rig = rig(1).await;
    let ran = rig.paperfall(["fetch", "not-an-id"]).await;
    ran.assert_refused(2, &["not-an-id", ";"]);
    let ran = rig.paperfall(["fetch", "arXiv:1412.12345"]).await;
    ran.assert_refused(2, &["1412.12345"]);
    let ran = rig.paperfall(["resolve", "not-an-id"]).await;
    ran.assert_refused(2, &["not-an-id"]);
    let ran = rig.paperfall(["resolve", "{\"doi\":"]).await;
    ran.assert_refused(2, &["JSON"]);
    assert!(rig.web.requests().is_empty());
    assert!(!rig.out().exists(), "nothing to store, yet OUT was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_id_beside_a_good_one_does_not_keep_it_from_being_fetched() {
    let rig = rig(1).await;
    let ran = rig
        .paperfall(["fetch", "not-an-id", &id(1), "--only", "arxiv"])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(ran.complaints().len(), 1, "{ran}");
    assert!(ran.complaints()[0].contains("not-an-id"), "{ran}");
    rig.assert_obtained(&work(1), "arxiv", "arxiv_pdf", &pdf(1).bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_looks_like_a_comment_or_is_empty_is_named_and_not_dropped() {
    let rig = rig(1).await;
    let comment = format!("#{}", id(1));
    let ran = rig
        .paperfall(["fetch", &comment, &id(1), "", "--only", "arxiv"])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    let complaints = ran.complaints();
    assert_eq!(complaints.len(), 2, "{ran}");
    assert!(
        complaints[0].contains(&format!("argument 1: \"{comment}\" is not")),
        "{ran}"
    );
    assert!(complaints[1].contains("argument 3: \"\" is not"), "{ran}");
    rig.assert_obtained(&work(1), "arxiv", "arxiv_pdf", &pdf(1).bytes());
    let ran = rig.paperfall(["fetch", ""]).await;
    ran.assert_refused(
        2,
        &[
            "paperfall: \"\" is not an identifier",
            "it is empty; write one",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetch_takes_works_as_json_too() {
    let rig = rig(1).await;
    let json = format!(r#"{{"work_id":"mine","arxiv_id":"{}"}}"#, id(1));
    let ran = rig.paperfall(["fetch", &json, "--only", "arxiv"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained("mine", "arxiv", "arxiv_pdf", &pdf(1).bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_where_one_work_is_wanted_is_sent_to_the_command_that_reads_one() {
    let rig = rig(0).await;
    rig.file("works.txt", "10.7717/peerj.4375\n");
    for command in ["fetch", "resolve"] {
        let ran = rig.paperfall([command, "works.txt"]).await;
        ran.assert_refused(2, &["works.txt is a file", "`paperfall run works.txt`"]);
        let ran = rig.paperfall([command, "-"]).await;
        ran.assert_refused(2, &["standard input", "`paperfall run -`"]);
    }
    let test = ["adapter", "test", "arxiv", "--live", "--work", "works.txt"];
    let ran = rig.paperfall(test).await;
    ran.assert_refused(2, &["works.txt is a file", "`--works works.txt`"]);
    assert!(!rig.out().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_with_control_characters_cannot_forge_lines() {
    let rig = rig(1).await;
    let ran = rig
        .paperfall(["fetch", "bad\x1b[2J id\u{202e}paperfall: all is well"])
        .await;
    ran.assert_refused(2, &["bad"]);
    assert!(!ran.stderr.contains('\x1b'), "{ran}");
    assert!(!ran.stderr.contains('\u{202e}'), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_file_is_refused_and_an_id_in_its_place_is_explained() {
    let rig = rig(0).await;
    let ran = rig.paperfall(["run", "absent.csv"]).await;
    ran.assert_refused(2, &["absent.csv", "no such file", "check the path"]);
    let ran = rig.paperfall(["run", "10.7717/peerj.4375"]).await;
    ran.assert_refused(2, &["paperfall fetch 10.7717/peerj.4375"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_or_an_empty_file_is_no_list() {
    let rig = rig(0).await;
    let folder = rig.folder().join("folder.csv");
    std::fs::create_dir(&folder).unwrap();
    run(&rig, &folder)
        .await
        .assert_refused(2, &["folder.csv", "this is a folder", "name the file"]);
    for (name, content) in [
        ("a.txt", ""),
        ("b.txt", "\n\n"),
        ("c.txt", "# only a comment\n"),
    ] {
        let list = rig.file(name, content);
        run(&rig, &list)
            .await
            .assert_refused(2, &[name, "names no works"]);
    }
    let ran = rig.paperfall_reading(["run", "-"], b"").await;
    ran.assert_refused(2, &["standard input", "names no works"]);
    assert!(!rig.out().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_kinds_of_files_are_named_for_what_they_are() {
    let rig = rig(0).await;
    // (A stray zero byte in a text makes it no binary file: see intake's tests.)
    let kinds: [(&str, &[u8], &str); 8] = [
        ("a.csv.gz", b"\x1f\x8b\x08\x00\x00", "gunzip -c"),
        ("a.xlsx", b"PK\x03\x04\x14\x00", "export the sheet as CSV"),
        ("a.csv", b"\xff\xfei\x00d\x00", "UTF-8"),
        ("a.pdf", b"%PDF-1.7\n", "this is a PDF"),
        (
            "a",
            b"\x7fELF\x02\x01\x01\0\0\0\0\n",
            "this is a binary file",
        ),
        (
            "a.png",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0",
            "this is a binary file",
        ),
        ("a.csv", b"d\0o\0i\0\n\x001\x000\0", "as UTF-8 text"),
        ("a.csv", b"colour,size\nred,3\n", "no column is known"),
    ];
    for (name, content, word) in kinds {
        let list = rig.file(name, content);
        run(&rig, &list).await.assert_refused(2, &[name, word]);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_is_refused_with_the_systems_words() {
    let rig = rig(0).await;
    // Opens for everyone, fails on the first read, for root too.
    let ran = run(&rig, Path::new("/proc/self/mem")).await;
    ran.assert_refused(2, &["/proc/self/mem", "os error"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_inputs_naming_one_work_are_one_work() {
    let rig = rig(1).await;
    let list = rig.file(
        "list.txt",
        format!("{0}\nhttps://arxiv.org/abs/{0}\narXiv:{0}\n", id(1)),
    );
    let ran = run(&rig, &list).await;
    ran.assert_orderly();
    let repeated: Vec<&str> = ran
        .complaints()
        .into_iter()
        .filter(|line| line.contains("duplicate_input"))
        .collect();
    assert_eq!(repeated.len(), 2, "{ran}");
    assert_eq!(ran.code, 0, "a repetition is no failure: {ran}");
    assert!(repeated[0].contains("list.txt:2: "), "{ran}");
    assert!(repeated[0].contains("line 1"), "{ran}");
    rig.assert_obtained(&work(1), "arxiv", "arxiv_pdf", &pdf(1).bytes());
    // One probe, one HEAD, one download.
    assert_eq!(asked(&rig, 1), 3, "{:?}", rig.web.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_repeated_on_the_command_line_is_fetched_once_and_is_no_failure() {
    let rig = rig(1).await;
    let ran = rig
        .paperfall(["fetch", &id(1), &id(1), "--only", "arxiv"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.complaints().len(), 1, "{ran}");
    assert!(
        ran.complaints()[0].contains("named in argument 1 already"),
        "{ran}"
    );
    assert!(ran.stdout.contains("1 named twice"), "{ran}");
    assert_eq!(asked(&rig, 1), 3);
}
