//! The contract's promise to components that are out in the world: a released
//! version never changes, and what was built against it still works.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use paperfall_e2e::{Guest, Proposal, Rig, sha256};
use paperfall_miniweb::{Answer, Pdf, World};

/// Every released version.
const RELEASED: [&str; 1] = ["0.1.0"];

const API: &str = "https://api.frozen.example/works";
const FILE: &str = "https://press.example/frozen.pdf";

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

fn committed(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/contract-{version}.wasm"))
}

#[test]
fn a_released_version_of_the_contract_never_changes() {
    let manifest = std::fs::read_to_string(wit().join("FROZEN.sha256")).unwrap();
    let frozen: BTreeMap<String, String> = manifest
        .lines()
        .map(|line| {
            let (hash, path) = line.split_once("  ").expect("a hash, two blanks, a path");
            (path.to_owned(), hash.to_owned())
        })
        .collect();
    let mut there = BTreeMap::new();
    for version in RELEASED {
        for entry in std::fs::read_dir(wit().join(version)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(wit()).unwrap().display().to_string();
            there.insert(name, sha256(&std::fs::read(path).unwrap()));
        }
    }
    assert_eq!(
        there, frozen,
        "a released folder of wit/ is frozen: make a new version beside it (wit/README.md)"
    );
}

/// The component that was committed: it calls every function of 0.1.0 and fills
/// every field of its findings.
fn guest() -> Guest {
    let mut guest = Guest::new("frozen")
        .host("api.frozen.example")
        .starts_from("doi")
        .secret("KEY");
    let ask = guest.get_and_tell(API, &[("accept", "application/json")]);
    let probe = guest.probe(FILE);
    let proposal = Proposal {
        url: FILE,
        reason: "frozen_pdf",
        version: Some("acceptedVersion"),
        license: Some("cc-by"),
        checksum: None,
        notes: &["frozen"],
    };
    let found = guest.findings(
        &[proposal],
        &["https://press.example/frozen"],
        &[("pmid", "29456894")],
        "no_pdf_url",
    );
    guest.resolve(format!(
        "{ask} {probe} (call $remaining (i32.const 0)) {found}"
    ))
}

#[test]
#[ignore = "writes the component of a version that has none yet; run by hand at its release"]
fn a_component_is_made_for_a_version_that_has_none() {
    for version in RELEASED {
        let path = committed(version);
        if !path.exists() {
            std::fs::write(path, guest().build()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_built_against_a_released_version_still_wins_its_race() {
    for version in RELEASED {
        let pdf = Pdf::new("Frozen", 7, 20_000);
        let bytes = pdf.bytes().to_vec();
        let world = World::new()
            .page(API, Answer::text("{}"))
            .page(FILE, Answer::pdf(pdf));
        let rig = Rig::new(world).await;
        rig.file("frozen.wasm", std::fs::read(committed(version)).unwrap());
        rig.file(
            "paperfall.toml",
            "[adapter.frozen]\nfile = 'frozen.wasm'\ntier = 'direct_oa'\nhosts = ['api.frozen.example']\n",
        );
        let ran = rig
            .paperfall(["fetch", "10.5555/frozen", "--only", "frozen"])
            .await;
        assert_eq!(ran.code, 0, "{version}: {ran}");
        rig.assert_obtained("doi:10.5555/frozen", "frozen", "frozen_pdf", &bytes);
        let result = rig.result("doi:10.5555/frozen");
        assert_eq!(result["version"], "acceptedVersion");
        assert_eq!(result["license"], "cc-by");
        assert_eq!(result["notes"][0], "frozen");
        assert_eq!(result["identifiers"]["pmid"], "29456894");
        let asked = rig.web.requests();
        assert!(
            asked.iter().any(|request| request.url() == API),
            "{asked:?}"
        );
        let shown = rig.paperfall(["adapter", "inspect", "frozen.wasm"]).await;
        assert_eq!(shown.code, 0, "{shown}");
        for word in [
            "starts from: doi",
            "talks to: api.frozen.example",
            "secret KEY",
        ] {
            assert!(shown.stdout.contains(word), "{word}: {shown}");
        }
    }
}
