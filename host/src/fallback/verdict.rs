//! What a lost race means for the work.

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
/// the whole `retryable`; else any error makes it `error`; else it is
/// `no_pdf` with the most informative reason. Skips say nothing.
#[must_use]
pub fn judge<'a>(endings: impl IntoIterator<Item = (Outcome, &'a Reason)>) -> Loss {
    let endings: Vec<_> = endings
        .into_iter()
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

/// One ending for several of the same attempt: the outcome and reason that
/// decide [`judge`]'s verdict.
pub(crate) fn most_telling(endings: &[(Outcome, Reason)]) -> (Outcome, Reason) {
    let loss = judge(endings.iter().map(|(outcome, reason)| (*outcome, reason)));
    endings
        .iter()
        .find(|(_, reason)| *reason == loss.reason)
        .cloned()
        .unwrap_or((loss.outcome, loss.reason))
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
    fn a_plan_that_only_skipped_is_exhausted() {
        assert_eq!(
            judged(&[Reason::NoDoi, Reason::NoEmail]),
            (Outcome::NoPdf, Reason::Exhausted)
        );
    }
}
