//! What several endings come to.

use super::simulation::Ending;

/// The most informative first; all others come after, as equals.
const INFORMATIVE: [&str; 4] = ["blocked", "paywalled", "not_oa", "not_found"];

fn rank(reason: &str) -> usize {
    INFORMATIVE
        .iter()
        .position(|known| *known == reason)
        .unwrap_or(INFORMATIVE.len())
}

/// An attempt whose proposals all died: what may change first, then the most
/// informative.
pub(super) fn of_attempt(endings: &[Ending]) -> Ending {
    let hopeful = endings
        .iter()
        .find(|(outcome, _)| matches!(*outcome, "retryable" | "timeout"));
    let telling = endings.iter().min_by_key(|(_, reason)| rank(reason));
    hopeful
        .or(telling)
        .copied()
        .unwrap_or(("no_pdf", "no_pdf_url"))
}

/// A work whose race is lost: its outcome, and the reasons it may give. The
/// design leaves open which of several retryable ones, and which of several
/// uninformative ones, is told.
pub(super) fn of_work(endings: &[Ending]) -> (&'static str, Vec<&'static str>) {
    let with = |outcomes: &[&str]| -> Vec<&'static str> {
        endings
            .iter()
            .filter(|(outcome, _)| outcomes.contains(outcome))
            .map(|(_, reason)| *reason)
            .collect()
    };
    let hopeful = with(&["retryable", "timeout"]);
    if !hopeful.is_empty() {
        return ("retryable", hopeful);
    }
    let broken = with(&["error"]);
    if !broken.is_empty() {
        return ("error", broken);
    }
    let mut telling = with(&["no_pdf", "nonretryable"]);
    let best = telling.iter().map(|reason| rank(reason)).min();
    telling.retain(|reason| Some(rank(reason)) == best);
    if telling.is_empty() {
        telling.push("exhausted");
    }
    ("no_pdf", telling)
}
