//! The command line as a user meets it first. (That this package has an
//! integration test is also what makes `cargo test --workspace` build the
//! binary the end-to-end tests run.)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Command, Output};

fn paperfall(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paperfall"))
        .args(args)
        .env_clear()
        .output()
        .expect("the binary starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let output = paperfall(&["--help"]);
    assert!(output.status.success());
    let text = stdout(&output);
    for word in [
        "Summarise recorded attempts by source, tier, outcome or host",
        "demo",
        "fetch",
        "run",
        "resolve",
        "plan",
        "adapter",
        "jobs",
        "completions",
        "man",
        "Exit codes",
    ] {
        assert!(text.contains(word), "{word} is missing of\n{text}");
    }
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let output = paperfall(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        assert!(stdout(&output).contains("paperfall"), "{shell}");
    }
    let manual = stdout(&paperfall(&["man"]));
    assert!(manual.contains(".TH paperfall"), "{manual}");
}

#[test]
fn wrong_usage_exits_with_2_and_says_how_it_goes() {
    for args in [
        &["frobnicate"][..],
        &["run"][..],
        &["fetch"][..],
        &["demo", "--works", "0"][..],
    ] {
        let output = paperfall(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
}
