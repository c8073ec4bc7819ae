//! The offline switch from the origins' side.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, Location, Paper, Pdf, Service, UnpaywallRecord, World};
use serde_json::json;

const DOI: &str = "10.5555/far";
const WORK: &str = "doi:10.5555/far";
const FILE: &str = "https://press.example/far.pdf";
const GIVEN: &str = "https://press.example/given.pdf";

async fn rig() -> Rig {
    let record = UnpaywallRecord::open([Location::pdf(FILE, "https://press.example/far")]);
    let paper = Paper::new("Far")
        .doi(DOI)
        .unpaywall(record)
        .page(FILE, Answer::pdf(Pdf::new("Far", 7, 20_000)))
        .page(GIVEN, Answer::pdf(Pdf::new("Far", 8, 20_000)));
    Rig::new(World::new().paper(paper)).await
}

fn hosts(rig: &Rig) -> Vec<String> {
    rig.contacts()
}

fn assert_unasked(rig: &Rig, ran: &Ran) {
    assert_eq!(hosts(rig), [""; 0], "{ran}");
    rig.assert_lost(ran, WORK, "retryable", "offline");
    for attempt in rig.attempts(WORK) {
        let skipped = attempt.contains(" skipped ");
        assert!(skipped, "{attempt}");
    }
    assert!(
        rig.attempts(WORK)
            .contains(&"unpaywall skipped offline".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn block_all_asks_nobody_whoever_says_it() {
    let rig = rig().await;
    let ran = rig
        .paperfall(["fetch", DOI, "--offline", "block_all"])
        .await;
    assert_unasked(&rig, &ran);

    let by_variable = |name: &str| {
        let mut command = rig.command(["fetch", DOI]);
        command.env(name, "block_all");
        command
    };
    for name in ["PAPERFALL_OFFLINE", "DOCSTOKG_FALLBACK_OFFLINE_BEHAVIOR"] {
        std::fs::remove_dir_all(rig.out()).unwrap();
        let ran = paperfall_e2e::finish(by_variable(name).spawn().unwrap()).await;
        assert_unasked(&rig, &ran);
    }

    std::fs::remove_dir_all(rig.out()).unwrap();
    rig.file(
        "paperfall.toml",
        "[gates]\noffline_behavior = \"block_all\"\n",
    );
    let ran = rig.paperfall(["fetch", DOI]).await;
    assert_unasked(&rig, &ran);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_only_asks_services_and_fetches_nothing() {
    let rig = rig().await;
    let list = json!({"doi": DOI, "pdf_urls": [GIVEN]});
    let list = rig.file("works.jsonl", list.to_string());
    let list = list.to_str().unwrap();
    let ran = rig
        .paperfall(["run", list, "--offline", "metadata_only"])
        .await;
    rig.assert_lost(&ran, WORK, "retryable", "offline");
    let hosts = hosts(&rig);
    assert!(hosts.contains(&"api.unpaywall.org".to_owned()), "{hosts:?}");
    assert!(!hosts.contains(&"press.example".to_owned()), "{hosts:?}");
    assert!(
        rig.attempts(WORK)
            .contains(&"given skipped offline".to_owned())
    );
    assert!(
        rig.attempts(WORK)
            .contains(&"unpaywall skipped offline".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cache_only_answers_from_what_an_earlier_run_kept() {
    let answer = Answer::json(&json!({"doi": DOI, "is_oa": false, "oa_locations": []}));
    let paper = Paper::new("Far").doi(DOI);
    // Stale at once: online it would have to be confirmed.
    let paper = paper.when_asked(Service::Unpaywall, answer.etag("\"1\""));
    let rig = Rig::new(World::new().paper(paper)).await;
    let cache = rig.folder().join("cache");
    let fetch = async |more: &[&str]| {
        let own = [
            "--http-cache-mib",
            "16",
            "--cache-dir",
            cache.to_str().unwrap(),
        ];
        let args = ["fetch", DOI, "--only", "unpaywall"];
        rig.paperfall(args.iter().chain(&own).chain(more).copied())
            .await
    };
    let ran = fetch(&[]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "not_oa");
    assert_eq!(rig.web.requests().len(), 1);
    std::fs::remove_dir_all(rig.out()).unwrap();
    let ran = fetch(&["--offline", "cache_only"]).await;
    rig.assert_lost(&ran, WORK, "no_pdf", "not_oa");
    std::fs::remove_dir_all(rig.out()).unwrap();
    let ran = fetch(&["--offline", "block_all"]).await;
    rig.assert_lost(&ran, WORK, "retryable", "offline");
    assert_eq!(rig.web.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mode_nobody_knows_is_refused_with_those_there_are() {
    let rig = rig().await;
    let ran = rig
        .paperfall(["fetch", DOI, "--offline", "block-all"])
        .await;
    ran.assert_refused(2, &["--offline", "block_all"]);
    assert_eq!(hosts(&rig), [""; 0]);
}
