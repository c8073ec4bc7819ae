//! What the documents say is so: every command they show is run, every flag
//! they name exists, and a document that is not looked at is not there.
//!
//! A new command needs nothing but to work on the stage; one that cannot be run
//! there has to be put into the stage's list, with a reason.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod links;
mod stage;
mod text;

use std::collections::BTreeSet;

use paperfall::download::WorkResult;
use paperfall::intake::{Counts, Input, read_works};
use paperfall::outcome::Reason;
use stage::{Desk, repository};
use text::Document;

/// Every document, by its path.
const DOCUMENTS: [&str; 11] = [
    "README.md",
    "AGENTS.md",
    "adapters/README.md",
    "wit/README.md",
    "host/docs/operations.md",
    "host/docs/formats.md",
    "host/docs/network.md",
    "host/docs/slo.md",
    "host/docs/telemetry.md",
    "host/docs/troubleshooting.md",
    "host/docs/tuning.md",
];

/// What else may stand in a fenced block: no commands.
const OTHER_LANGUAGES: [&str; 7] = ["toml", "rust", "python", "js", "sql", "yaml", "text"];

/// Flags of other programs that documents name.
const NOT_OURS: [&str; 7] = [
    "--release",
    "--workspace",
    "--test",
    "--bench",
    "--all-targets",
    "--all",
    "--locked",
];

fn read(path: &str) -> Document {
    let text = std::fs::read_to_string(repository().join(path)).unwrap();
    Document::parse(&text)
}

/// What is wrong with the blocks of a document.
async fn faults(desk: &Desk, document: &Document) -> Vec<String> {
    let mut faults = Vec::new();
    for fence in &document.fences {
        let language = fence.language.as_str();
        let is_known = OTHER_LANGUAGES.contains(&language) || ["sh", "console"].contains(&language);
        if !is_known {
            faults.push(format!(
                "line {}: a block of {language:?} is neither run nor known to hold no commands",
                fence.line
            ));
        }
    }
    for shown in document.commands() {
        if let Some(fault) = desk.fault(&shown.command).await {
            faults.push(format!("line {}: {fault}", shown.line));
        }
    }
    faults
}

async fn assert_true(paths: &[&str]) {
    for path in paths {
        let desk = Desk::new().await;
        let found = faults(&desk, &read(path)).await;
        assert!(found.is_empty(), "{path}: {}", found.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_readme_works() {
    assert_true(&DOCUMENTS[..1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_for_those_who_work_on_it_works() {
    assert_true(&DOCUMENTS[1..4]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_is_rolled_out_and_back_as_the_guide_says() {
    assert_true(&DOCUMENTS[4..5]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_references_and_of_troubleshooting_works() {
    assert_true(&DOCUMENTS[5..]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_does_not_work_is_found_wherever_it_is_shown() {
    let desk = Desk::new().await;
    for (block, word) in [
        ("sh\npaperfall slo --no-such-flag", "no-such-flag"),
        ("sh\npaperfall plan\npaperfall nonsense # said", "nonsense"),
        ("sh\nno-such-program works.txt", "no-such-program"),
        ("sh\npaperfall jobs list \\\n  --limit many", "many"),
        ("console\n$ paperfall show", "show"),
        ("sh\ncargo test --test no_such_test", "no such test"),
        ("sh\ncargo publish", "no such command"),
        ("\npaperfall plan", "neither run nor known"),
        ("bash\npaperfall plan", "neither run nor known"),
    ] {
        let document = Document::parse(&format!("# A document\n```{block}\n```\n"));
        let found = faults(&desk, &document).await;
        assert!(
            found.len() == 1 && found[0].contains(word),
            "{block}: {found:?}"
        );
    }
    let good = Document::parse("```sh\npaperfall plan --json\n```\n");
    assert_eq!(faults(&desk, &good).await, [""; 0]);
}

/// The command a span names, without what a reader fills in.
fn named(span: &str) -> Option<Vec<&str>> {
    let rest = span.strip_prefix("paperfall ")?;
    let first = rest.split([';', '|']).next()?;
    Some(first.split_whitespace().collect())
}

fn flags(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| word.len() > 2 && word.starts_with("--") && !word.starts_with("---"))
        .map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_and_flag_that_the_prose_names_exists() {
    let desk = Desk::new().await;
    let mut known: BTreeSet<String> = NOT_OURS.map(str::to_owned).into();
    for command in [
        &["demo"][..],
        &["fetch"],
        &["run"],
        &["resolve"],
        &["plan"],
        &["adapter", "list"],
        &["adapter", "inspect"],
        &["adapter", "new"],
        &["adapter", "test"],
        &["adapter", "diff"],
        &["jobs", "list"],
        &["jobs", "show"],
        &["jobs", "retry"],
        &["jobs", "reconcile"],
        &["jobs", "export"],
        &["slo"],
        &["stats"],
        &["report"],
    ] {
        known.extend(flags(&desk.help(command).await.unwrap()));
    }
    let mut checked = 0;
    for path in DOCUMENTS {
        for (line, span) in read(path).spans {
            for flag in flags(&span) {
                assert!(known.contains(&flag), "{path}:{line}: {span}: no {flag}");
                checked += 1;
            }
            let Some(words) = named(&span) else { continue };
            let command: Vec<&str> = words
                .iter()
                .copied()
                .take_while(|word| word.bytes().all(|b| b.is_ascii_lowercase()))
                .take(2)
                .collect();
            let commands = (1..=command.len()).rev().map(|end| &command[..end]);
            let mut help = None;
            for command in commands {
                help = help.or(desk.help(command).await);
            }
            let help = match (help, words.first()) {
                (Some(help), _) => help,
                (None, Some(first)) if first.starts_with('-') => desk.help(&[]).await.unwrap(),
                (None, _) => panic!("{path}:{line}: no such command: {span}"),
            };
            let its: BTreeSet<String> = flags(&help).collect();
            for flag in flags(&span) {
                assert!(its.contains(&flag), "{path}:{line}: {span}: no {flag}");
            }
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn every_reason_of_the_registry_is_in_the_formats_with_its_outcome() {
    let formats = std::fs::read_to_string(repository().join("host/docs/formats.md")).unwrap();
    for reason in Reason::REGISTRY {
        let row = format!("\n| {} | `{reason}` | ", reason.outcome().unwrap());
        assert_eq!(formats.matches(&row).count(), 1, "{row}");
    }
}

#[test]
fn the_lists_and_the_result_that_the_formats_show_are_read_as_they_say() {
    let fences = read("host/docs/formats.md").fences;
    let counts = |fence: &str| {
        let input = Input::new("the document", std::io::Cursor::new(fence.to_owned()));
        let mut works = read_works(input, None).unwrap();
        for item in works.by_ref() {
            item.unwrap();
        }
        works.counts()
    };
    let of = |works, duplicates| Counts {
        works,
        bad: 0,
        duplicates,
    };
    let [text, csv, jsonl, result] = fences.as_slice() else {
        panic!("the document has other blocks: {fences:?}");
    };
    assert_eq!(counts(&text.text), of(6, 1));
    assert_eq!(counts(&csv.text), of(1, 0));
    assert_eq!(counts(&jsonl.text), of(2, 0));
    let shown: serde_json::Value = serde_json::from_str(&result.text).unwrap();
    let known: WorkResult = serde_json::from_value(shown.clone()).unwrap();
    assert_eq!(serde_json::to_value(known).unwrap(), shown);
}

#[test]
fn no_document_is_left_out() {
    let root = repository();
    let mut found = BTreeSet::new();
    for folder in ["", "host/docs", "host", "wit", "adapters"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                let path = std::path::Path::new(folder).join(name);
                found.insert(path.to_str().unwrap().to_owned());
            }
        }
    }
    let expected: BTreeSet<String> = DOCUMENTS.map(str::to_owned).into();
    assert_eq!(found, expected);
}
