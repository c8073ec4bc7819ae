//! Rates and slots, from the side of those who wait.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep, timeout};

use super::courier::{Asking, Script, count, later, politeness, rule, status};
use crate::http::politeness::HostRule;
use crate::http::{BreakerVerdict, HttpErrorKind};

const A: &str = "https://a.org/x";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn per_second(place: &str, per_second: u32) -> HostRule {
    HostRule {
        per_second: count(per_second),
        ..rule(place)
    }
}

fn ok() -> Script {
    Script::default().on(A, &[status(200)])
}

#[tokio::test(start_paused = true)]
async fn sixteen_askers_are_spaced_by_the_rate_in_the_order_they_came() {
    let politeness = politeness(vec![per_second("a.org", 4)]);
    let wire = ok();
    let start = Instant::now();
    let asking = Asking::default();
    let asked = (0..16).map(|_| asking.send(&politeness, &wire, A));
    let ended = join_all(asked).await;
    let times: Vec<u128> = (0..16).map(|n| n * 250).collect();
    assert_eq!(wire.times(start), times);
    let waits: Vec<u128> = ended
        .iter()
        .map(|(_, told)| told.waited.as_millis())
        .collect();
    assert_eq!(waits, times);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_gate_is_refused_at_once_and_costs_no_request() {
    let politeness = politeness(vec![per_second("a.org", 1)]);
    let wire = ok();
    let asking = Asking::default().waiting(ms(1500));
    let start = Instant::now();
    let (one, two, three) = tokio::join!(
        asking.send(&politeness, &wire, A),
        asking.send(&politeness, &wire, A),
        async {
            let ended = asking.send(&politeness, &wire, A).await;
            (ended, start.elapsed())
        },
    );
    assert_eq!((one.0, two.0), (Ok(200), Ok(200)));
    assert_eq!(three.0.0, Err(HttpErrorKind::RateLimited));
    assert_eq!(three.1, Duration::ZERO);
    assert_eq!(wire.times(start), [0, 1000]);
    assert_eq!(asking.meter.requests_used(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_never_begun() {
    let politeness = politeness(vec![per_second("a.org", 1)]);
    let wire = ok();
    let _ = Asking::default().send(&politeness, &wire, A).await;
    let start = Instant::now();
    let hasty = Asking::default().within(ms(900));
    let (result, _) = hasty.send(&politeness, &wire, A).await;
    assert_eq!(result, Err(HttpErrorKind::RateLimited));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_gate_of_zero_lets_through_what_need_not_wait() {
    // On the real clock, which goes on between two looks at it.
    let limited = HostRule {
        max_concurrent: count(1),
        ..per_second("a.org", 1)
    };
    let politeness = politeness(vec![limited]);
    let wire = ok();
    let asking = Asking::default().waiting(Duration::ZERO);
    assert_eq!(asking.send(&politeness, &wire, A).await.0, Ok(200));
    let (result, _) = asking.send(&politeness, &wire, A).await;
    assert_eq!(result, Err(HttpErrorKind::RateLimited));
}

#[tokio::test(start_paused = true)]
async fn who_is_dropped_while_waiting_gives_the_moment_to_the_next() {
    let politeness = politeness(vec![per_second("a.org", 1)]);
    let wire = ok();
    let start = Instant::now();
    let asking = Asking::default();
    let _ = asking.send(&politeness, &wire, A).await;
    for _ in 0..5 {
        timeout(ms(10), asking.send(&politeness, &wire, A))
            .await
            .unwrap_err();
    }
    let _ = asking.send(&politeness, &wire, A).await;
    assert_eq!(wire.times(start), [0, 1000]);
}

#[tokio::test(start_paused = true)]
async fn each_place_and_each_host_has_a_limit_of_its_own() {
    let politeness = politeness(vec![per_second("a.org/cdx", 1), per_second("*", 2)]);
    let wire = Script::default();
    let start = Instant::now();
    let asking = Asking::default();
    let urls = [
        "https://a.org/cdx",
        "https://a.org/cdx",
        "https://a.org/web",
        "https://a.org/web",
        "https://b.org/",
    ];
    join_all(urls.map(|url| asking.send(&politeness, &wire, url))).await;
    assert_eq!(wire.times(start), [0, 0, 0, 500, 1000]);
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_held_until_the_answer_is_given_up() {
    let limited = HostRule {
        max_concurrent: count(2),
        ..rule("a.org")
    };
    let politeness = politeness(vec![limited]);
    let wire = ok();
    let asking = Asking::default();
    let (first, _) = asking.hold(&politeness, &wire, A).await;
    let (second, _) = asking.hold(&politeness, &wire, A).await;
    let third = asking.clone().waiting(ms(100));
    let (refused, _) = third.send(&politeness, &wire, A).await;
    assert_eq!(refused, Err(HttpErrorKind::RateLimited));
    assert_eq!(wire.sent().len(), 2);
    let (third, _) = tokio::join!(third.send(&politeness, &wire, A), async {
        sleep(ms(50)).await;
        drop(first);
    });
    assert_eq!(third.0, Ok(200));
    assert_eq!(third.1.waited, ms(50));
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_and_one_a_second_go_together() {
    let limited = HostRule {
        max_concurrent: count(1),
        ..per_second("a.org", 1)
    };
    let politeness = politeness(vec![limited]);
    let wire = ok().taking(ms(1400));
    let start = Instant::now();
    let asking = Asking::default();
    join_all((0..3).map(|_| asking.send(&politeness, &wire, A))).await;
    assert_eq!(wire.times(start), [0, 1400, 2800]);
}

#[tokio::test(start_paused = true)]
async fn retry_after_closes_the_host_for_everybody_and_every_place() {
    let politeness = politeness(vec![per_second("a.org/cdx", 1)]);
    let wire = Script::default()
        .on("https://a.org/cdx", &[later(429, 3), status(200)])
        .on("https://a.org/web", &[status(200)]);
    let start = Instant::now();
    let asking = Asking::default();
    let (limited, _) = asking.send(&politeness, &wire, "https://a.org/cdx").await;
    assert_eq!(limited, Ok(429));
    let (web, _) = asking.send(&politeness, &wire, "https://a.org/web").await;
    assert_eq!(web, Ok(200));
    assert_eq!(wire.times(start), [0, 3000]);
    let (other, _) = asking.send(&politeness, &wire, "https://b.org/").await;
    assert_eq!(other, Ok(404));
}

#[tokio::test(start_paused = true)]
async fn retry_after_as_a_date_on_a_page_is_heeded_too() {
    let date = jiff::Timestamp::now() + Duration::from_secs(4);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&date)
        .unwrap();
    let page = super::courier::Next::Answer(503, Some(("retry-after", date)), "<html>busy</html>");
    let politeness = politeness(vec![]);
    let wire = Script::default().on(A, &[page, status(200)]);
    let asking = Asking::default();
    let _ = asking.send(&politeness, &wire, A).await;
    let (result, told) = asking.send(&politeness, &wire, A).await;
    assert_eq!(result, Ok(200));
    // The date is cut to the second, and the real clock went on meanwhile.
    assert!(told.waited > ms(500) && told.waited <= ms(4000), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asks_for_an_hour_has_its_breaker_opened_for_an_hour() {
    let politeness = politeness(vec![]);
    let wire = Script::default().on(A, &[later(429, 3600), status(200)]);
    let asking = Asking::default();
    let _ = asking.send(&politeness, &wire, A).await;
    assert!(politeness.refuses("a.org"));
    advance(ms(3_599_000)).await;
    let (result, told) = asking.send(&politeness, &wire, A).await;
    assert_eq!(result, Err(HttpErrorKind::BreakerOpen));
    assert_eq!(told.breaker, BreakerVerdict::Open);
    advance(ms(1_000)).await;
    let (result, told) = asking.send(&politeness, &wire, A).await;
    assert_eq!((result, told.breaker), (Ok(200), BreakerVerdict::HalfOpen));
}

#[tokio::test(start_paused = true)]
async fn a_captured_429_is_no_word_of_the_archive() {
    let capture = (
        "memento-datetime",
        "Tue, 15 Aug 2019 08:00:00 GMT".to_owned(),
    );
    let captured = super::courier::Next::Answer(429, Some(capture), "");
    let politeness = politeness(vec![]);
    let wire = Script::default().on(A, &[captured]);
    let asking = Asking::retrying(3);
    for _ in 0..8 {
        let (result, told) = asking.send(&politeness, &wire, A).await;
        assert_eq!((result, told.retries), (Ok(429), 0));
    }
    assert!(!politeness.refuses("a.org"));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_lets_nothing_reach_the_wire_and_one_probe_at_a_time() {
    let politeness = Arc::new(politeness(vec![]));
    let wire = Script::default().on(A, &[status(500)]).taking(ms(100));
    let asking = Asking::default();
    for _ in 0..5 {
        assert_eq!(asking.send(&politeness, &wire, A).await.0, Ok(500));
    }
    assert_eq!(
        asking.send(&politeness, &wire, A).await.0,
        Err(HttpErrorKind::BreakerOpen)
    );
    assert_eq!(wire.sent().len(), 5);
    assert_eq!(asking.meter.requests_used(), 5);
    advance(ms(30_000)).await;
    let ended = join_all((0..8).map(|_| asking.send(&politeness, &wire, A))).await;
    assert_eq!(wire.sent().len(), 6);
    let refused = |(result, _): &&super::courier::Ended| *result == Err(HttpErrorKind::BreakerOpen);
    assert_eq!(ended.iter().filter(refused).count(), 7);
}

#[tokio::test(start_paused = true)]
async fn silence_until_a_distant_deadline_is_a_failure_and_a_hasty_one_is_not() {
    use super::courier::Next::Silence;
    for (deadline, opens) in [(ms(900), false), (ms(6_000), true)] {
        let politeness = politeness(vec![]);
        let wire = Script::default().on(A, &[Silence]);
        let asking = Asking::default().within(deadline);
        for _ in 0..5 {
            let (result, _) = asking.send(&politeness, &wire, A).await;
            assert_eq!(result, Err(HttpErrorKind::Timeout));
        }
        assert_eq!(politeness.refuses("a.org"), opens, "{deadline:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_without_a_breaker_is_asked_however_often_it_fails() {
    let fearless = HostRule {
        breaker: Some(false),
        ..rule("*")
    };
    let politeness = politeness(vec![fearless]);
    let wire = Script::default().on(A, &[status(500)]);
    for _ in 0..12 {
        let (result, told) = Asking::default().send(&politeness, &wire, A).await;
        assert_eq!((result, told.breaker), (Ok(500), BreakerVerdict::NotAsked));
    }
    assert!(!politeness.refuses("a.org"));
}
