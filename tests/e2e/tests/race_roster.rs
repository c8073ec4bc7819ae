//! The sources of a race as the operator set them up: which name an adapter
//! may bear, which of its settings count, and what its complaints look like.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Ran, Rig};
use paperfall_miniweb::{Answer, World};
use serde_json::{Value, json};

const DOI: &str = "10.5555/roster";

/// Runs these adapters for so many works, one after the other.
async fn ran(rig: &Rig, works: usize, guests: Vec<(&str, Guest)>) -> Ran {
    let works: Vec<Value> = (0..works)
        .map(|number| json!({"work_id": format!("W{number}"), "doi": DOI.to_owned() + &number.to_string()}))
        .collect();
    let flags = rig.tiers(guests);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    rig.race(&works, &flags).await
}

fn lines(ran: &Ran, word: &str) -> Vec<String> {
    let said = ran.stderr.lines().filter(|line| line.contains(word));
    said.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_may_bear_another_name_than_its_file_unless_the_plan_has_given_it_away() {
    let rig = Rig::new(World::new()).await;
    let guests = vec![
        ("acme", Guest::new("acme")),
        ("evil", Guest::new("acme")),
        ("second", Guest::new("first")),
    ];
    let ran = ran(&rig, 1, guests).await;
    assert_eq!(
        rig.attempts("W0"),
        [
            "acme no_pdf not_found",
            "evil error load_failed",
            "second no_pdf not_found",
        ],
        "{ran}"
    );
    let refused = lines(&ran, "claims another's name");
    assert_eq!(refused.len(), 1, "{ran}");
    assert!(refused[0].contains("evil"), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_an_adapter_does_not_read_is_named_with_those_it_reads() {
    let rig = Rig::new(World::new()).await;
    let settings = "settings = { base = '1', bass = '2' }";
    rig.file("paperfall.toml", format!("[adapter.asker]\n{settings}\n"));
    let mut asker = Guest::new("asker")
        .setting("base", None)
        .setting("depth", None);
    let told = asker.tell_setting();
    let miss = asker.miss("not_found");
    let ran = ran(&rig, 1, vec![("asker", asker.resolve(told + &miss))]).await;
    assert_eq!(rig.attempts("W0"), ["asker no_pdf not_found"], "{ran}");
    let warned = lines(&ran, "is not one it reads");
    assert_eq!(warned.len(), 1, "{ran}");
    let words = "setting \"bass\" of asker is not one it reads; it reads: base, depth";
    assert!(warned[0].ends_with(words), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mirror_in_a_setting_is_granted_to_a_bundled_adapter_and_to_no_other() {
    let mirror = "https://mirror.example";
    let record = format!("{mirror}/v2/{DOI}");
    let closed = json!({"doi": DOI, "is_oa": false, "oa_locations": [], "best_oa_location": null});
    let web = World::new().page(&record, Answer::json(&closed));
    let rig = Rig::new(web).await;
    rig.file(
        "paperfall.toml",
        format!(
            "[source.unpaywall]\nsettings = {{ base-url = '{mirror}' }}\n\
             [adapter.asker]\nsettings = {{ base-url = '{mirror}' }}\n"
        ),
    );
    rig.paperfall(["fetch", DOI, "--only", "unpaywall"]).await;
    let asked = rig.web.requests_for("mirror.example", "/v2/");
    assert_eq!(asked.len(), 1, "{:?}", rig.web.requests());

    let mut asker = Guest::new("asker").setting("base-url", None);
    let (get, miss) = (asker.get(&record), asker.miss("not_found"));
    let asker = asker.resolve(format!("(drop {get}) {miss}"));
    let ran = ran(&rig, 1, vec![("asker", asker)]).await;
    assert_eq!(rig.attempts("W0"), ["asker no_pdf not_found"], "{ran}");
    let asked = rig.web.requests_for("mirror.example", "/");
    assert_eq!(asked.len(), 1, "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_configuration_is_complained_of_once_and_in_few_words() {
    let rig = Rig::new(World::new()).await;
    let mut loud = Guest::new("loud");
    let (told, miss) = (loud.tell(&"#".repeat(1_000)), loud.miss("misconfigured"));
    let ran = ran(&rig, 3, vec![("loud", loud.resolve(told + &miss))]).await;
    assert_eq!(rig.results().len(), 3, "{ran}");
    let said = lines(&ran, "loud is misconfigured: ");
    assert_eq!(said.len(), 1, "{ran}");
    assert_eq!(said[0].matches('#').count(), 400, "{ran}");
}
