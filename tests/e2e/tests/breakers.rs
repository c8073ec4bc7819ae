//! Circuit breakers as the origins see them: a host in trouble is left alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, Paper, Pdf, RetryAfter, Service, World};
use serde_json::json;

const WORKS: usize = 8;

/// Works on an arXiv that answers like this.
async fn on_arxiv(answer: &Answer, flags: &[&str]) -> (Rig, Ran) {
    on_arxiv_with(answer, flags, "").await
}

async fn on_arxiv_with(answer: &Answer, flags: &[&str], toml: &str) -> (Rig, Ran) {
    let mut world = World::new();
    let mut works = Vec::new();
    for n in 0..WORKS {
        let id = format!("2101.0000{n}");
        world = world.paper(Paper::new("Broken").arxiv(&id).arxiv_pdf(answer.clone()));
        works.push(json!({"work_id": format!("W{n}"), "arxiv_id": id}));
    }
    let rig = Rig::new(world).await;
    rig.file("paperfall.toml", toml);
    let flags: Vec<&str> = ["--only", "arxiv"].iter().chain(flags).copied().collect();
    let ran = rig.race(&works, &flags).await;
    assert_eq!(ran.code, 1, "{ran}");
    (rig, ran)
}

fn asked(rig: &Rig) -> usize {
    rig.web.requests_for("arxiv.org", "/").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_fails_five_times_is_asked_no_more_and_its_source_is_skipped_for_free() {
    let (rig, ran) = on_arxiv(&Answer::status(500), &[]).await;
    assert_eq!(asked(&rig), 5, "{ran}");
    for n in 0..5 {
        assert_eq!(rig.attempts(&format!("W{n}")), ["arxiv retryable http_5xx"]);
    }
    for n in 5..WORKS {
        let work = format!("W{n}");
        assert_eq!(rig.attempts(&work), ["arxiv skipped breaker_open"]);
        let result = rig.result(&work);
        // Nobody knows whether the paper is there.
        assert_eq!(result["outcome"], "retryable");
        assert_eq!(result["reason"], "breaker_open");
        assert_eq!(result["attempts"][0]["requests"], 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_gate_the_source_is_tried_and_the_host_still_not_asked() {
    let toml = "[gates]\nskip_if_breaker_open = false\n";
    let (rig, ran) = on_arxiv_with(&Answer::status(500), &[], toml).await;
    assert_eq!(asked(&rig), 5, "{ran}");
    assert_eq!(rig.attempts("W7"), ["arxiv skipped breaker_open"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_trouble_of_the_host_opens_nothing() {
    for answer in [
        Answer::status(404),
        Answer::status(403),
        Answer::challenge(),
    ] {
        let (rig, ran) = on_arxiv(&answer, &[]).await;
        assert_eq!(asked(&rig), WORKS, "{answer:?}: {ran}");
    }
    let (rig, ran) = on_arxiv(
        &Answer::status(500),
        &["--host-limit", "arxiv.org:breaker=false"],
    )
    .await;
    assert_eq!(asked(&rig), WORKS, "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_breaker_of_one_host_leaves_other_sources_to_win() {
    let mut world = World::new();
    let mut works = Vec::new();
    for n in 0..WORKS {
        let (id, doi) = (format!("2101.0000{n}"), format!("10.5555/{n}"));
        let pdf = format!("https://journal.example/{n}.pdf");
        world = world.paper(
            Paper::new("Elsewhere")
                .arxiv(&id)
                .arxiv_pdf(Answer::status(500))
                .doi(&doi)
                .doi_leads_to(&pdf)
                .page(&pdf, Answer::pdf(Pdf::new("Elsewhere", 7, 20_000))),
        );
        works.push(json!({"work_id": format!("W{n}"), "arxiv_id": id, "doi": doi}));
    }
    let rig = Rig::new(world).await;
    let ran = rig.race(&works, &["--only", "arxiv,doi_redirect"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(asked(&rig), 5);
    assert_eq!(
        rig.attempts("W7"),
        ["arxiv skipped breaker_open", "doi_redirect success doi_pdf"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_asks_for_an_hour_is_left_alone_at_once() {
    let limited = Answer::rate_limited(RetryAfter::Seconds(3600));
    let mut world = World::new();
    let mut works = Vec::new();
    for n in 0..3 {
        let doi = format!("10.5555/{n}");
        world = world.paper(
            Paper::new("Limited")
                .doi(&doi)
                .when_asked(Service::Unpaywall, limited.clone()),
        );
        works.push(json!({"work_id": format!("W{n}"), "doi": doi}));
    }
    let rig = Rig::new(world).await;
    let ran = rig.race(&works, &["--only", "unpaywall"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(rig.web.requests_for("api.unpaywall.org", "/").len(), 1);
    assert_eq!(rig.attempts("W0"), ["unpaywall retryable rate_limited"]);
    for work in ["W1", "W2"] {
        assert_eq!(rig.attempts(work), ["unpaywall skipped breaker_open"]);
    }
}
