//! The seven as they travel inside the binary, tried with the kit over small
//! recordings (`tests/e2e/recordings`, made by `adapter test --record-har`
//! against the miniature web): what they found then they find now.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::{Path, PathBuf};

use paperfall::intake::Work;
use paperfall::plan::Email;
use paperfall::sandbox::{BUNDLED, SandboxConfig};
use paperfall::testing::{Lab, Subject, Trial, replayed};
use paperfall_e2e::{Rig, binary};
use paperfall_miniweb::World;
use serde_json::Value;

fn recording(name: &str, extension: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    folder.join(format!("{name}.{extension}"))
}

/// One attempt on each work of an adapter's recording.
async fn trials(name: &str) -> Vec<Trial> {
    let cache = binary().parent().unwrap().join("e2e-cache/components");
    let lab = Lab::new(&SandboxConfig {
        cache_dir: Some(cache),
        ..SandboxConfig::default()
    })
    .unwrap();
    let adapter = lab.load(Subject::given(name).unwrap()).await.unwrap();
    let adapter = adapter.email(Email::parse("ada@lovelace.edu").unwrap());
    let web = replayed(&recording(name, "har")).unwrap();
    let list = std::fs::read_to_string(recording(name, "jsonl")).unwrap();
    let mut trials = Vec::new();
    for line in list.lines() {
        let work = Work::from_json(line).unwrap().work;
        assert_eq!(adapter.would_skip(&work), None, "{line}");
        trials.push(adapter.run(&web, &work).await.unwrap());
    }
    trials
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unpaywall_takes_the_best_location_and_tells_closed_from_unknown() {
    let trials = trials("unpaywall").await;
    trials[0].won_with("https://journals.meadow.example/0050/download");
    trials[1].missed_as("not_found");
    trials[2].missed_as("not_oa");
    // Cut off further back than a probe looks: the download will see it.
    trials[3].won_with("https://repository.lichen.test/0027/broken.pdf");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arxiv_asks_nothing_before_it_proposes() {
    let trials = trials("arxiv").await;
    let url = "https://arxiv.org/pdf/2103.00004";
    trials[0].won_with(url).asked_for(&[url]);
    trials[2].missed_as("not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pmc_finds_the_file_in_the_open_data_bucket() {
    let trials = trials("pmc").await;
    let bucket = "https://pmc-oa-opendata.s3.amazonaws.com";
    trials[0]
        .won_with(&format!("{bucket}/PMC9100005.1/PMC9100005.1.pdf"))
        .asked_for(&[
            &format!("{bucket}/?list-type=2&prefix=PMC9100005.&delimiter=%2F"),
            &format!("{bucket}/metadata/PMC9100005.1.json"),
            &format!("{bucket}/PMC9100005.1/PMC9100005.1.pdf"),
        ]);
    trials[1].missed_as("not_found");
    trials[2].missed_as("not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doi_redirect_tells_a_typing_error_from_a_closed_door() {
    let trials = trials("doi_redirect").await;
    trials[0].won_with("https://dl.copperleaf.test/0035/stream/get");
    trials[1].missed_as("doi_unregistered");
    trials[2].missed_as("blocked");
    let landing = &trials[2].findings.as_ref().unwrap().landing_urls;
    assert_eq!(
        landing[0].to_string(),
        "https://p21.stillwater.example/article"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn landing_scrape_proposes_and_the_host_looks() {
    let trials = trials("landing_scrape").await;
    trials[0].won_with("https://dl.copperleaf.test/0045/thesis/full");
    trials[1].missed_as("not_a_pdf");
    trials[2].missed_as("not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn europe_pmc_is_asked_by_the_identifier_there_is() {
    let trials = trials("europe_pmc").await;
    trials[0].won_with("https://europepmc.org/articles/PMC9100028?pdf=render");
    for (trial, query) in [
        (&trials[1], "query=EXT_ID%3A39100057%20AND%20SRC%3AMED"),
        (&trials[2], "query=DOI%3A%2210.5555%2Fmead.2021.0047%22"),
    ] {
        trial.missed_as("not_found");
        assert!(trial.calls[0].url.contains(query), "{trial:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wayback_turns_a_dead_url_into_a_capture() {
    let trials = trials("wayback").await;
    trials[0]
        .won_with("https://web.archive.org/web/20211103121500id_/https://arxiv.org/pdf/2103.00038");
    trials[1].missed_as("no_snapshot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_one_of_them_meets_its_expectation_in_less_than_4_mib() {
    for bundled in BUNDLED {
        let name = bundled.name;
        let expected = std::fs::read(recording(name, "json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let trials = trials(name).await;
        assert_eq!(trials.len(), expected["works"].as_object().unwrap().len());
        for trial in trials {
            let now = trial.result_json();
            assert_eq!(expected["works"][&trial.work_id], now, "{name}: {trial:#?}");
            assert!(
                trial.receipt.memory_peak_bytes < 4 << 20,
                "{name}: {trial:#?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_comes_to_the_same() {
    let rig = Rig::new(World::new()).await;
    for bundled in BUNDLED {
        let file = |extension| recording(bundled.name, extension).display().to_string();
        let (har, json, works) = (file("har"), file("json"), file("jsonl"));
        let args = [
            "adapter",
            "test",
            bundled.name,
            "--works",
            &works,
            "--replay-har",
            &har,
            "--expect",
            &json,
        ];
        let ran = rig.paperfall(args).await;
        assert_eq!(ran.code, 0, "{ran}");
        assert!(ran.stdout.contains("expectation: met"), "{ran}");
    }
    assert!(rig.web.requests().is_empty());
}
