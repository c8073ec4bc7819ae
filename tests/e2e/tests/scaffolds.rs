//! `adapter new`: in each language a project that builds with that language's
//! ordinary tools, passes its own test and works, by its README's own commands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::Path;

use paperfall_e2e::{Ran, Rig, build_project, finish};
use paperfall_miniweb::{Answer, Pdf, World};
use serde_json::json;

/// Crossref as the README's third command meets it.
fn crossref() -> World {
    let file = "https://peerj.com/articles/4375.pdf";
    World::new()
        .page(
            "https://api.crossref.org/works/10.7717/peerj.4375",
            Answer::json(&json!({"status": "ok", "message": {
                "DOI": "10.7717/PEERJ.4375",
                "license": null,
                "link": [
                    {"URL": "https://peerj.com/articles/4375.xml", "content-type": "application/xml"},
                    {"URL": file, "content-type": "application/pdf", "content-version": "vor"},
                ],
            }})),
        )
        .page(file, Answer::pdf(Pdf::new("The state of OA", 7, 20_000)))
}

/// The commands of the README's first code block.
fn commands(project: &Path) -> Vec<String> {
    let readme = std::fs::read_to_string(project.join("README.md")).unwrap();
    let block = readme.split("```").nth(1).unwrap();
    block.trim().lines().map(str::to_owned).collect()
}

/// Runs a command of the README in the project's folder.
async fn run(rig: &Rig, project: &Path, command: &str) -> Ran {
    let arguments = command.strip_prefix("paperfall ").unwrap();
    let mut command = rig.command(arguments.split_whitespace());
    finish(command.current_dir(project).spawn().unwrap()).await
}

async fn a_project_works(language: &str) {
    let rig = Rig::new(crossref()).await;
    let made = rig
        .paperfall(["adapter", "new", "acme", "--lang", language])
        .await;
    assert_eq!(made.code, 0, "{made}");
    let project = rig.folder().join("acme");
    let commands = commands(&project);
    assert_eq!(commands.len(), 3, "{commands:?}");
    assert_eq!(commands[0], "./build.sh");
    for command in &commands {
        assert!(made.stdout.contains(command), "{made}");
    }
    if !build_project(&project, "acme.wasm").await {
        return;
    }
    let tested = run(&rig, &project, &commands[1]).await;
    assert_eq!(tested.code, 0, "{tested}");
    assert!(
        tested.stdout.contains("expectation: met, 2 works"),
        "{tested}"
    );
    assert_eq!(rig.web.requests().len(), 0, "its test needs no network");
    let used = run(&rig, &project, &commands[2]).await;
    assert_eq!(used.code, 0, "{used}");
    for words in ["acme_pdf", "publishedVersion", "a PDF"] {
        assert!(used.stdout.contains(words), "{words}: {used}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rust_project_builds_passes_its_test_and_works() {
    a_project_works("rust").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_project_builds_passes_its_test_and_works() {
    a_project_works("python").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_javascript_project_builds_passes_its_test_and_works() {
    a_project_works("js").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tier_of_its_own_comes_after_direct_oa() {
    let rig = Rig::new(World::new()).await;
    let arguments = [
        "adapter", "new", "acme", "--lang", "python", "--tier", "mine",
    ];
    let made = rig.paperfall(arguments).await;
    assert_eq!(made.code, 0, "{made}");
    let project = rig.folder().join("acme");
    std::fs::write(project.join("acme.wasm"), "").unwrap();
    let ran = run(&rig, &project, "paperfall plan --json").await;
    assert_eq!(ran.code, 0, "{ran}");
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let tiers = plan["tiers"].as_array().unwrap();
    assert_eq!(tiers[1]["name"], "mine", "{plan:#}");
    assert_eq!(tiers[1]["sources"][0]["name"], "acme", "{plan:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_words_are_refused_in_one_line_and_nothing_is_written() {
    let rig = Rig::new(World::new()).await;
    rig.file("taken/notes.txt", "mine");
    let before = std::fs::read_dir(rig.folder()).unwrap().count();
    for (arguments, words) in [
        (vec!["acme", "--lang", "go"], ["--lang", "rust, python, js"]),
        (
            vec!["acme", "--lang", "pyton"],
            ["--lang", "did you mean python"],
        ),
        (vec!["taken", "--lang", "rust"], ["taken", "exists already"]),
        (
            vec!["../acme", "--lang", "rust"],
            ["../acme", "a-z, 0-9 and _"],
        ),
        (vec!["Acme", "--lang", "js"], ["Acme", "for example acme"]),
        (
            vec!["acme-oa", "--lang", "js"],
            ["acme-oa", "call it acme_oa"],
        ),
        (vec!["pmc", "--lang", "js"], ["pmc", "bundled"]),
        (
            vec!["acme", "--lang", "js", "--tier", "My Tier"],
            ["--tier", "cannot name a tier"],
        ),
    ] {
        let ran = rig
            .paperfall(["adapter", "new"].into_iter().chain(arguments))
            .await;
        ran.assert_refused(2, &words);
        assert_eq!(std::fs::read_dir(rig.folder()).unwrap().count(), before);
    }
    let notes = std::fs::read_to_string(rig.folder().join("taken/notes.txt")).unwrap();
    assert_eq!(notes, "mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_authors_guide_is_one() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../adapters/README.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let commands: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .flat_map(|block| block.split("```").next().unwrap().lines())
        .filter_map(|line| line.split(" #").next()?.trim().strip_prefix("paperfall "))
        .collect();
    assert!(commands.len() > 5, "{commands:?}");
    let rig = Rig::new(World::new()).await;
    for command in commands {
        // What is no command or flag is refused before help is printed.
        let words = command.split_whitespace().chain(["--help"]);
        let ran = rig.paperfall(words).await;
        assert_eq!(ran.code, 0, "paperfall {command}: {ran}");
    }
}
