//! Big components, as Python and JavaScript make them: compiled once, outside
//! every deadline, and taken from the cache from then on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use paperfall_e2e::{Guest, Rig};
use paperfall_miniweb::World;

/// A component whose compilation takes much longer than any deadline below.
fn big() -> Vec<u8> {
    let mut module = String::new();
    for function in 0..1500_u32 {
        write!(module, "(func (param i64 i64) (result i64) (local $x i64)").unwrap();
        for step in 0..60_u32 {
            write!(
                module,
                "(local.set $x (i64.xor (i64.mul (local.get 0) (i64.const {step}))
                   (i64.rotl (i64.add (local.get $x) (local.get 1)) (i64.const {function}))))
                 (if (i64.eqz (local.get $x)) (then (local.set 1 (i64.const {step}))))"
            )
            .unwrap();
        }
        module.push_str("(local.get $x))\n");
    }
    let mut guest = Guest::new("acme").module(&module);
    let miss = guest.miss("not_found");
    guest.resolve(miss).build()
}

/// The compiled code in a cache, with the time each file was written.
fn compiled(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none() {
                let written = entry.metadata().unwrap().modified().unwrap();
                found.insert(path, written);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compiling_counts_against_no_deadline_and_happens_once() {
    let rig = Rig::new(World::new()).await;
    rig.file("acme.wasm", big());
    rig.file(
        "paperfall.toml",
        "[adapter.acme]\nfile = 'acme.wasm'\ntier = 'direct_oa'\n\
         [source.acme]\ntimeout_ms = 100\n[budgets]\ntotal_timeout_ms = 100\n",
    );
    let cache = rig.folder().join("cache");
    let cache_dir = cache.display().to_string();
    let resolve = [
        "resolve",
        "10.5555/one",
        "--explain",
        "--only",
        "acme",
        "--cache-dir",
        &cache_dir,
    ];
    let first = rig.paperfall(resolve).await;
    assert!(
        first.stdout.contains("direct_oa/acme: no_pdf (not_found)"),
        "{first}"
    );
    let kept = compiled(&cache.join("components"));
    assert!(!kept.is_empty(), "nothing was kept: {first}");

    let second = rig.paperfall(resolve).await;
    assert!(
        second.stdout.contains("direct_oa/acme: no_pdf (not_found)"),
        "{second}"
    );
    let test = [
        "adapter",
        "test",
        "acme.wasm",
        "--work",
        "10.5555/one",
        "--live",
        "--cache-dir",
        &cache_dir,
    ];
    let tested = rig.paperfall(test).await;
    assert!(
        tested
            .stdout
            .contains("doi:10.5555/one: no_pdf (not_found)"),
        "{tested}"
    );
    assert_eq!(
        compiled(&cache.join("components")),
        kept,
        "it was compiled again"
    );
}
