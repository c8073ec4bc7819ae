//! Components with one fault each, all made of the one in `tests/misfit`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::binary;

const TARGET: &str = "wasm32-wasip2";
/// Where the component keeps its fault's name, as it was built.
const SLOT: &[u8; 40] = b"misfit-fault:none                       ";

/// A component that is well-behaved but for this fault; `none` has none.
///
/// # Panics
///
/// When the component cannot be built, or the name is too long.
#[must_use]
pub fn misfit(fault: &str) -> Vec<u8> {
    static BUILT: OnceLock<Vec<u8>> = OnceLock::new();
    let mut bytes = BUILT.get_or_init(build).clone();
    let at = bytes.windows(SLOT.len()).position(|found| found == SLOT);
    let at = at.expect("the slot is in the component");
    let text = format!("misfit-fault:{fault:<27}");
    assert_eq!(text.len(), SLOT.len(), "{fault} is too long");
    bytes[at..at + SLOT.len()].copy_from_slice(text.as_bytes());
    let again = bytes.windows(SLOT.len()).any(|found| found == SLOT);
    assert!(fault == "none" || !again, "the slot is there twice");
    bytes
}

/// Builds the component once for all tests, in a target folder of its own
/// beside the binary; cargo itself keeps several test programs apart.
fn build() -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target_dir = binary().with_file_name("misfit");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["build", "--quiet", "--locked", "--profile", "adapter"])
        .args(["--target", TARGET, "--package", "paperfall-misfit"])
        .arg("--target-dir")
        .arg(&target_dir);
    // What is meant for the host's own build must not reach a guest's.
    for name in [
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
    ] {
        command.env_remove(name);
    }
    let status = command.status().expect("cargo starts");
    assert!(status.success(), "building the misfit ended with {status}");
    let built = target_dir.join(TARGET).join("adapter").join("misfit.wasm");
    std::fs::read(built).expect("the component is there")
}
