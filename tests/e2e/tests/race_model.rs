//! A hundred works, each with services of its own temper, raced by the real
//! binary and by a model of the rules written from the design: winner and
//! attempts must be the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use paperfall_e2e::{RacePlan, Rig, Story};
use paperfall_miniweb::World;
use serde_json::Value;

/// Each plan gets as many.
const SEEDS: u64 = 100;
/// Works at once in each of the five runs; more would make the clock blur.
const WORKERS: &str = "4";
/// How long a tick of the model lasts. A machine that is late by one does not keep the
/// order of things; what came out differently is then raced again by a slower clock. A
/// fault of the race shows by every clock.
const TICKS: [Duration; 3] = [
    Duration::from_millis(150),
    Duration::from_millis(400),
    Duration::from_millis(1_000),
];

/// More than these are not raced again.
const MOST_LATE: usize = 40;

/// What of a result the model speaks about.
#[derive(Debug, PartialEq, Eq)]
struct Race {
    winner: Option<String>,
    url: Option<String>,
    outcome: String,
    attempts: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_seeds_end_as_the_model_of_the_rules_says() {
    let mut seeds: Vec<u64> = (0..SEEDS).collect();
    let mut wrong = Vec::new();
    for (turn, tick) in TICKS.into_iter().enumerate() {
        let stories = stories(&seeds, tick);
        if turn == 0 {
            assert_varied(&stories);
        }
        wrong = wrong_of(&stories, tick).await;
        seeds = wrong.iter().map(|(seed, _)| *seed).collect();
        if seeds.is_empty() {
            return;
        }
        eprintln!("not as the model says by ticks of {tick:?}: {seeds:?}");
        // So many cannot all be late, and would take long by a slower clock.
        assert!(seeds.len() <= MOST_LATE, "{}", told(&wrong));
    }
    panic!("{}", told(&wrong));
}

fn told(wrong: &[(u64, String)]) -> String {
    let texts: Vec<&str> = wrong.iter().map(|(_, text)| text.as_str()).collect();
    format!("{} of {SEEDS}:\n{}", texts.len(), texts.join("\n"))
}

/// The seeds that did not end as the model says, and how they ended.
async fn wrong_of(stories: &[(RacePlan, Story)], tick: Duration) -> Vec<(u64, String)> {
    let world = stories
        .iter()
        .fold(World::new(), |world, (_, story)| story.stage(world));
    let rig = Rig::new(world).await;

    let [default, one, few, reordered, short] = RacePlan::ALL;
    let (a, b, c, d, e) = tokio::join!(
        race(&rig, default, stories, tick),
        race(&rig, one, stories, tick),
        race(&rig, few, stories, tick),
        race(&rig, reordered, stories, tick),
        race(&rig, short, stories, tick),
    );
    let mut results: BTreeMap<String, Value> = BTreeMap::new();
    results.extend([a, b, c, d, e].into_iter().flatten());

    stories
        .iter()
        .filter_map(|(plan, story)| {
            let text = judge(*plan, story, &results[&story.work_id()])?;
            Some((story.seed, text))
        })
        .collect()
}

/// The works, dealt out to the plans: a seed has the same one each time.
fn stories(seeds: &[u64], tick: Duration) -> Vec<(RacePlan, Story)> {
    seeds
        .iter()
        .map(|seed| {
            let plan = RacePlan::ALL[usize::try_from(*seed).unwrap() % RacePlan::ALL.len()];
            (plan, Story::of(*seed, plan, tick))
        })
        .collect()
}

/// A hundred works that all went the same way would prove nothing.
fn assert_varied(stories: &[(RacePlan, Story)]) {
    let told = || stories.iter().map(|(_, story)| &story.prediction);
    let winners: BTreeSet<_> = told().filter_map(|told| told.winner).collect();
    let outcomes: BTreeSet<_> = told().map(|told| told.outcome).collect();
    let reasons: BTreeSet<_> = told()
        .flat_map(|told| told.attempts.iter().map(|(_, _, reason)| *reason))
        .collect();
    assert_eq!(winners.len(), 8, "{winners:?}");
    assert_eq!(outcomes.len(), 4, "{outcomes:?}");
    for reason in [
        "source_deadline",
        "total_deadline",
        "already_tried",
        "truncated",
        "http_5xx",
        "bad_answer",
    ] {
        assert!(reasons.contains(reason), "no {reason} in {reasons:?}");
    }
    let sums = told().fold((0, 0, 0), |sums, told| {
        (
            sums.0 + told.rearmed,
            sums.1 + told.struck,
            sums.2 + told.dropped,
        )
    });
    assert!(sums.0 >= 10, "only {} sources re-armed", sums.0);
    assert!(sums.1 >= 20, "only {} candidates struck", sums.1);
    assert!(sums.2 >= 20, "only {} attempts dropped", sums.2);
}

/// One run of the binary over the works of a plan.
async fn race(
    rig: &Rig,
    plan: RacePlan,
    stories: &[(RacePlan, Story)],
    tick: Duration,
) -> BTreeMap<String, Value> {
    let lines: Vec<String> = stories
        .iter()
        .filter(|(its, _)| *its == plan)
        .map(|(_, story)| story.work.to_string())
        .collect();
    if lines.is_empty() {
        return BTreeMap::new();
    }
    let name = format!("{plan:?}");
    let list = rig.file(&format!("{name}.jsonl"), lines.join("\n"));
    let mut args = vec!["run".to_owned(), list.display().to_string()];
    args.extend(["--json", "--out", &name, "--workers", WORKERS].map(str::to_owned));
    // The works share hosts, and the model knows nothing of breakers.
    args.extend(["--host-limit", "*:breaker=false"].map(str::to_owned));
    args.extend(plan.flags(tick));
    let ran = rig.paperfall(args).await;
    assert!(ran.code == 0 || ran.code == 1, "{plan:?}: {ran}");
    ran.stdout
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("a result a line");
            (value["work_id"].as_str().unwrap().to_owned(), value)
        })
        .collect()
}

/// Where the result and the model differ.
fn judge(plan: RacePlan, story: &Story, result: &Value) -> Option<String> {
    let told = &story.prediction;
    let said = |key: &str| result[key].as_str().map(str::to_owned);
    let attempts = result["attempts"].as_array().expect("attempts");
    let text = |attempt: &Value, key: &str| attempt[key].as_str().unwrap_or("-").to_owned();
    let was = Race {
        winner: said("source"),
        url: said("url").filter(|url| !url.contains("web.archive.org")),
        outcome: said("outcome").expect("an outcome"),
        attempts: ordered(
            attempts
                .iter()
                .map(|attempt| {
                    let (outcome, reason) = (text(attempt, "outcome"), text(attempt, "reason"));
                    format!("{} {outcome} {reason}", text(attempt, "source"))
                })
                .collect(),
        ),
    };
    let expected = Race {
        winner: told.winner.map(str::to_owned),
        url: told.url.clone().filter(|url| url.starts_with("https:")),
        outcome: told.outcome.to_owned(),
        attempts: ordered(
            told.attempts
                .iter()
                .map(|(source, outcome, reason)| format!("{source} {outcome} {reason}"))
                .collect(),
        ),
    };
    let reason = said("reason").expect("a reason");
    if was == expected && told.reasons.contains(&reason.as_str()) {
        return None;
    }
    Some(format!(
        "seed {} under {plan:?}, {}\nmodel: {expected:#?} for one of {:?}\nbinary: {was:#?} for {reason}\nscene: {:#?}",
        story.seed,
        story.work,
        told.reasons,
        story.scene(),
    ))
}

/// Attempts that the work's deadline ended, ended at once: in no order.
fn ordered(mut attempts: Vec<String>) -> Vec<String> {
    let kept = attempts
        .iter()
        .position(|attempt| attempt.ends_with("total_deadline"))
        .unwrap_or(attempts.len());
    attempts[kept..].sort();
    attempts
}
