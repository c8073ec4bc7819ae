//! An attempt as the ledger keeps it: how it ended, the rule of the plan it was
//! made under, and every hop it made. `jobs show` tells it again.

use serde::{Deserialize, Serialize};

use crate::fallback::{AttemptRecord, Race, Roster, StoryEntry, without_contact};
use crate::http::{CacheVerdict, Hop};
use crate::sandbox::{AttemptTrace, HostCall};

/// Hops of one attempt that are kept; one that went in circles made more.
const MOST_HOPS: usize = 32;
/// Characters of a hop's URL that are kept.
const URL_CHARS: usize = 300;

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempted {
    /// How it ended.
    #[serde(flatten)]
    pub(crate) record: AttemptRecord,
    /// What the plan allowed it; none in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<Rule>,
    /// What it asked for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hops: Vec<HopMade>,
    /// Hops beyond those that are kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) more_hops: u64,
}

/// What the plan says of a source in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// Attempts at once in its tier.
    pub(crate) parallel: u32,
    /// Milliseconds for one attempt.
    pub(crate) timeout_ms: u64,
    /// Repetitions of a request that failed for the moment.
    pub(crate) retries_max: u32,
    /// Whether robots.txt was asked before pages.
    pub(crate) robots_respect: bool,
}

/// One hop: one URL asked for, with redirects each by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HopMade {
    /// `GET`, `HEAD` or `PROBE`.
    pub(crate) what: String,
    /// Secrets and the contact address redacted.
    pub(crate) url: String,
    /// The grant that allowed it; none when nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) grant: Option<String>,
    /// The answer's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
    /// What the cache had, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache: Option<String>,
    /// Milliseconds it waited for the host's limits.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) waited_ms: u64,
    /// Milliseconds from asking to the last byte.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) elapsed_ms: u64,
}

impl Attempted {
    /// This attempt of the race.
    pub(crate) fn of(race: &Race, roster: &Roster, record: &AttemptRecord) -> Self {
        let trace = race.story().iter().rev().find_map(|entry| match entry {
            StoryEntry::Attempt {
                record: its, trace, ..
            } if its == record => Some(trace),
            _ => None,
        });
        let (hops, more_hops) = trace.map(hops).unwrap_or_default();
        Self {
            record: record.clone(),
            rule: Rule::of(roster, record),
            hops,
            more_hops,
        }
    }
}

impl Rule {
    fn of(roster: &Roster, record: &AttemptRecord) -> Option<Self> {
        let (parallel, policy) = roster.rule(&record.tier, &record.source)?;
        Some(Self {
            parallel,
            timeout_ms: policy.timeout_ms,
            retries_max: policy.retries_max,
            robots_respect: policy.robots_respect,
        })
    }
}

fn hops(trace: &AttemptTrace) -> (Vec<HopMade>, u64) {
    let mut hops: Vec<HopMade> = trace.calls.iter().flat_map(of_call).collect();
    let more = hops.len().saturating_sub(MOST_HOPS);
    hops.truncate(MOST_HOPS);
    (hops, u64::try_from(more).unwrap_or(u64::MAX))
}

/// The hops of a call; a call that made none is told as the one it wanted.
fn of_call(call: &HostCall) -> Vec<HopMade> {
    let failed = call.result.as_ref().err().map(|(kind, _)| kind.to_string());
    let mut hops: Vec<HopMade> = call.hops.iter().map(|hop| of_hop(call.what, hop)).collect();
    if hops.is_empty() {
        hops.push(HopMade {
            what: call.what.to_owned(),
            url: shown(&call.url),
            grant: None,
            status: call.result.as_ref().ok().copied(),
            failed: None,
            cache: None,
            waited_ms: 0,
            elapsed_ms: milliseconds(call.elapsed),
        });
    }
    if let Some(last) = hops.last_mut() {
        last.failed = failed;
    }
    hops
}

fn of_hop(what: &str, hop: &Hop) -> HopMade {
    let verdicts = &hop.verdicts;
    HopMade {
        what: what.to_owned(),
        url: shown(hop.url.as_str()),
        grant: Some(hop.rule.clone()),
        status: hop.status,
        failed: None,
        cache: (verdicts.cache != CacheVerdict::NotAsked).then(|| verdicts.cache.to_string()),
        waited_ms: milliseconds(verdicts.waited),
        elapsed_ms: milliseconds(hop.elapsed),
    }
}

fn shown(url: &str) -> String {
    let url = without_contact(url);
    match url.char_indices().nth(URL_CHARS) {
        Some((end, _)) => format!("{}…", url.get(..end).unwrap_or_default()),
        None => url,
    }
}

fn milliseconds(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes it so
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
