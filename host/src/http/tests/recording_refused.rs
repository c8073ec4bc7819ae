//! What was never sent, in a recording and in its replay: limits and breakers
//! refuse again, without asking anybody.

use std::num::NonZeroU32;
use std::sync::Arc;

use tempfile::TempDir;

use super::server::{Server, answer, config, get};
use crate::http::{
    HostPlace, HostRule, Http, HttpConfig, HttpErrorKind, Meter, RequestPolicy, Role,
};

#[tokio::test]
async fn what_a_limit_refused_is_refused_again_and_costs_nothing() {
    let server = Server::answering(|_| answer("200 OK", &[], b"x")).await;
    let tape = TempDir::new().unwrap();
    let path = tape.path().join("run.har");
    let mut live = config(vec![server.pin("a.test")]);
    live.record = Some(path.clone());
    live.politeness.rules = vec![HostRule {
        per_minute: NonZeroU32::new(1),
        ..HostRule::new(HostPlace::parse("a.test").unwrap())
    }];
    let replayed = HttpConfig {
        replay: Some(path),
        ..config(Vec::new())
    };
    for config in [live, replayed] {
        let http = Http::new(config).unwrap();
        let session = http.session_for("w");
        let meter = Arc::new(Meter::new(9, 100));
        let ask = async || {
            let request = get("http://a.test/x", Role::Metadata)
                .under(RequestPolicy::default())
                .metered(Arc::clone(&meter));
            session.fetch(request).await
        };
        assert_eq!(ask().await.unwrap().status, 200);
        let refused = ask().await.unwrap_err();
        assert_eq!(refused.kind, HttpErrorKind::RateLimited);
        assert!(refused.message.contains("would make it wait"), "{refused}");
        assert_eq!(meter.requests_used(), 1);
        http.finish_recording().unwrap();
    }
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_breaker_found_open_is_found_open_again() {
    let server = Server::answering(|_| answer("503 Busy", &[], b"")).await;
    let tape = TempDir::new().unwrap();
    let path = tape.path().join("run.har");
    let mut live = config(vec![server.pin("a.test")]);
    live.record = Some(path.clone());
    let replayed = HttpConfig {
        replay: Some(path),
        ..config(Vec::new())
    };
    let mut seen = Vec::new();
    for config in [live, replayed] {
        let http = Http::new(config).unwrap();
        let session = http.session_for("w");
        let mut answers = vec![session.refuses("a.test")];
        for _ in 0..7 {
            let answer = session.fetch(get("http://a.test/x", Role::Metadata)).await;
            answers.push(answer.is_err_and(|error| error.kind == HttpErrorKind::BreakerOpen));
            answers.push(session.refuses("a.test"));
        }
        http.finish_recording().unwrap();
        seen.push(answers);
    }
    assert!(seen[0].contains(&true) && seen[0].contains(&false));
    assert_eq!(seen[0], seen[1]);
}
