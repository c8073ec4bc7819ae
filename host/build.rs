//! Builds the seven bundled adapters for wasm32-wasip2 and hands them to the
//! crate as `$OUT_DIR/bundled.rs`.
//!
//! A nested cargo in its own target folder does the work, so that
//! `cargo run -- demo` on a fresh clone needs no second command.
//! `PAPERFALL_ADAPTERS=DIR` takes prebuilt components (`DIR/<name>.wasm`)
//! instead.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

/// Tier and name of each bundled adapter, in plan order.
const BUNDLED: [(&str, &str); 7] = [
    ("direct_oa", "unpaywall"),
    ("direct_oa", "arxiv"),
    ("direct_oa", "pmc"),
    ("doi_follow", "doi_redirect"),
    ("landing_scrape", "landing_scrape"),
    ("landing_scrape", "europe_pmc"),
    ("archive", "wayback"),
];

const TARGET: &str = "wasm32-wasip2";

fn main() {
    println!("cargo::rerun-if-env-changed=PAPERFALL_ADAPTERS");
    println!("cargo::rerun-if-changed=build.rs");
    let out_dir = PathBuf::from(variable("OUT_DIR"));
    let built = match env::var_os("PAPERFALL_ADAPTERS") {
        Some(folder) => prebuilt(Path::new(&folder)),
        None => build(&out_dir),
    };
    write_table(&out_dir, &built);
}

/// The prebuilt components, all seven or a clear failure.
fn prebuilt(folder: &Path) -> Vec<PathBuf> {
    BUNDLED
        .iter()
        .map(|(_, name)| {
            let file = folder.join(format!("{name}.wasm"));
            println!("cargo::rerun-if-changed={}", file.display());
            if !file.is_file() {
                fail(&format!(
                    "PAPERFALL_ADAPTERS: there is no {}; put the seven components there or unset the variable",
                    file.display()
                ));
            }
            file
        })
        .collect()
}

/// Runs the nested cargo and returns the component files.
fn build(out_dir: &Path) -> Vec<PathBuf> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    // Not all of adapters/: the examples keep their tools beside them.
    for input in [
        "adapters/sdk",
        "adapters/direct_oa",
        "adapters/doi_follow",
        "adapters/landing_scrape",
        "adapters/archive",
        "wit",
        "host/identifiers",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    ensure_target();

    let target_dir = out_dir.join("adapters");
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(&root)
        .args([
            "build",
            "--locked",
            "--profile",
            "adapter",
            "--target",
            TARGET,
        ])
        .arg("--target-dir")
        .arg(&target_dir);
    for (_, name) in BUNDLED {
        cargo.args([
            "--package",
            &format!("paperfall-{}", name.replace('_', "-")),
        ]);
    }
    // What the outer cargo sets for the host's own build must not reach the
    // guests': wrappers and flags for another target, and profile overrides.
    for name in [
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_MAKEFLAGS",
        "__CARGO_DEFAULT_LIB_METADATA",
    ] {
        cargo.env_remove(name);
    }
    match cargo.status() {
        Ok(status) if status.success() => {}
        Ok(status) => fail(&format!(
            "building the bundled adapters for {TARGET} ended with {status}; \
             the nested cargo's messages are above"
        )),
        Err(error) => fail(&format!("the nested cargo did not start: {error}")),
    }
    BUNDLED
        .iter()
        .map(|(_, name)| {
            target_dir
                .join(TARGET)
                .join("adapter")
                .join(format!("{name}.wasm"))
        })
        .collect()
}

/// Makes sure the toolchain can build for wasm: installs the target through
/// rustup where that is how this toolchain came, or says what to do.
fn ensure_target() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let installed = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .is_some_and(|folder| Path::new(folder.trim()).is_dir());
    if installed {
        return;
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]);
    if let Some(toolchain) = env::var_os("RUSTUP_TOOLCHAIN") {
        rustup.arg("--toolchain").arg(toolchain);
    }
    let added = rustup.status().is_ok_and(|status| status.success());
    if !added {
        fail(&format!(
            "the Rust target {TARGET} is not installed and rustup could not add it; \
             run `rustup target add {TARGET}`, or set PAPERFALL_ADAPTERS to a folder \
             with the seven prebuilt components"
        ));
    }
}

/// Writes the table of embedded components that `sandbox::bundled` includes.
fn write_table(out_dir: &Path, files: &[PathBuf]) {
    let rows: String = BUNDLED
        .iter()
        .zip(files)
        .map(|((tier, name), file)| {
            format!(
                "    Bundled {{ tier: {tier:?}, name: {name:?}, bytes: include_bytes!({:?}) }},\n",
                file.display().to_string()
            )
        })
        .collect();
    let table = format!("&[\n{rows}]\n");
    let path = out_dir.join("bundled.rs");
    if let Err(error) = fs::write(&path, table) {
        fail(&format!("cannot write {}: {error}", path.display()));
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| fail(&format!("cargo did not set {name}")))
}

fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    exit(1);
}
