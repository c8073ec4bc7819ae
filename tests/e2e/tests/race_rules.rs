//! The race's own checks, with adapters that leave them to the host: a source
//! that does not look whether it has what it needs, one that skips itself, and
//! one that is not worth its place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Rig};
use paperfall_miniweb::{Answer, Pdf, World};
use serde_json::{Value, json};

const GOOD: &str = "https://papers.example/good.pdf";
const ARXIV: &str = "2101.00001";
const PMCID: &str = "PMC7000001";

fn by_doi() -> Value {
    json!({"work_id": "W1", "doi": "10.5555/rules"})
}

async fn rig() -> Rig {
    let good = Answer::pdf(Pdf::new("Rules", 7, 20_000));
    Rig::new(World::new().page(GOOD, good)).await
}

/// An adapter that has the paper, whatever it is shown.
fn finder(name: &str, starts_from: &[&str]) -> Guest {
    let guest = Guest::new(name);
    let mut guest = starts_from
        .iter()
        .fold(guest, |guest, scheme| guest.starts_from(scheme));
    let found = guest.candidate(GOOD);
    guest.resolve(found)
}

/// An adapter that knows an identifier and no PDF.
fn teacher(name: &str, scheme: &str, value: &str) -> Guest {
    let mut guest = Guest::new(name);
    let taught = guest.findings(&[], &[], &[(scheme, value)], "not_found");
    guest.resolve(taught)
}

/// An adapter that starts from much and always says that it lacks an arXiv id.
fn shy() -> Guest {
    ["doi", "arxiv", "pmcid"]
        .into_iter()
        .fold(Guest::new("shy"), |guest, scheme| guest.starts_from(scheme))
}

async fn raced(rig: &Rig, work: &Value, flags: &[String], more: &[&str]) -> i32 {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let ran = rig
        .race(std::slice::from_ref(work), &[&flags, more].concat())
        .await;
    ran.code
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_is_not_run_without_anything_it_starts_from_though_it_would_not_mind() {
    let rig = rig().await;
    let flags = rig.tiers(
        [
            ("a", vec!["arxiv"]),
            ("b", vec!["pmcid"]),
            ("c", vec!["pmid"]),
            ("d", vec!["landing-url"]),
            ("e", vec!["pdf-url"]),
            ("f", vec!["landing-url", "pdf-url"]),
            ("g", vec!["arxiv", "landing-url"]),
        ]
        .into_iter()
        .map(|(name, wants)| (name, finder(name, &wants)))
        .collect(),
    );
    assert_eq!(raced(&rig, &by_doi(), &flags, &[]).await, 1);
    assert_eq!(
        rig.attempts("W1"),
        [
            "a skipped no_arxiv_id",
            "b skipped no_pmcid",
            "c skipped no_identifier",
            "d skipped no_landing_url",
            "e skipped no_identifier",
            "f skipped no_landing_url",
            "g skipped no_identifier",
        ]
    );
    assert!(rig.web.requests().is_empty());

    // One of several is enough, and so is nothing where nothing is wanted.
    for wants in [vec!["arxiv", "doi"], vec![]] {
        let rig = self::rig().await;
        let flags = rig.tiers(vec![("a", finder("a", &wants))]);
        assert_eq!(raced(&rig, &by_doi(), &flags, &[]).await, 0);
        assert_eq!(rig.attempts("W1"), ["a success oa_pdf"]);
    }
    let rig = self::rig().await;
    let flags = rig.tiers(vec![("a", finder("a", &["doi"]))]);
    let work = json!({"work_id": "W1", "identifiers": {"arxiv": ARXIV}});
    assert_eq!(raced(&rig, &work, &flags, &[]).await, 1);
    assert_eq!(rig.attempts("W1"), ["a skipped no_doi"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_was_skipped_is_run_with_the_identifier_a_later_one_teaches() {
    let rig = rig().await;
    let flags = rig.tiers(vec![
        ("early", finder("early", &["arxiv"])),
        ("late", teacher("late", "arxiv", ARXIV)),
        ("after", finder("after", &[])),
    ]);
    assert_eq!(raced(&rig, &by_doi(), &flags, &[]).await, 0);
    assert_eq!(
        rig.attempts("W1"),
        [
            "early skipped no_arxiv_id",
            "late no_pdf not_found",
            "early success oa_pdf",
        ]
    );
    let args = ["resolve", "10.5555/rules", "--explain"].map(str::to_owned);
    let ran = rig.paperfall(args.into_iter().chain(flags)).await;
    let turn = "early/early: what it was missing arrived, it gets its turn";
    assert_eq!(ran.stdout.matches(turn).count(), 1, "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_skips_itself_is_free_and_asked_once_more_when_something_arrives() {
    let rig = rig().await;
    let mut shy = shy();
    let lacking = shy.miss("no_arxiv_id");
    let flags = rig.tiers(vec![
        ("shy", shy.resolve(lacking)),
        ("first", teacher("first", "arxiv", ARXIV)),
        ("second", teacher("second", "pmcid", PMCID)),
        ("last", finder("last", &[])),
    ]);
    // Enough for the three that do not skip themselves.
    let three = ["--fallback-max-attempts", "3"];
    assert_eq!(raced(&rig, &by_doi(), &flags, &three).await, 0);
    assert_eq!(
        rig.attempts("W1"),
        [
            "shy skipped no_arxiv_id",
            "first no_pdf not_found",
            "shy skipped no_arxiv_id",
            "second no_pdf not_found",
            "last success oa_pdf",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_lacks_nothing_is_not_asked_again_whatever_arrives() {
    for reason in ["not_found", "no_email"] {
        let rig = rig().await;
        let mut shy = shy();
        let miss = shy.miss(reason);
        let flags = rig.tiers(vec![
            ("shy", shy.resolve(miss)),
            ("first", teacher("first", "arxiv", ARXIV)),
            ("last", finder("last", &[])),
        ]);
        assert_eq!(raced(&rig, &by_doi(), &flags, &[]).await, 0);
        let attempts = rig.attempts("W1");
        let of_shy = attempts.iter().filter(|one| one.starts_with("shy "));
        assert_eq!(of_shy.count(), 1, "{attempts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_asks_and_then_skips_itself_has_had_its_attempt() {
    let rig = rig().await;
    rig.file(
        "paperfall.toml",
        "[adapter.shy]\nhosts = ['papers.example']\n",
    );
    let mut shy = shy().host("papers.example");
    let (get, lacking) = (
        shy.get("https://papers.example/index"),
        shy.miss("no_arxiv_id"),
    );
    let flags = rig.tiers(vec![
        ("shy", shy.resolve(format!("(drop {get}) {lacking}"))),
        ("last", finder("last", &[])),
    ]);
    let one = ["--fallback-max-attempts", "1"];
    assert_eq!(raced(&rig, &by_doi(), &flags, &one).await, 1);
    assert_eq!(rig.attempts("W1"), ["shy skipped no_arxiv_id"]);
    assert_eq!(rig.web.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_urls_given_with_a_work_eight_are_tried() {
    let rig = rig().await;
    let mut given: Vec<String> = (1..=8)
        .map(|number| format!("https://papers.example/{number}.pdf"))
        .collect();
    given.push(GOOD.to_owned());
    let work = json!({"work_id": "W1", "pdf_urls": given});
    let flags = ["--only".to_owned(), "given,arxiv".to_owned()];
    assert_eq!(raced(&rig, &work, &flags, &[]).await, 1);
    let probed: Vec<String> = rig.web.requests().iter().map(|one| one.url()).collect();
    assert_eq!(probed, given[..8]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_given_urls_cost_one_attempt() {
    for (most, code, attempts) in [
        ("1", 1, &["given no_pdf not_found"][..]),
        ("2", 0, &["given no_pdf not_found", "finder success oa_pdf"]),
    ] {
        let rig = rig().await;
        let mut flags = rig.tiers(vec![("finder", finder("finder", &[]))]);
        *flags.last_mut().unwrap() = "given,finder".to_owned();
        let given = [
            "https://papers.example/1.pdf",
            "https://papers.example/2.pdf",
        ];
        let work = json!({"work_id": "W1", "pdf_urls": given});
        let most = ["--fallback-max-attempts", most];
        assert_eq!(raced(&rig, &work, &flags, &most).await, code);
        assert_eq!(rig.attempts("W1"), attempts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_whose_every_host_is_in_trouble_is_not_run_though_it_would_ask_nothing() {
    let asker_skipped = "asker skipped breaker_open";
    for (gate, last) in [
        // Some host's trouble does not hold up who may go anywhere.
        (
            "true",
            vec![
                asker_skipped,
                "finder skipped breaker_open",
                "roamer success oa_pdf",
            ],
        ),
        ("false", vec![asker_skipped, "finder success oa_pdf"]),
    ] {
        let good = Answer::pdf(Pdf::new("Rules", 7, 20_000));
        let down = "https://down.example/api";
        let world = World::new()
            .page(GOOD, good)
            .page(down, Answer::status(500));
        let rig = Rig::new(world).await;
        rig.file(
            "paperfall.toml",
            format!(
                "[gates]\nskip_if_breaker_open = {gate}\n\
                 [adapter.asker]\nhosts = ['down.example']\n"
            ),
        );
        let mut asker = Guest::new("asker").host("down.example");
        let (get, miss) = (asker.get(down), asker.miss("not_found"));
        let flags = rig.tiers(vec![
            ("asker", asker.resolve(format!("(drop {get}) {miss}"))),
            ("finder", finder("finder", &[]).host("down.example")),
            (
                "roamer",
                finder("roamer", &[]).host("down.example").host("*"),
            ),
        ]);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        // The fifth failure opens the breaker.
        let works: Vec<Value> = (0..7)
            .map(|number| json!({"work_id": format!("W{number}"), "doi": format!("10.5555/{number}")}))
            .collect();
        let ran = rig.race(&works, &flags).await;
        assert_eq!(
            rig.attempts("W0"),
            ["asker no_pdf not_found", "finder success oa_pdf"],
            "{ran}"
        );
        assert_eq!(rig.requests_of(down).len(), 5, "{ran}");
        assert_eq!(rig.attempts("W6"), last, "{ran}");
    }
}
