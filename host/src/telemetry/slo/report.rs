//! The five service levels over one window.

use std::time::Duration;

use serde::Serialize;

use super::level::{ErrorBudget, Level, Target, Unit};
use crate::ledger::{
    Durations, EndedJob, JobState, LedgerError, LedgerReader, LeftBehind, Timestamp, Told, Verdict,
};
use crate::telemetry::metrics::SOURCES_THAT_AGREE;

/// A lease that ran out is left alone this long before it counts as left
/// behind: somebody may be about to take it.
const GRACE: Duration = Duration::from_secs(600);

const NO_EVENTS: &str =
    "the ledger has no table of events: they are entered by runs with --enable-idempotency";
const NO_TIMES: &str = "DocsToKG wrote this ledger and did not record when jobs ended; a run with --enable-idempotency migrates it";

/// The service levels of a ledger over a window of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceLevels {
    /// Where the window begins, in seconds since the epoch.
    pub since: f64,
    /// Where it ends: now.
    pub until: f64,
    /// The levels, judged ones and shown ones.
    pub levels: Vec<Level>,
}

impl ServiceLevels {
    /// Whether no goal was missed; what has no data misses nothing.
    #[must_use]
    pub fn met(&self) -> bool {
        !self
            .levels
            .iter()
            .any(|level| level.verdict == Some(Verdict::Missed))
    }
}

/// Judges what ended or was told in the `window` before `now`.
///
/// # Errors
/// What reading the ledger says.
pub fn judge(
    reader: &LedgerReader,
    now: Timestamp,
    window: Duration,
) -> Result<ServiceLevels, LedgerError> {
    let since = before(now, window);
    let mut seen = Ended::default();
    reader.ended_since(since, |job| seen.add(&job))?;
    let behind = reader.left_behind(before(now, GRACE))?;
    let told = reader.told_since(since)?;
    let no_times = (!reader.keeps_time()).then_some(NO_TIMES);

    let mut levels = seen.completion(no_times);
    levels.extend(seen.times(no_times));
    levels.push(recovery(&seen, behind, no_times));
    levels.push(lease_latency(told.as_ref()));
    levels.push(replay(told.as_ref()));
    Ok(ServiceLevels {
        since: seconds(since),
        until: seconds(now),
        levels,
    })
}

/// What ended, counted.
#[derive(Default)]
struct Ended {
    with_paper: u64,
    without: u64,
    agreed_absent: u64,
    taken_over: u64,
    begun: Vec<Duration>,
    planned: Vec<Duration>,
}

impl Ended {
    fn add(&mut self, job: &EndedJob) {
        if job.takeovers > 0 {
            self.taken_over += 1;
        }
        if job.state == JobState::Failed {
            self.without += 1;
            let agreed = usize::try_from(job.absent_by).is_ok_and(|by| by >= SOURCES_THAT_AGREE);
            self.agreed_absent += u64::from(agreed);
        } else {
            self.with_paper += 1;
            self.begun.push(job.since_begun);
            self.planned.push(job.since_planned);
        }
    }

    fn completion(&self, hint: Option<&'static str>) -> Vec<Level> {
        let all = self.with_paper + self.without;
        let judged = all - self.agreed_absent;
        let goal = (Target::AtLeast(0.995), Unit::Ratio);
        vec![
            Level::judged(
                "completion",
                "completion",
                goal,
                ratio(self.with_paper, judged),
            )
            .with_budget(ErrorBudget {
                total: judged,
                bad: judged - self.with_paper,
                allowed_per_million: 5_000,
            })
            .from("with_paper", self.with_paper)
            .from("without_paper", judged - self.with_paper)
            .from("left_out_as_agreed_absent", self.agreed_absent)
            .hinting(hint),
            Level::shown(
                "completion_of_all",
                "  of all jobs",
                Unit::Ratio,
                ratio(self.with_paper, all),
            )
            .from("with_paper", self.with_paper)
            .from("ended", all),
        ]
    }

    fn times(&self, hint: Option<&'static str>) -> Vec<Level> {
        let begun = Durations::new(self.begun.clone());
        let planned = Durations::new(self.planned.clone());
        let percentile = |of: &Durations, percent| of.percentile(percent).map(|d| d.as_secs_f64());
        let level = |name, title, percent: u32, limit: u32| {
            let limit_span = Duration::from_secs(limit.into());
            let slow = self
                .begun
                .iter()
                .filter(|took| **took >= limit_span)
                .count();
            let goal = (Target::Below(limit.into()), Unit::Seconds);
            let value = usize::try_from(percent)
                .ok()
                .and_then(|p| percentile(&begun, p));
            Level::judged(name, title, goal, value)
                .with_budget(ErrorBudget {
                    total: count(self.begun.len()),
                    bad: count(slow),
                    allowed_per_million: (100 - percent) * 10_000,
                })
                .from("with_paper", self.with_paper)
                .from("slower", count(slow))
                .hinting(hint)
        };
        let queued = |name, title, percent| {
            Level::shown(name, title, Unit::Seconds, percentile(&planned, percent))
                .from("with_paper", self.with_paper)
        };
        vec![
            level("time_to_complete_p50", "time to complete, p50", 50, 30),
            level("time_to_complete_p95", "time to complete, p95", 95, 120),
            queued("time_since_planned_p50", "  since planned, p50", 50),
            queued("time_since_planned_p95", "  since planned, p95", 95),
        ]
    }
}

fn recovery(seen: &Ended, behind: LeftBehind, hint: Option<&'static str>) -> Level {
    let all = seen.taken_over + behind.takeovers;
    let goal = (Target::AtLeast(0.999), Unit::Ratio);
    Level::judged("recovery", "recovery", goal, ratio(seen.taken_over, all))
        .with_budget(ErrorBudget {
            total: all,
            bad: behind.takeovers,
            allowed_per_million: 1_000,
        })
        .from("taken_over_and_ended", seen.taken_over)
        .from("taken_over_and_left_behind", behind.takeovers)
        .from("leases_left_behind", behind.leases)
        .hinting(hint)
}

fn lease_latency(told: Option<&Told>) -> Level {
    const LIMIT_US: u64 = 100_000;
    let waits = told.map_or(&[] as &[u64], |told| &told.lease_waits);
    let slow = count(waits.iter().filter(|wait| **wait >= LIMIT_US).count());
    let durations = Durations::new(waits.iter().copied().map(Duration::from_micros).collect());
    let value = durations.percentile(99).map(|wait| wait.as_secs_f64());
    let goal = (Target::Below(0.1), Unit::Seconds);
    Level::judged("lease_latency_p99", "lease latency, p99", goal, value)
        .with_budget(ErrorBudget {
            total: count(waits.len()),
            bad: slow,
            allowed_per_million: 10_000,
        })
        .from("leases", count(waits.len()))
        .from("slower", slow)
        .hinting(told.is_none().then_some(NO_EVENTS))
}

fn replay(told: Option<&Told>) -> Level {
    let (completed, replays) = told.map_or((0, 0), |told| (told.completed_ops, told.replays));
    let asked = completed + replays;
    let goal = (Target::Below(0.05), Unit::Ratio);
    Level::judged("replay", "replay", goal, ratio(replays, asked))
        .with_budget(ErrorBudget {
            total: asked,
            bad: replays,
            allowed_per_million: 50_000,
        })
        .from("replays", replays)
        .from("effects", completed)
        .hinting(told.is_none().then_some(NO_EVENTS))
}

/// None of nothing.
// Counts stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

fn before(now: Timestamp, span: Duration) -> Timestamp {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_sub(span))
}

/// Seconds since the epoch.
// Milliseconds of any date fit an f64's 53 bits exactly.
#[allow(clippy::cast_precision_loss)]
fn seconds(moment: Timestamp) -> f64 {
    moment.as_millis() as f64 / 1000.0
}
