//! What a lost race means for the work.

use super::probing::Ending;
use crate::outcome::{Outcome, Reason};

/// A race without a winner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// `retryable`, `error` or `no_pdf`.
    pub outcome: Outcome,
    /// The most telling reason.
    pub reason: Reason,
}

/// Judges a list of endings, in plan order: any retryable or time-out makes
/// the whole `retryable`, and so does a source that was not asked for a cause
/// that passes; else any error makes it `error`; else it is `no_pdf` with the
/// most informative reason. Other skips say nothing.
#[must_use]
pub fn judge<'a>(endings: impl IntoIterator<Item = (Outcome, &'a Reason)>) -> Loss {
    let all: Vec<_> = endings.into_iter().collect();
    let endings: Vec<_> = all
        .iter()
        .copied()
        .filter(|(outcome, _)| !matches!(outcome, Outcome::Skipped | Outcome::Success))
        .collect();
    let first = |wanted: &[Outcome]| {
        endings
            .iter()
            .find(|(outcome, _)| wanted.contains(outcome))
            .map(|(_, reason)| (*reason).clone())
    };
    if let Some(reason) = first(&[Outcome::Retryable, Outcome::Timeout]) {
        return Loss {
            outcome: Outcome::Retryable,
            reason,
        };
    }
    if let Some((_, reason)) = all.iter().find(|ending| unasked_for_now(**ending)) {
        return Loss {
            outcome: Outcome::Retryable,
            reason: (*reason).clone(),
        };
    }
    if let Some(reason) = first(&[Outcome::Error]) {
        return Loss {
            outcome: Outcome::Error,
            reason,
        };
    }
    let reason = endings
        .iter()
        .enumerate()
        .min_by_key(|(position, (_, reason))| (information_rank(reason), *position))
        .map_or(Reason::Exhausted, |(_, (_, reason))| (*reason).clone());
    Loss {
        outcome: Outcome::NoPdf,
        reason,
    }
}

/// A source that may be asked another day: without it, nobody knows that there
/// is no PDF.
fn unasked_for_now((outcome, reason): (Outcome, &Reason)) -> bool {
    let passes = matches!(
        reason,
        Reason::Offline | Reason::BreakerOpen | Reason::RateWait
    );
    outcome == Outcome::Skipped && passes
}

/// The ending of an attempt whose winner was struck: that it was, unless one
/// of its other candidates weighs more on the work's outcome.
pub(crate) fn weightiest(struck: Ending, others: &[Ending]) -> Ending {
    let weight = |outcome: Outcome| match outcome {
        Outcome::Retryable | Outcome::Timeout => 2,
        Outcome::Error => 1,
        _ => 0,
    };
    others.iter().fold(struck, |heaviest, other| {
        if weight(other.0) > weight(heaviest.0) {
            other.clone()
        } else {
            heaviest
        }
    })
}

/// Smaller is more informative.
fn information_rank(reason: &Reason) -> u8 {
    match reason {
        Reason::Blocked => 0,
        Reason::Paywalled => 1,
        Reason::NotOa => 2,
        Reason::NotFound => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(reasons: &[Reason]) -> (Outcome, Reason) {
        let loss = judge(
            reasons
                .iter()
                .map(|reason| (reason.outcome().unwrap_or(Outcome::NoPdf), reason)),
        );
        (loss.outcome, loss.reason)
    }

    #[test]
    fn a_timeout_anywhere_makes_the_work_retryable() {
        assert_eq!(
            judged(&[Reason::Blocked, Reason::Trap, Reason::SourceDeadline]),
            (Outcome::Retryable, Reason::SourceDeadline)
        );
    }

    #[test]
    fn a_source_not_asked_for_now_leaves_the_question_open() {
        assert_eq!(
            judged(&[Reason::NotOa, Reason::NoDoi, Reason::Offline]),
            (Outcome::Retryable, Reason::Offline)
        );
        assert_eq!(
            judged(&[Reason::NotOa, Reason::NoDoi]),
            (Outcome::NoPdf, Reason::NotOa)
        );
    }

    #[test]
    fn an_error_outweighs_every_no_pdf() {
        assert_eq!(
            judged(&[Reason::Blocked, Reason::MemoryLimit]),
            (Outcome::Error, Reason::MemoryLimit)
        );
    }

    #[test]
    fn the_most_informative_no_pdf_wins_wherever_it_stands() {
        assert_eq!(
            judged(&[
                Reason::NoSnapshot,
                Reason::NotFound,
                Reason::NotOa,
                Reason::Paywalled,
                Reason::Blocked
            ]),
            (Outcome::NoPdf, Reason::Blocked)
        );
        assert_eq!(
            judged(&[Reason::DoiUnregistered, Reason::NoSnapshot]),
            (Outcome::NoPdf, Reason::DoiUnregistered)
        );
    }

    #[test]
    fn a_struck_winner_says_so_unless_another_candidate_may_succeed_later() {
        let struck = || (Outcome::NoPdf, Reason::Truncated);
        let missing = (Outcome::NoPdf, Reason::NotFound);
        let broken = (Outcome::Retryable, Reason::Http5xx);
        assert_eq!(
            weightiest(struck(), std::slice::from_ref(&missing)),
            struck()
        );
        assert_eq!(weightiest(struck(), &[missing, broken.clone()]), broken);
    }

    #[test]
    fn a_source_held_back_by_our_own_gates_may_have_had_the_paper() {
        assert_eq!(
            judged(&[Reason::NotOa, Reason::Trap, Reason::RateWait]),
            (Outcome::Retryable, Reason::RateWait)
        );
        assert_eq!(
            judged(&[Reason::BreakerOpen, Reason::Http5xx, Reason::RateWait]),
            (Outcome::Retryable, Reason::Http5xx)
        );
        assert_eq!(
            judged(&[Reason::NotOa, Reason::RobotsDisallow]),
            (Outcome::NoPdf, Reason::NotOa)
        );
    }

    #[test]
    fn a_plan_that_only_skipped_is_exhausted() {
        assert_eq!(
            judged(&[Reason::NoDoi, Reason::NoEmail]),
            (Outcome::NoPdf, Reason::Exhausted)
        );
    }
}
