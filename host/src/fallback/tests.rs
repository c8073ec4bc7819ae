//! Rules of the race that no timing of a network shows reliably: what two
//! successes at once leave behind, and what is carried from one process into
//! the next.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use paperfall_identifiers::WebUrl;

use super::attempt::{Ended, Winner};
use super::race::Race;
use super::record::AttemptRecord;
use super::roster::Roster;
use super::story::StoryEntry;
use super::tier::InFlight;
use crate::http::{Http, HttpConfig};
use crate::intake::Work;
use crate::outcome::{Outcome, Reason};
use crate::plan::{Plan, PlanFlags, PlanInputs};
use crate::sandbox::{AttemptTrace, Candidate, Sandbox, SandboxConfig};

const FIRST: &str = "https://a.example/1.pdf";
const SECOND: &str = "https://b.example/2.pdf";

/// A race over two sources whose components do not load: nothing is asked.
async fn race() -> Race {
    let folder = tempfile::tempdir().unwrap();
    let mut flags = PlanFlags::default();
    for name in ["one", "two"] {
        let file = folder.path().join(format!("{name}.wasm"));
        std::fs::write(&file, "no component").unwrap();
        let tier = format!("{name}:adapter={}", file.display());
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
    let sandbox = Sandbox::new(&SandboxConfig {
        max_instances: 1,
        ..SandboxConfig::default()
    })
    .unwrap();
    let roster = Arc::new(Roster::load(&plan, &sandbox, |_| {}).await);
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
