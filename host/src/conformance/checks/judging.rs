//! What a check is made of, and judgements several of them share.

use crate::conformance::evidence::{Evidence, Seen};
use crate::conformance::scene::Name;
use crate::http::Role;
use crate::outcome::Outcome;

/// How many of the endings that were seen are told.
const WORDS: usize = 4;

/// One check.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) tried: &'static str,
    /// For its author.
    pub(super) remedy: &'static str,
    pub(super) judge: fn(&Evidence) -> Judgement,
}

/// What a check came to, and what was seen.
pub(super) enum Judgement {
    Pass(String),
    Warn(String),
    Fail(String),
    NotApplicable(String),
}

/// Judges the scenes of a kind in which the adapter asked for anything. It
/// fails with the first complaint; otherwise it tells what was said.
pub(super) fn each(
    evidence: &Evidence,
    wanted: impl Fn(&Name) -> bool,
    complaint: impl Fn(&Seen) -> Option<String>,
) -> Judgement {
    let mut seen = evidence.of(wanted);
    if seen.is_empty() {
        return Judgement::NotApplicable("it declares nothing of the kind".to_owned());
    }
    seen.retain(|seen| seen.called() || seen.broke().is_some());
    if seen.is_empty() {
        return Judgement::NotApplicable("it asks for nothing".to_owned());
    }
    all_well(&seen, complaint)
}

/// Judges scenes, whether the adapter asked for anything or not.
pub(super) fn all_well(seen: &[&Seen], complaint: impl Fn(&Seen) -> Option<String>) -> Judgement {
    if let Some(complaint) = seen.iter().find_map(|seen| complaint(seen)) {
        return Judgement::Fail(complaint);
    }
    let mut words: Vec<String> = seen.iter().map(|seen| seen.words()).collect();
    words.sort();
    words.dedup();
    if words.len() > WORDS {
        let more = words.len() - WORDS;
        words.truncate(WORDS);
        words.push(format!("and {more} more"));
    }
    Judgement::Pass(words.join(", "))
}

/// Trouble on the way must not be taken for "there is no PDF".
pub(super) fn takes_trouble_for_an_answer(seen: &Seen) -> Option<String> {
    let taken = seen.outcome() == Outcome::NoPdf && !seen.asked.is_empty();
    seen.broke()
        .or_else(|| taken.then(|| format!("it says {}", seen.words())))
}

/// An API's junk must not be taken for "there is no PDF"; what a page for
/// people says is anybody's guess.
pub(super) fn takes_junk_for_an_answer(seen: &Seen) -> Option<String> {
    let mut asked = seen.asked.iter();
    if asked.any(|asked| asked.role != Role::Metadata) {
        return seen.broke();
    }
    takes_trouble_for_an_answer(seen)
}

/// A URL asked for twice, if any was.
pub(super) fn asked_twice(seen: &Seen) -> Option<String> {
    let twice = seen.asked.iter().enumerate().find(|(index, asked)| {
        let before = seen.asked.get(..*index).unwrap_or_default();
        before.iter().any(|earlier| {
            let same = (earlier.method, &earlier.url) == (asked.method, &asked.url);
            same && earlier.headers == asked.headers
        })
    });
    twice.map(|(_, asked)| {
        // The query may bear a secret.
        let host = asked.url.host_str().unwrap_or_default();
        format!("it asked twice for https://{host}{}", asked.url.path())
    })
}
