//! What is asked again, how often, and when no more.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::courier::{Asking, Next, Script, count, later, politeness, rule, status};
use crate::http::politeness::HostRule;
use crate::http::{HttpErrorKind, Meter};

const A: &str = "https://a.org/x";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_asked_again_and_what_may_not_is_not() {
    use HttpErrorKind as Kind;
    for (next, again) in [
        (status(429), true),
        (status(502), true),
        (status(503), true),
        (status(504), true),
        (Next::Fail(Kind::Connect), true),
        (Next::Fail(Kind::Reset), true),
        (status(500), false),
        (status(501), false),
        (status(400), false),
        (status(403), false),
        (status(404), false),
        (status(410), false),
        (status(301), false),
        (status(200), false),
        (Next::Fail(Kind::Tls), false),
        (Next::Fail(Kind::Stalled), false),
        (Next::Fail(Kind::PrivateAddress), false),
        (Next::Fail(Kind::Protocol), false),
    ] {
        let wire = Script::default().on(A, &[next.clone(), status(200)]);
        let asking = Asking::retrying(2);
        let (_, told) = asking.send(&politeness(vec![]), &wire, A).await;
        let sent = if again { 2 } else { 1 };
        assert_eq!(wire.sent().len(), sent, "{next:?}");
        assert_eq!(told.retries, u32::from(again), "{next:?}");
        assert_eq!(asking.meter.retries(), u32::from(again), "{next:?}");
        assert_eq!(asking.meter.requests_used(), told.retries + 1, "{next:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_retries_as_the_policy_says() {
    for retries in [0, 1, 3] {
        let wire = Script::default().on(A, &[status(503)]);
        let asking = Asking::retrying(retries);
        let (result, told) = asking.send(&politeness(vec![]), &wire, A).await;
        assert_eq!((result, told.retries), (Ok(503), retries));
        assert_eq!(wire.sent().len(), usize::try_from(retries).unwrap() + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn no_retry_begins_that_would_wait_past_the_deadline() {
    for _ in 0..50 {
        let wire = Script::default().on(A, &[status(503)]);
        let asking = Asking::retrying(10).within(Duration::from_millis(700));
        let start = Instant::now();
        let (result, _) = asking.send(&politeness(vec![]), &wire, A).await;
        assert_eq!(result, Ok(503), "the answer, not a time-out");
        assert!(start.elapsed() <= Duration::from_millis(700));
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_as_long_as_the_server_asks() {
    let wire = Script::default().on(A, &[later(503, 3), status(200)]);
    let start = Instant::now();
    let asking = Asking::retrying(1).within(seconds(10));
    let (result, told) = asking.send(&politeness(vec![]), &wire, A).await;
    assert_eq!((result, told.retries), (Ok(200), 1));
    assert_eq!(wire.times(start), [0, 3000]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_more_than_the_gate_or_the_deadline_is_not_waited_for() {
    for (asked, deadline) in [(6, 60), (4, 4)] {
        let wire = Script::default().on(A, &[later(429, asked), status(200)]);
        let start = Instant::now();
        let asking = Asking::retrying(3).within(seconds(deadline));
        let (result, told) = asking.send(&politeness(vec![]), &wire, A).await;
        assert_eq!((result, told.retries), (Ok(429), 0));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn retries_are_paid_for_from_the_attempts_budget() {
    let wire = Script::default().on(A, &[status(503)]);
    let mut asking = Asking::retrying(5);
    asking.meter = Meter::new(3, 0).into();
    let (result, told) = asking.send(&politeness(vec![]), &wire, A).await;
    assert_eq!((result, told.retries), (Ok(503), 2));
    assert_eq!(wire.sent().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn retries_keep_to_the_limits_and_wait_for_no_slot_of_their_own() {
    let limited = HostRule {
        per_second: count(1),
        max_concurrent: count(1),
        ..rule("a.org")
    };
    let wire = Script::default().on(A, &[status(503), status(503), status(200)]);
    let start = Instant::now();
    let asking = Asking::retrying(2);
    let (result, _) = asking.send(&politeness(vec![limited]), &wire, A).await;
    assert_eq!(result, Ok(200));
    let times = wire.times(start);
    assert!(times[1] >= 1000 && times[2] >= times[1] + 1000, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn retries_end_when_the_breaker_opens_and_the_last_answer_is_told() {
    let politeness = politeness(vec![]);
    let wire = Script::default().on(A, &[status(503)]);
    let asking = Asking::retrying(10);
    let (result, told) = asking.send(&politeness, &wire, A).await;
    assert_eq!((result, told.retries), (Ok(503), 4));
    assert_eq!(wire.sent().len(), 5);
    assert!(politeness.refuses("a.org"));
}

#[tokio::test(start_paused = true)]
async fn a_request_dropped_between_two_tries_sends_nothing_more() {
    let wire = Script::default().on(A, &[later(503, 4), status(200)]);
    let asking = Asking::retrying(3);
    let politeness = politeness(vec![]);
    timeout(seconds(1), asking.send(&politeness, &wire, A))
        .await
        .unwrap_err();
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(wire.sent().len(), 1);
}
