//! Works that lead to the same file: the same bytes are one stored file, and a
//! URL whose file is stored is not asked for again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, Pdf, World};
use serde_json::{Value, json};

fn pdf(n: u64) -> Pdf {
    Pdf::new("Twice", n, 30_000)
}

fn work(id: &str, url: &str) -> String {
    json!({"work_id": id, "pdf_urls": [url]}).to_string()
}

fn notes(rig: &Rig, work: &str) -> Vec<String> {
    let notes = rig.result(work)["notes"].clone();
    let notes = notes.as_array().cloned().unwrap_or_default();
    notes
        .iter()
        .map(|note| note.as_str().unwrap().to_owned())
        .collect()
}

async fn one_by_one(rig: &Rig) -> Ran {
    let ran = rig.run(&["--workers", "1"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    ran
}

async fn assert_a_second_run_asks_nothing(rig: &Rig, works: u64) {
    let requests = rig.web.requests().len();
    let ran = one_by_one(rig).await;
    assert_eq!(ran.counted("done before"), works, "{ran}");
    assert_eq!(rig.web.requests().len(), requests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_from_two_urls_are_one_file_with_two_names() {
    let (first, second) = ("https://one.example/a.pdf", "https://two.example/b.pdf");
    let world = World::new()
        .page(first, Answer::pdf(pdf(1)))
        .page(second, Answer::pdf(pdf(1)));
    let rig = Rig::new(world).await;
    rig.list([work("w1", first), work("w2", second)]);
    let ran = one_by_one(&rig).await;
    assert_eq!(
        ran.account(),
        "0 done before, 0 resumed, 2 new, 1 with bytes that were stored already"
    );
    for id in ["w1", "w2"] {
        rig.assert_obtained(id, "given", "given_pdf", &pdf(1).bytes());
    }
    assert_eq!(rig.files("objects").len(), 1);
    assert_eq!(rig.files("papers").len(), 2);
    assert_eq!(rig.files(".parts"), [""; 0]);
    assert_eq!(rig.states()["w1"], "INDEXED");
    assert_eq!(rig.states()["w2"], "DEDUPED");
    assert_eq!(notes(&rig, "w1"), [""; 0]);
    assert_eq!(notes(&rig, "w2"), ["deduped"]);
    assert_a_second_run_asks_nothing(&rig, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_whose_file_is_stored_is_not_asked_for_again_in_any_way() {
    let shared = "https://shared.example/same.pdf";
    let rig = Rig::new(World::new().page(shared, Answer::pdf(pdf(2)))).await;
    rig.list([work("w1", shared)]);
    one_by_one(&rig).await;
    assert_eq!(rig.requests_of(shared).len(), 3, "probe, HEAD, download");

    rig.list([work("w1", shared), work("w2", shared), work("w3", shared)]);
    let ran = one_by_one(&rig).await;
    assert_eq!(
        ran.account(),
        "1 done before, 0 resumed, 2 new, 2 from URLs that were stored already"
    );
    assert_eq!(rig.web.requests().len(), 3);
    for id in ["w1", "w2", "w3"] {
        rig.assert_obtained(id, "given", "given_pdf", &pdf(2).bytes());
    }
    assert_eq!(rig.states()["w2"], "SKIPPED_DUPLICATE");
    assert_eq!(notes(&rig, "w2"), ["skipped_duplicate"]);
    assert_eq!(rig.result("w2")["url"], Value::from(shared));
    assert_eq!(rig.files("objects").len(), 1);
    assert_eq!(rig.files("papers").len(), 3);
    assert_a_second_run_asks_nothing(&rig, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_known_by_the_url_asked_for_and_by_the_one_it_came_from() {
    let (asked, came) = ("https://go.example/x.pdf", "https://store.example/y.pdf");
    let world = World::new()
        .page(asked, Answer::redirect(came))
        .page(came, Answer::pdf(pdf(3)));
    let rig = Rig::new(world).await;
    rig.list([work("w1", asked), work("w2", asked), work("w3", came)]);
    let ran = one_by_one(&rig).await;
    assert_eq!(ran.counted("from URLs that were stored"), 2, "{ran}");
    assert_eq!(rig.downloads(came).len(), 1);
    assert_eq!(rig.requests_of(came).len(), 3);
    for id in ["w2", "w3"] {
        assert_eq!(rig.states()[id], "SKIPPED_DUPLICATE");
        rig.assert_obtained(id, "given", "given_pdf", &pdf(3).bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_url_counts_only_when_the_better_ones_before_it_failed() {
    let (missing, stored) = ("https://gone.example/a.pdf", "https://kept.example/b.pdf");
    let world = World::new()
        .page(missing, Answer::status(404))
        .page(stored, Answer::pdf(pdf(4)));
    let rig = Rig::new(world).await;
    let both = json!({"work_id": "w2", "pdf_urls": [missing, stored]}).to_string();
    rig.list([work("w1", stored), both]);
    one_by_one(&rig).await;
    assert_eq!(rig.requests_of(missing).len(), 1);
    assert_eq!(rig.requests_of(stored).len(), 3);
    assert_eq!(rig.states()["w2"], "SKIPPED_DUPLICATE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_file_deleted_by_hand_is_fetched_once_and_serves_all_its_works() {
    let shared = "https://shared.example/same.pdf";
    let other = "https://other.example/same.pdf";
    let world = World::new()
        .page(shared, Answer::pdf(pdf(5)))
        .page(other, Answer::pdf(pdf(5)));
    let rig = Rig::new(world).await;
    rig.list([work("w1", shared), work("w2", shared), work("w3", other)]);
    one_by_one(&rig).await;
    let object = rig.files("objects").remove(0);
    std::fs::remove_file(rig.out().join(object)).unwrap();
    let ran = one_by_one(&rig).await;
    assert!(
        ran.stderr.contains("3 works whose stored files were gone"),
        "{ran}"
    );
    for id in ["w1", "w2", "w3"] {
        rig.assert_obtained(id, "given", "given_pdf", &pdf(5).bytes());
    }
    assert_eq!(rig.downloads(shared).len(), 2);
    assert_eq!(rig.results().len(), 3);
    assert_a_second_run_asks_nothing(&rig, 3).await;
}
