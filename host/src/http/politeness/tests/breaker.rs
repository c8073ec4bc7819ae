//! Circuit breakers: when they open, what they let try, how they close.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::advance;

use crate::http::BreakerVerdict;
use crate::http::politeness::breaker::*;
use crate::telemetry::Metrics;

const HOST: &str = "a.org";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn fail(breakers: &Arc<Breakers>, times: usize) {
    for _ in 0..times {
        breakers.admit(HOST).unwrap().failed();
    }
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_minute_open_it_for_half_a_minute() {
    let breakers = Arc::new(Breakers::default());
    fail(&breakers, 4);
    assert_eq!(breakers.refuses(HOST), None);
    fail(&breakers, 1);
    assert_eq!(breakers.admit(HOST).unwrap_err(), seconds(30));
    assert_eq!(breakers.refuses("b.org"), None, "each host by itself");
    advance(seconds(29)).await;
    assert_eq!(breakers.refuses(HOST), Some(seconds(1)));
    advance(seconds(1)).await;
    assert_eq!(breakers.refuses(HOST), None);
}

#[tokio::test(start_paused = true)]
async fn metrics_follow_it_from_open_to_closed() {
    let metrics = Metrics::new();
    let breakers = Arc::new(Breakers::counted(metrics.clone()));
    let counted = |open: u8, half_open: u8, openings: u8| {
        let text = metrics.render();
        for (series, value) in [
            ("breakers{state=\"open\"}", open),
            ("breakers{state=\"half_open\"}", half_open),
            ("breaker_openings_total{host_class=\"other\"}", openings),
        ] {
            let line = format!("paperfall_{series} {value}\n");
            // What never happened has no line.
            let there = text.contains(&line) || (value == 0 && !text.contains(series));
            assert!(there, "no {line} in {text}");
        }
    };
    fail(&breakers, 4);
    counted(0, 0, 0);
    fail(&breakers, 1);
    counted(1, 0, 1);
    advance(seconds(30)).await;
    let leave = breakers.admit(HOST).unwrap();
    counted(0, 1, 1);
    leave.failed();
    counted(1, 0, 1);
    advance(seconds(60)).await;
    drop(breakers.admit(HOST).unwrap());
    breakers.admit(HOST).unwrap().worked();
    counted(0, 0, 1);
}

#[tokio::test(start_paused = true)]
async fn failures_a_minute_apart_do_not_add_up() {
    let breakers = Arc::new(Breakers::default());
    for _ in 0..20 {
        fail(&breakers, 1);
        advance(seconds(15)).await;
    }
    assert_eq!(breakers.refuses(HOST), None);
}

#[tokio::test(start_paused = true)]
async fn a_success_forgives_one_failure() {
    let breakers = Arc::new(Breakers::default());
    for _ in 0..20 {
        fail(&breakers, 1);
        breakers.admit(HOST).unwrap().worked();
    }
    assert_eq!(breakers.refuses(HOST), None);
    fail(&breakers, 4);
    breakers.admit(HOST).unwrap().worked();
    fail(&breakers, 1);
    assert_eq!(breakers.refuses(HOST), None);
    fail(&breakers, 1);
    assert!(breakers.refuses(HOST).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_half_open_breaker_lets_one_request_through_at_a_time() {
    let breakers = Arc::new(Breakers::default());
    fail(&breakers, 5);
    advance(seconds(30)).await;
    let probe = breakers.admit(HOST).unwrap();
    assert_eq!(probe.verdict(), BreakerVerdict::HalfOpen);
    assert!(breakers.admit(HOST).is_err());
    probe.worked();
    assert_eq!(
        breakers.admit(HOST).unwrap().verdict(),
        BreakerVerdict::Closed
    );
    assert!(breakers.admit(HOST).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_probe_lost_with_its_race_leaves_the_place_to_the_next() {
    let breakers = Arc::new(Breakers::default());
    fail(&breakers, 5);
    advance(seconds(30)).await;
    for _ in 0..3 {
        drop(breakers.admit(HOST).unwrap());
    }
    let probe = breakers.admit(HOST).unwrap();
    assert!(breakers.admit(HOST).is_err());
    probe.worked();
    assert_eq!(
        breakers.admit(HOST).unwrap().verdict(),
        BreakerVerdict::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn every_failed_try_doubles_the_pause_up_to_a_quarter_of_an_hour() {
    let breakers = Arc::new(Breakers::default());
    fail(&breakers, 5);
    let mut pauses = Vec::new();
    for _ in 0..7 {
        let pause = breakers.refuses(HOST).unwrap();
        pauses.push(pause.as_secs());
        advance(pause).await;
        fail(&breakers, 1);
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900]);
    advance(seconds(900)).await;
    breakers.admit(HOST).unwrap().worked();
    fail(&breakers, 5);
    assert_eq!(breakers.refuses(HOST), Some(seconds(30)), "a fresh start");
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_it_opened_neither_closes_nor_prolongs_it() {
    let breakers = Arc::new(Breakers::default());
    let early: Vec<Leave> = (0..3).map(|_| breakers.admit(HOST).unwrap()).collect();
    fail(&breakers, 5);
    let mut early = early.into_iter();
    early.next().unwrap().worked();
    early.next().unwrap().failed();
    assert_eq!(breakers.refuses(HOST), Some(seconds(30)));
    advance(seconds(30)).await;
    let probe = breakers.admit(HOST).unwrap();
    drop(early);
    assert!(
        breakers.admit(HOST).is_err(),
        "the probe is still under way"
    );
    probe.failed();
    assert_eq!(breakers.refuses(HOST), Some(seconds(60)));
}

#[tokio::test(start_paused = true)]
async fn a_host_can_ask_for_a_longer_pause_than_any_breaker_takes() {
    let breakers = Arc::new(Breakers::default());
    breakers.open_for(HOST, seconds(3600));
    advance(seconds(3599)).await;
    assert!(breakers.admit(HOST).is_err());
    advance(seconds(1)).await;
    breakers.admit(HOST).unwrap().worked();
    assert_eq!(breakers.refuses(HOST), None);
}

#[tokio::test(start_paused = true)]
async fn hosts_without_blemish_are_forgotten() {
    let breakers = Arc::new(Breakers::default());
    for n in 0..HOSTS_KEPT {
        breakers.admit(&format!("h{n}.org")).unwrap().failed();
    }
    advance(BREAKER_WINDOW).await;
    fail(&breakers, 1);
    assert_eq!(breakers.kept(), 1);
}
