//! Where the binary under test is.

use std::path::PathBuf;

/// The `paperfall` that `cargo test --workspace` built beside the tests.
///
/// # Panics
///
/// When it is not there: `cargo test -p paperfall-e2e` alone does not build
/// it.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    let folder = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("tests live in target/<profile>/deps");
    let binary = folder.join("paperfall");
    assert!(
        binary.is_file(),
        "there is no {}: run `cargo test --release --workspace`",
        binary.display()
    );
    binary
}
