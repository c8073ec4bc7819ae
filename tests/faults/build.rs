//! Compiles the layer, a shared library of its own: it must not be linked into
//! anything, or its `write` would be everybody's.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

const SOURCES: [&str; 5] = [
    "layer/calls.c",
    "layer/clock.c",
    "layer/places.c",
    "layer/rules.c",
    "layer/layer.h",
];

fn main() -> Result<(), Box<dyn Error>> {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    if std::env::var("CARGO_CFG_TARGET_OS")? != "linux" {
        return Ok(());
    }
    let library = PathBuf::from(std::env::var("OUT_DIR")?).join("libpaperfall_faults.so");
    let compiler = cc::Build::new()
        .opt_level(2)
        .warnings(true)
        .try_get_compiler()?;
    let mut command: Command = compiler.to_command();
    command
        .args([
            "-std=gnu11",
            "-shared",
            "-fPIC",
            "-fvisibility=hidden",
            "-U_FORTIFY_SOURCE",
        ])
        .arg("-o")
        .arg(&library)
        .args(SOURCES.iter().filter(|source| source.ends_with(".c")))
        .args(["-ldl", "-lpthread"]);
    let status = command.status()?;
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    println!(
        "cargo::rustc-env=PAPERFALL_FAULTS_LAYER={}",
        library.display()
    );
    Ok(())
}
