#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::language::Language;
use super::project::{File, Project};
use super::{folder, sdk};

fn files(language: Language, tier: Option<&str>) -> Vec<File> {
    Project::new("acme", language, tier).unwrap().files()
}

fn text<'a>(files: &'a [File], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == Path::new(path));
    &file.unwrap_or_else(|| panic!("there is no {path}")).text
}

#[test]
fn the_guest_kit_in_a_project_is_the_whole_kit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut there = BTreeSet::new();
    for (folder, place) in [
        ("adapters/sdk", "sdk/adapter"),
        ("host/identifiers", "sdk/identifiers"),
    ] {
        let mut open = vec![root.join(folder).join("src")];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let inner = path.strip_prefix(root.join(folder)).unwrap();
                    there.insert(format!("{place}/{}", inner.display()));
                }
            }
        }
    }
    let taken: BTreeSet<String> = sdk::FILES
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .filter(|path| path.ends_with(".rs"))
        .collect();
    assert_eq!(taken, there);
}

/// The names under `[dependencies]`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split([' ', '.', '=']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_guest_kit_in_a_project_has_what_the_kit_depends_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kit = fs::read_to_string(root.join("adapters/sdk/Cargo.toml")).unwrap();
    let files = files(Language::Rust, None);
    let taken = dependencies(text(&files, "sdk/adapter/Cargo.toml"));
    assert!(taken.len() > 3, "{taken:?}");
    assert_eq!(taken, dependencies(&kit));
}

#[test]
fn no_placeholder_is_left_in_any_file() {
    for (word, language) in Language::WORDS {
        for tier in [None, Some("mine")] {
            for file in files(language, tier) {
                let words = file.text.split('@').collect::<Vec<_>>();
                let left = words.iter().any(|word| {
                    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase())
                });
                assert!(!left, "{word}: {}", file.path.display());
            }
        }
    }
}

#[test]
fn every_project_has_a_program_to_build_it_and_says_how_to_use_it() {
    for (_, language) in Language::WORDS {
        let project = Project::new("acme", language, None).unwrap();
        let files = project.files();
        let build = files.iter().find(|file| file.executable).unwrap();
        assert_eq!(build.path, Path::new("build.sh"));
        assert!(build.text.contains("acme.wasm"), "{}", build.text);
        for command in project.commands() {
            assert!(text(&files, "README.md").contains(&command), "{command}");
        }
        assert!(text(&files, language.source()).contains("acme_pdf"));
    }
}

#[test]
fn a_tier_of_ones_own_gets_a_table() {
    let known = files(Language::Python, Some("archive"));
    let known = text(&known, "paperfall.toml");
    assert!(known.contains("tier = \"archive\""), "{known}");
    assert!(!known.contains("[[tier]]"), "{known}");
    let own = files(Language::Python, Some("mine"));
    let own = text(&own, "paperfall.toml");
    assert!(own.contains("[[tier]]\nname = \"mine\""), "{own}");
}

#[test]
fn bad_words_are_refused_by_what_is_wrong_with_them() {
    let refusal = |name: &str, tier| {
        Project::new(name, Language::Rust, tier)
            .unwrap_err()
            .to_string()
    };
    for (name, words) in [
        ("Acme!", "(for example acme)"),
        ("../acme", "cannot name a source"),
        ("", "cannot name a source"),
        ("given", "cannot name a source"),
        ("acme-oa", "call it acme_oa"),
        ("arxiv", "bundled"),
        ("wayback_pdf", "bundled"),
    ] {
        let refusal = refusal(name, None);
        assert!(refusal.contains(words), "{name:?}: {refusal}");
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
    for name in ["adapter", "identifiers"] {
        // The kit's crates are called so in a Rust project.
        let of = |language| Project::new(name, Language::parse(language).unwrap(), None);
        let refusal = of("rust").unwrap_err().to_string();
        assert!(refusal.contains("part of the Rust kit"), "{refusal}");
        assert!(of("python").is_ok(), "{name}");
    }
    assert!(refusal("acme", Some("My Tier")).starts_with("--tier: "));
    let refusal = Language::parse("rost").unwrap_err().to_string();
    assert!(refusal.contains("did you mean rust"), "{refusal}");
    let refusal = Language::parse("go\n").unwrap_err().to_string();
    assert!(refusal.contains("rust, python, js"), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "{refusal}");
}

#[test]
fn a_folder_that_exists_is_left_alone() {
    let there = tempfile::tempdir().unwrap();
    let error = folder::write(there.path(), &files(Language::Rust, None)).unwrap_err();
    assert!(error.is_usage());
    assert!(error.to_string().contains("exists already"), "{error}");
    assert_eq!(fs::read_dir(there.path()).unwrap().count(), 0);
}

#[test]
fn a_project_that_cannot_be_written_whole_is_not_written() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("acme");
    let mut files = files(Language::Rust, None);
    // A file where a folder has to be.
    files.insert(
        0,
        File {
            path: "src".into(),
            text: String::new(),
            executable: false,
        },
    );
    let error = folder::write(&folder, &files).unwrap_err();
    assert!(!error.is_usage());
    assert!(error.to_string().contains("nothing was kept"), "{error}");
    assert!(!folder.exists());
}
