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

    #[tokio::test]
    async fn an_empty_field_has_no_finish() {
        let mut running: FuturesUnordered<Ready<(usize, ())>> = FuturesUnordered::new();
        assert_eq!(next_ended(&mut running).await, None);
    }
}
