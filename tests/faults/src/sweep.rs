//! Many cases, some at once; the ones that failed are told by name.

use std::fmt::Debug;
use std::future::Future;

use tokio::task::JoinSet;

/// Cases at once. They wait for the disk more than they compute.
const AT_ONCE: usize = 4;

/// Runs every case and returns what they came to.
///
/// # Panics
/// When one of them did, after all of them.
pub async fn sweep<C, T, F>(cases: Vec<C>, run: fn(C) -> F) -> Vec<T>
where
    C: Clone + Debug + Send + 'static,
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut waiting = cases.into_iter();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let mut running = JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(case) = waiting.next()
        {
            running.spawn(async move {
                let ran = tokio::spawn(run(case.clone())).await;
                (case, ran)
            });
        }
        match running.join_next().await {
            None => break,
            Some(ended) => match ended.expect("it only waits") {
                (_, Ok(came_to)) => done.push(came_to),
                (case, Err(_)) => {
                    eprintln!("^ {case:?}");
                    failed.push(case);
                }
            },
        }
    }
    assert!(failed.is_empty(), "{} failed: {failed:#?}", failed.len());
    done
}
