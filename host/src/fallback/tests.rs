//! Rules of the race that no timing of a network shows reliably: what two
//! successes at once leave behind, what is carried from one process into the
//! next, what a struck winner leaves, and what is told of all that.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use paperfall_identifiers::WebUrl;

use super::attempt::{Ended, Winner};
use super::race::Race;
use super::record::AttemptRecord;
use super::roster::Roster;
use super::stored::StoredUrls;
use super::story::StoryEntry;
use super::tier::InFlight;
use crate::http::{Http, HttpConfig};
use crate::intake::Work;
use crate::outcome::{Outcome, Reason};
use crate::plan::{Plan, PlanFlags, PlanInputs};
use crate::sandbox::{AttemptTrace, Candidate, Findings, Sandbox, SandboxConfig};

const FIRST: &str = "https://a.example/1.pdf";
const SECOND: &str = "https://b.example/2.pdf";

/// The plan of a race over two sources whose components do not load, and what
/// was told while it was loaded.
async fn roster(sandbox: &Sandbox) -> (Arc<Roster>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut flags = PlanFlags::default();
    for (name, retries) in [("one", 1), ("two", 5)] {
        let file = folder.path().join(format!("{name}.wasm"));
        std::fs::write(&file, "no component").unwrap();
        let tier = format!("{name}:adapter={},retries={retries}", file.display());
        flags.fallback_tier.push(tier);
        flags.only.push(name.to_owned());
    }
    let (plan, _) = Plan::build(PlanInputs {
        flags: &flags,
        env: &|_| None,
        cwd: folder.path(),
        user_config_dir: None,
    })
    .unwrap();
    let told = Mutex::default();
    let tell = |name: &str| Vec::push(&mut told.lock().unwrap(), name.to_owned());
    let roster = Roster::load(&plan, sandbox, tell).await;
    (Arc::new(roster), told.into_inner().unwrap())
}

fn sandbox() -> Sandbox {
    Sandbox::new(&SandboxConfig {
        max_instances: 1,
        ..SandboxConfig::default()
    })
    .unwrap()
}

/// A race in which nothing is asked.
async fn race() -> Race {
    let sandbox = sandbox();
    let (roster, _) = roster(&sandbox).await;
    let http = Http::new(HttpConfig::default()).unwrap();
    let work = Work::from_json(r#"{"doi": "10.5555/race"}"#).unwrap().work;
    Race::new(work, &roster, sandbox, http.session())
}

fn url(text: &str) -> WebUrl {
    WebUrl::parse(text).unwrap()
}

fn record(source: &str, outcome: Outcome, reason: Reason) -> AttemptRecord {
    AttemptRecord {
        tier: source.to_owned(),
        source: source.to_owned(),
        outcome,
        reason,
        url: None,
        status: None,
        host: None,
        retries: 0,
        elapsed_ms: 1,
        requests: 1,
        bytes: 1,
    }
}

/// An attempt under way at the source at `index` of the plan.
fn flight(race: &Race, index: usize) -> InFlight {
    InFlight {
        index,
        source: Arc::clone(race.context.roster.sources().nth(index).unwrap()),
        had: Vec::new(),
        trace: Arc::new(Mutex::default()),
    }
}

/// An attempt of `source` that has seen a PDF at `at`.
fn success(race: &Race, source: &str, at: &str) -> Ended {
    race.context.knowledge.claim(&url(at)).unwrap().passed();
    let record = record(source, Outcome::Success, Reason::OaPdf);
    Ended {
        story: StoryEntry::Attempt {
            record: record.clone(),
            trace: AttemptTrace::default(),
            message: None,
            candidates: Vec::new(),
        },
        record,
        winner: Some(Winner {
            candidate: Candidate {
                url: url(at),
                reason: Reason::OaPdf,
                version: None,
                license: None,
                checksum: None,
                notes: Vec::new(),
            },
            verdict: None,
            rest: Vec::new(),
            before: Vec::new(),
            time_left: Duration::ZERO,
        }),
        findings: None,
    }
}

#[tokio::test]
async fn a_success_that_lost_by_order_alone_keeps_its_place_and_its_url_is_free_again() {
    let mut race = race().await;
    let mut in_flight = vec![flight(&race, 0), flight(&race, 1)];
    let both = vec![
        (0, success(&race, "one", FIRST)),
        (1, success(&race, "two", SECOND)),
    ];
    let win = race.take_together(both, &mut in_flight).unwrap();
    assert_eq!(win.source, "one");
    assert_eq!(race.records().len(), 1, "the loser is not recorded");
    assert_eq!(race.story().len(), 1, "and nothing is told of it yet");
    let left: Vec<usize> = in_flight.iter().map(|flight| flight.index).collect();
    assert_eq!(left, [1]);
    assert!(race.context.knowledge.claim(&url(FIRST)).is_none());
    assert!(race.context.knowledge.claim(&url(SECOND)).is_some());
}

#[tokio::test]
async fn what_another_process_had_tried_found_and_spent_is_carried_over() {
    let mut race = race().await;
    let mut unasked = record("zero", Outcome::Skipped, Reason::NoDoi);
    unasked.requests = 0;
    // The miss ended together with the success, and after it in the order.
    let records = vec![
        unasked,
        record("one", Outcome::Success, Reason::OaPdf),
        record("two", Outcome::NoPdf, Reason::NotFound),
    ];
    let spent = Duration::from_secs(7);
    let struck = (Outcome::NoPdf, &Reason::Truncated);
    race.carry_over(records, spent, &url(FIRST), struck);
    let told: Vec<_> = race
        .records()
        .iter()
        .map(|record| (record.outcome, record.reason.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (Outcome::Skipped, Reason::NoDoi),
            (Outcome::NoPdf, Reason::Truncated),
            (Outcome::NoPdf, Reason::NotFound),
        ]
    );
    assert_eq!(race.launched(), 2);
    assert_eq!(race.spent(), spent);
    assert!(race.context.knowledge.claim(&url(FIRST)).is_none());
    assert!(race.context.knowledge.claim(&url(SECOND)).is_some());
}

#[tokio::test]
async fn sources_that_are_not_asked_are_told_of_and_the_time_it_took_is_counted() {
    let mut race = race().await;
    let loss = race.next().await.unwrap_err();
    assert_eq!(loss.reason, Reason::LoadFailed);
    let told: Vec<_> = race
        .story()
        .iter()
        .map(|entry| match entry {
            StoryEntry::Skipped(record) => record.source.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["one", "two"]);
    assert_eq!(race.records().len(), 2);
    assert_eq!(race.launched(), 0);
    assert!(race.spent() > Duration::ZERO);
}

#[tokio::test]
async fn a_struck_winner_is_told_of_counts_as_failed_and_guests_are_shown_why() {
    let mut race = race().await;
    let ended = success(&race, "one", FIRST);
    let proposed = ended.winner.as_ref().unwrap().candidate.clone();
    race.context.knowledge.learn(&Findings {
        candidates: vec![proposed],
        landing_urls: Vec::new(),
        identifiers: Vec::new(),
        reason: Reason::OaPdf,
    });
    race.take_in(ended).unwrap();
    race.strike(Outcome::NoPdf, &Reason::Truncated, "cut short");
    let record = &race.records()[0];
    assert_eq!(record.outcome, Outcome::NoPdf);
    assert_eq!(record.reason, Reason::Truncated);
    let shown = race.context.knowledge.for_guest().pdf_urls;
    assert_eq!(shown[0].failed.as_deref(), Some("truncated"));
    match race.story() {
        [StoryEntry::Attempt { .. }, StoryEntry::Struck { url, .. }] => assert_eq!(url, FIRST),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_url_is_tried_by_one_at_a_time_and_again_only_when_nothing_came_of_it() {
    let knowledge = race().await.context.knowledge;
    let claim = knowledge.claim(&url(FIRST)).unwrap();
    assert!(knowledge.claim(&url(FIRST)).is_none(), "it is being tried");
    drop(claim);
    let again = knowledge.claim(&url(FIRST)).unwrap();
    again.failed(Reason::NotFound);
    assert!(knowledge.claim(&url(FIRST)).is_none(), "it has failed");
    knowledge.claim(&url(SECOND)).unwrap().passed();
    assert!(knowledge.claim(&url(SECOND)).is_none(), "it has passed");
}

/// Says of every URL that its bytes are stored.
#[derive(Debug)]
struct AllStored;

impl StoredUrls for AllStored {
    fn holds<'s>(&'s self, _: &'s str) -> Pin<Box<dyn Future<Output = bool> + Send + 's>> {
        Box::pin(std::future::ready(true))
    }
}

#[tokio::test]
async fn what_a_struck_winner_left_over_wins_in_its_place_and_costs_no_attempt() {
    let mut race = race().await.knowing_stored(Arc::new(AllStored));
    let mut ended = success(&race, "one", FIRST);
    let winner = ended.winner.as_mut().unwrap();
    winner.time_left = Duration::from_secs(60);
    let mut second = winner.candidate.clone();
    second.url = url(SECOND);
    second.reason = Reason::GivenPdf;
    winner.rest.push(second);
    ended.record.status = Some(200);
    race.take_in(ended).unwrap();
    race.strike(Outcome::NoPdf, &Reason::Truncated, "cut short");

    let win = race.next().await.unwrap();
    assert_eq!(win.candidate.url.as_str(), SECOND);
    assert_eq!(win.source, "one");
    assert!(win.verdict.is_none(), "nothing was asked");
    assert_eq!(race.launched(), 0);
    let [record] = race.records() else {
        panic!("{:?}", race.records());
    };
    assert_eq!(record.outcome, Outcome::Success);
    assert_eq!(record.reason, Reason::GivenPdf);
    assert_eq!(record.url.as_deref(), Some(SECOND));
    assert_eq!(record.host.as_deref(), Some("b.example"));
    assert_eq!(record.status, None);
    let [.., StoryEntry::Attempt { candidates, .. }] = race.story() else {
        panic!("{:?}", race.story());
    };
    assert_eq!(candidates.len(), 1);
    assert!(race.context.knowledge.claim(&url(SECOND)).is_none());
}

/// A race whose first winner has left another candidate, and a moment for it.
async fn race_with_leftover(time_left: Duration) -> Race {
    let mut race = race().await;
    let mut ended = success(&race, "one", FIRST);
    let winner = ended.winner.as_mut().unwrap();
    winner.time_left = time_left;
    let mut second = winner.candidate.clone();
    second.url = url(SECOND);
    winner.rest.push(second);
    race.take_in(ended).unwrap();
    race
}

#[tokio::test]
async fn a_leftover_there_was_no_time_for_weighs_more_than_the_broken_winner() {
    let mut race = race_with_leftover(Duration::ZERO).await;
    race.strike(Outcome::NoPdf, &Reason::Truncated, "cut short");
    race.next().await.unwrap_err();
    let record = &race.records()[0];
    assert_eq!(record.outcome, Outcome::Timeout);
    assert_eq!(record.reason, Reason::SourceDeadline);
}

#[tokio::test]
async fn a_winner_struck_for_what_passes_keeps_its_weight_when_its_leftover_is_struck_too() {
    let race = race_with_leftover(Duration::from_secs(60)).await;
    let mut race = race.knowing_stored(Arc::new(AllStored));
    race.strike(Outcome::Retryable, &Reason::Stalled, "nothing came");
    race.next().await.unwrap();
    race.strike(Outcome::NoPdf, &Reason::Truncated, "cut short");
    let record = &race.records()[0];
    assert_eq!(record.outcome, Outcome::Retryable);
    assert_eq!(record.reason, Reason::Stalled);
}

#[tokio::test]
async fn a_struck_winner_that_left_nothing_over_is_not_told_of_as_tried_again() {
    let mut race = race().await;
    let ended = success(&race, "one", FIRST);
    race.take_in(ended).unwrap();
    race.strike(Outcome::NoPdf, &Reason::Truncated, "cut short");
    race.next().await.unwrap_err();
    let attempts = race.story().iter();
    let attempts = attempts.filter(|entry| matches!(entry, StoryEntry::Attempt { .. }));
    assert_eq!(attempts.count(), 1, "{:?}", race.story());
}

#[tokio::test]
async fn dropped_attempts_go_back_to_their_places_in_whatever_order_they_come() {
    let mut queue = race().await.queue;
    for order in [[0, 1], [1, 0]] {
        while queue.take(&[]).is_some() {}
        for index in order {
            queue.requeue(index);
        }
        let turns: Vec<usize> = std::iter::from_fn(|| queue.take(&[]))
            .map(|(index, _)| index)
            .collect();
        assert_eq!(turns, [0, 1]);
    }
}

#[tokio::test]
async fn the_plan_rules_a_source_in_its_own_tier_and_the_given_urls() {
    let roster = race().await.context.roster;
    assert!(roster.rule("one", "one").is_some());
    assert!(roster.rule("two", "two").is_some());
    assert!(roster.rule("one", "two").is_none());
    assert!(roster.rule("two", "one").is_none());
    let (at_once, _) = roster.rule("given", "given").unwrap();
    assert_eq!(at_once, 1);
}

#[tokio::test]
async fn a_request_is_sent_as_the_policy_of_its_own_source_says() {
    let (roster, _) = roster(&sandbox()).await;
    let retries = |source: &str| roster.request_policy(source).retries_max;
    assert_eq!(retries("one"), 1);
    assert_eq!(retries("two"), 5);
    assert_eq!(retries("given"), 2);
}

#[tokio::test]
async fn a_paper_that_was_found_is_worth_a_longer_wait_than_the_search_for_it() {
    let (roster, _) = roster(&sandbox()).await;
    let finding = roster.request_policy("one");
    let downloading = roster.download_policy("one");
    assert_eq!(finding.rate_wait_max, Duration::from_secs(5));
    assert_eq!(downloading.rate_wait_max, Duration::from_secs(60));
    assert_eq!(downloading.retries_max, finding.retries_max);
}

#[tokio::test]
async fn whoever_waits_is_told_which_adapter_is_being_loaded() {
    let (_, told) = roster(&sandbox()).await;
    assert_eq!(told, ["one", "two"]);
}
