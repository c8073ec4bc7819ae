//! The finish line: who has ended, in source order.

use std::future::Future;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};

/// Waits until at least one attempt has ended and returns it with all others
/// that have ended by then, by source order: equal successes are decided by
/// the plan, not by chance. None when nothing runs.
pub(crate) async fn next_ended<F, T>(running: &mut FuturesUnordered<F>) -> Option<Vec<(usize, T)>>
where
    F: Future<Output = (usize, T)>,
{
    let mut ended = vec![running.next().await?];
    while let Some(Some(more)) = running.next().now_or_never() {
        ended.push(more);
    }
    ended.sort_by_key(|(index, _)| *index);
    Some(ended)
}

/// [`next_ended`], but for a replay: waits until all of `expected` have ended,
/// however they come, and keeps others that ended in `early` until it is their
/// turn. Where they never come, or nothing is expected, whatever has ended is
/// taken.
pub(crate) async fn next_together<F, T>(
    running: &mut FuturesUnordered<F>,
    early: &mut Vec<(usize, T)>,
    expected: Option<&[usize]>,
) -> Option<Vec<(usize, T)>>
where
    F: Future<Output = (usize, T)>,
{
    loop {
        let come = |wanted: &usize| early.iter().any(|(index, _)| index == wanted);
        match expected {
            Some(expected) if expected.iter().all(come) => {
                let (mut now, later): (Vec<_>, Vec<_>) = std::mem::take(early)
                    .into_iter()
                    .partition(|(index, _)| expected.contains(index));
                *early = later;
                now.sort_by_key(|(index, _)| *index);
                return Some(now);
            }
            None if !early.is_empty() => return Some(take_all(early)),
            _ => {}
        }
        match next_ended(running).await {
            Some(more) => early.extend(more),
            None if early.is_empty() => return None,
            None => return Some(take_all(early)),
        }
    }
}

fn take_all<T>(early: &mut Vec<(usize, T)>) -> Vec<(usize, T)> {
    let mut all = std::mem::take(early);
    all.sort_by_key(|(index, _)| *index);
    all
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, pending, ready};

    use futures_util::future::Either;

    use super::*;

    #[tokio::test]
    async fn attempts_that_end_together_are_taken_in_source_order() {
        let mut running: FuturesUnordered<_> = [3, 1, 2]
            .into_iter()
            .map(|index| ready((index, ())))
            .collect();
        let ended = next_ended(&mut running).await;
        assert_eq!(ended, Some(vec![(1, ()), (2, ()), (3, ())]));
    }

    #[tokio::test]
    async fn nobody_waits_for_an_attempt_that_goes_on() {
        let mut running = FuturesUnordered::new();
        running.push(Either::Left(pending()));
        running.push(Either::Right(ready((7, ()))));
        assert_eq!(next_ended(&mut running).await, Some(vec![(7, ())]));
        assert_eq!(running.len(), 1);
    }

    fn ready_in_order(order: &[usize]) -> FuturesUnordered<Ready<(usize, ())>> {
        order.iter().map(|index| ready((*index, ()))).collect()
    }

    #[tokio::test]
    async fn a_replay_takes_those_together_that_ended_together() {
        let mut running = ready_in_order(&[3, 1, 2]);
        let mut early = Vec::new();
        let first = next_together(&mut running, &mut early, Some(&[2])).await;
        assert_eq!(first, Some(vec![(2, ())]));
        let then = next_together(&mut running, &mut early, Some(&[1, 3])).await;
        assert_eq!(then, Some(vec![(1, ()), (3, ())]));
        assert_eq!(
            next_together(&mut running, &mut early, Some(&[4])).await,
            None
        );
    }

    #[tokio::test]
    async fn a_replay_that_waits_in_vain_takes_what_there_is() {
        let mut running = ready_in_order(&[3, 1]);
        let mut early = Vec::new();
        let ended = next_together(&mut running, &mut early, Some(&[7])).await;
        assert_eq!(ended, Some(vec![(1, ()), (3, ())]));
    }

    #[tokio::test]
    async fn those_that_came_early_are_taken_in_source_order_all_the_same() {
        let mut early = vec![(4, ()), (3, ())];
        let both = next_together(&mut ready_in_order(&[1]), &mut early, Some(&[1, 4])).await;
        assert_eq!(both, Some(vec![(1, ()), (4, ())]));
        assert_eq!(early, [(3, ())], "who is not expected waits");
        let rest = next_together(&mut ready_in_order(&[2]), &mut early, Some(&[7])).await;
        assert_eq!(rest, Some(vec![(2, ()), (3, ())]));
        assert!(early.is_empty());
    }

    #[tokio::test]
    async fn who_came_early_is_taken_at_once_when_nobody_is_expected_any_more() {
        let mut running = ready_in_order(&[2]);
        let mut early = vec![(4, ())];
        let first = next_together(&mut running, &mut early, None).await;
        assert_eq!(first, Some(vec![(4, ())]));
        let then = next_together(&mut running, &mut early, None).await;
        assert_eq!(then, Some(vec![(2, ())]));
    }

    #[tokio::test]
    async fn an_empty_field_has_no_finish() {
        let mut running: FuturesUnordered<Ready<(usize, ())>> = FuturesUnordered::new();
        assert_eq!(next_ended(&mut running).await, None);
    }
}
