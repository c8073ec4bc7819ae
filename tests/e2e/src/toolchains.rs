//! Components that other toolchains build: the example adapters, and what
//! `adapter new` makes. Whatever was built once is kept beside the binary, by
//! the content of its sources.
//!
//! Without the tools (or a network to get them from) there is nothing to test:
//! that is said, and in CI (`PAPERFALL_REQUIRE_TOOLS`) it is a failure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::rig::cache;
use crate::{binary, sha256};

/// A first build fetches a toolchain.
const PATIENCE: Duration = Duration::from_secs(900);

/// The adapters in `adapters/examples`.
const EXAMPLES: [&str; 2] = ["openalex", "semantic_scholar"];

/// What cargo sets for the tests is nothing to a project of its own.
const CARGOS: [&str; 6] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MAKEFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// `target` of the repository.
fn target() -> PathBuf {
    binary()
        .ancestors()
        .nth(2)
        .expect("the binary is in target/<profile>")
        .to_owned()
}

/// An example adapter's component (`openalex`), built if need be; none where
/// the tools are missing.
///
/// # Panics
///
/// In CI, when it cannot be built.
pub async fn example(name: &str) -> Option<PathBuf> {
    static BUILT: OnceCell<bool> = OnceCell::const_new();
    let folder = target().join("examples-wasm");
    let there = *BUILT
        .get_or_init(|| async {
            let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../adapters/examples");
            let mut build = Command::new(examples.join("build"));
            build.arg(&folder);
            let built = succeeds(build, "the example adapters").await;
            if built {
                for name in EXAMPLES {
                    compile(&folder.join(format!("{name}.wasm"))).await;
                }
            }
            built
        })
        .await;
    there.then(|| folder.join(format!("{name}.wasm")))
}

/// Compiles a component into the cache that all tests share, so that tests side
/// by side do not each take ten seconds for it.
async fn compile(component: &Path) {
    let inspected = Command::new(binary())
        .args(["adapter", "inspect"])
        .arg(component)
        .env_clear()
        .env("PAPERFALL_CACHE_DIR", cache())
        .output()
        .await
        .expect("the binary starts");
    assert!(inspected.status.success(), "{inspected:?}");
}

/// Runs a project's `build.sh`, which must leave this component in its folder;
/// false where the tools are missing.
///
/// # Panics
///
/// In CI, when it cannot be built; anywhere, when it is built and not there.
pub async fn build_project(project: &Path, component: &str) -> bool {
    let kept = target()
        .join("projects")
        .join(format!("{}.wasm", fingerprint(project)));
    let wasm = project.join(component);
    if kept.exists() {
        std::fs::copy(&kept, &wasm).expect("it is copied");
        return true;
    }
    let mut build = Command::new(project.join("build.sh"));
    build.env("CARGO_TARGET_DIR", target().join("projects/cargo"));
    if !succeeds(build, &project.display().to_string()).await {
        return false;
    }
    assert!(wasm.is_file(), "build.sh left no {component}");
    std::fs::create_dir_all(target().join("projects")).expect("the folder is made");
    std::fs::copy(&wasm, &kept).expect("it is kept");
    true
}

async fn succeeds(mut build: Command, what: &str) -> bool {
    for name in CARGOS {
        build.env_remove(name);
    }
    build.stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, build.output())
        .await
        .unwrap_or_else(|_| panic!("building {what} does not end"));
    let failure = match ended {
        Ok(output) if output.status.success() => return true,
        Ok(output) => format!(
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => error.to_string(),
    };
    assert!(
        std::env::var_os("PAPERFALL_REQUIRE_TOOLS").is_none(),
        "{what}: not built: {failure}"
    );
    eprintln!("skipped: {what}: not built: {failure}");
    false
}

/// A hash over every file of a project, before anything is built in it.
fn fingerprint(project: &Path) -> String {
    let mut files = BTreeMap::new();
    let mut open = vec![project.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let content = std::fs::read(&path).expect("a file");
                files.insert(path.display().to_string(), sha256(&content));
            }
        }
    }
    let root = project.display().to_string();
    let lines: Vec<String> = files
        .iter()
        .map(|(path, hash)| format!("{hash} {}", path.trim_start_matches(&root)))
        .collect();
    sha256(lines.join("\n").as_bytes())
}
