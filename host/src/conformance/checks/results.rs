//! What a component returns and leaves behind.

use super::judging::{Check, Judgement, all_well};
use crate::conformance::evidence::{Ending, Evidence, Seen, shortened};
use crate::conformance::scene::Name;
use crate::outcome::Reason;
use crate::sandbox::Objection;

/// A log of one attempt that nobody reads any more, in bytes.
const LOG_MUCH: usize = 16 * 1024;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "calm_answer",
        tried: "answered as a service would: a record, a page",
        remedy: "end with findings or a miss; the message tells what stopped it",
        judge: |evidence| all_well(&evidence.of(|name| *name == Name::Calm), ended_badly),
    },
    Check {
        name: "named_reasons",
        tried: "read the reasons it gave, in every scene",
        remedy: "a reason is a word of the registry or your own, [a-z0-9_]{1,40}",
        judge: named_reasons,
    },
    Check {
        name: "valid_candidates",
        tried: "looked what the host dropped of its answers",
        remedy: "propose absolute http or https URLs, plain texts, md5:… or sha256:… checksums",
        judge: valid_candidates,
    },
    Check {
        name: "within_limits",
        tried: "counted candidates, landing pages and identifiers",
        remedy: "return 8 candidates, 8 landing pages and 16 identifiers at most, the best first",
        judge: within_limits,
    },
    Check {
        name: "log_volume",
        tried: "counted what it logs",
        remedy: "log what an operator needs to know; an attempt has 64 KiB, the rest is dropped",
        judge: log_volume,
    },
    Check {
        name: "modest_memory",
        tried: "measured the most memory it held",
        remedy: "hold less at a time, or have the operator raise [adapter.…] memory_mib",
        judge: modest_memory,
    },
];

fn ended_badly(seen: &Seen) -> Option<String> {
    let limits = [Reason::RequestLimit, Reason::SourceDeadline];
    let limit = limits.iter().find(|reason| seen.ended_by(reason));
    seen.broke()
        .or_else(|| limit.map(|reason| format!("it ended with {reason}")))
}

fn named_reasons(evidence: &Evidence) -> Judgement {
    let nameless = evidence.seen.iter().find_map(|seen| match &seen.ending {
        Ending::Nameless(failure) => Some(shortened(&failure.message)),
        Ending::Found(_) | Ending::Missed(_) | Ending::Broke(_) => None,
    });
    match nameless {
        Some(message) => Judgement::Fail(message),
        None => Judgement::Pass("all of them names".to_owned()),
    }
}

fn objections(evidence: &Evidence) -> impl Iterator<Item = (&Seen, &Objection)> {
    let seen = evidence.seen.iter();
    seen.flat_map(|seen| seen.trace.objections.iter().map(move |one| (seen, one)))
}

fn valid_candidates(evidence: &Evidence) -> Judgement {
    let mut passed_on = None;
    for (seen, objection) in objections(evidence) {
        let Objection::Malformed(message) = objection else {
            continue;
        };
        match seen.name {
            // It merely passes on what it was told.
            Name::HostileAnswer | Name::HostileWork => passed_on = Some(message),
            // Nonsense in, nonsense out.
            Name::OddSettings(_) => {}
            _ => return Judgement::Fail(shortened(message)),
        }
    }
    match passed_on {
        Some(message) => Judgement::Warn(format!("of hostile words: {}", shortened(message))),
        None => Judgement::Pass("nothing was dropped".to_owned()),
    }
}

fn within_limits(evidence: &Evidence) -> Judgement {
    let too_many = objections(evidence).find_map(|(_, objection)| match objection {
        Objection::TooMany(message) => Some(message.clone()),
        Objection::Malformed(_) => None,
    });
    too_many.map_or_else(|| Judgement::Pass("kept".to_owned()), Judgement::Fail)
}

fn log_volume(evidence: &Evidence) -> Judgement {
    let bytes = |seen: &Seen| {
        let lines = seen.trace.log.iter();
        lines.map(|line| line.message.len()).sum::<usize>()
    };
    let dropped = evidence.seen.iter().map(|seen| seen.trace.log_dropped);
    let dropped = dropped.max().unwrap_or_default();
    let most = evidence.seen.iter().map(bytes).max().unwrap_or_default();
    if dropped > 0 {
        return Judgement::Fail(format!("{dropped} bytes of one attempt's log were dropped"));
    }
    let seen = format!("{most} bytes at most");
    if most > LOG_MUCH {
        return Judgement::Warn(seen);
    }
    Judgement::Pass(seen)
}

fn modest_memory(evidence: &Evidence) -> Judgement {
    let peaks = evidence.seen.iter().map(|seen| seen.trace.memory_peak);
    let peak = peaks.max().unwrap_or_default().div_ceil(1024 * 1024);
    let limit = evidence.adapter.memory_mib();
    let seen = format!("{peak} MiB of {limit}");
    // Three quarters.
    let much = u64::try_from(peak).unwrap_or(u64::MAX) * 4 > u64::from(limit) * 3;
    if much {
        return Judgement::Warn(seen);
    }
    Judgement::Pass(seen)
}
