//! Which exchange of a recording answers, and when.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::server::{Server, answer, config, fetch, get};
use super::tape::{Tape, browser_har, play};
use crate::http::{HostGrants, HostPattern, Http, HttpErrorKind, Method, Request, Role, Session};

#[tokio::test]
async fn method_url_and_range_decide_and_order_does_the_rest() {
    let server = Server::with(|head, mut stream| async move {
        let range = head.to_ascii_lowercase().contains("range: bytes=0-1");
        let body: &[u8] = if range { b"01" } else { b"0123" };
        stream.write_all(&answer("200 OK", &[], body)).await.ok();
        stream.shutdown().await.ok();
    })
    .await;
    let counter = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counting = Arc::clone(&counter);
    let second = Server::answering(move |_| {
        let n = counting.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        answer("200 OK", &[], n.to_string().as_bytes())
    })
    .await;
    let tape = Tape::new();
    let mut config = config(vec![server.pin("a.test"), second.pin("n.test")]);
    config.record = Some(tape.path());
    let http = Http::new(config).unwrap();
    let ranged = || {
        get("http://a.test/x", Role::Metadata)
            .header("Range", "bytes=0-1")
            .unwrap()
    };
    let session = http.session();
    fetch(&session, "http://a.test/x").await.unwrap();
    session.fetch(ranged()).await.unwrap();
    for _ in 0..3 {
        fetch(&session, "http://n.test/").await.unwrap();
    }
    drop(session);
    http.finish_recording().unwrap();

    let session = tape.player().session();
    assert_eq!(&session.fetch(ranged()).await.unwrap().body[..], b"01");
    let whole = fetch(&session, "http://a.test/x").await.unwrap();
    assert_eq!(&whole.body[..], b"0123");
    for n in 0..3 {
        let response = fetch(&session, "http://n.test/").await.unwrap();
        assert_eq!(&response.body[..], n.to_string().as_bytes());
    }
    let error = fetch(&session, "http://n.test/").await.unwrap_err();
    assert!(error.message.contains("all 3 recorded"), "{error}");
    let head = Request::new(
        Method::Head,
        "http://n.test/",
        Role::Metadata,
        HostGrants::any(),
    );
    let error = session.fetch(head.unwrap()).await.unwrap_err();
    assert!(
        error.message.contains("nearest: GET http://n.test/"),
        "{error}"
    );
}

#[tokio::test]
async fn a_request_that_was_not_recorded_is_told_the_nearest_ones() {
    let folder = TempDir::new().unwrap();
    let har = browser_har(
        &folder,
        &[
            ("https://api.test/v2/10.1000/one", "1"),
            ("https://api.test/v2/10.1000/two", "2"),
            ("https://other.test/v2/10.1000/onf", "3"),
            ("https://api.test/quite/something/else/altogether", "4"),
            ("https://far.test/", "5"),
        ],
    );
    let session = play(&har, |_| {}).session();
    let error = fetch(&session, "https://api.test/v2/10.1000/onf")
        .await
        .unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Other);
    assert!(
        error
            .message
            .contains("not recorded: GET https://api.test/v2/10.1000/onf")
            && error.message.contains(
                "nearest: GET https://api.test/v2/10.1000/one; \
                 GET https://api.test/v2/10.1000/two; \
                 GET https://api.test/quite/something/else/altogether"
            ),
        "{error}"
    );
}

#[tokio::test]
async fn the_policies_judge_a_replay_as_they_judge_the_network() {
    let folder = TempDir::new().unwrap();
    let urls = ["http://10.0.0.1/", "http://a.test/", "http://[::1]/"];
    let har = browser_har(&folder, &urls.map(|url| (url, "x")));
    let session = play(&har, |_| {}).session();
    for private in [urls[0], urls[2]] {
        let error = fetch(&session, private).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::PrivateAddress);
    }
    let only_b = HostGrants::new([HostPattern::parse("b.test").unwrap()]);
    let request = Request::new(Method::Get, urls[1], Role::Metadata, only_b).unwrap();
    let error = session.fetch(request).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::DeniedHost);
    assert!(fetch(&session, urls[1]).await.is_ok());
}

#[tokio::test]
async fn what_a_lost_race_cut_off_stays_pending() {
    let under_way = Arc::new(Semaphore::new(0));
    let arrived = Arc::clone(&under_way);
    let server = Server::with(move |head, mut stream| {
        let arrived = Arc::clone(&arrived);
        async move {
            if head.contains("/slow-body") {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                    .await
                    .ok();
            }
            if head.contains("/slow") {
                arrived.add_permits(1);
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            stream.write_all(&answer("200 OK", &[], b"fast")).await.ok();
            stream.shutdown().await.ok();
        }
    })
    .await;
    let tape = Tape::new();
    let race = async |session: &Session| {
        let slow = ["http://a.test/slow", "http://a.test/slow-body"];
        tokio::select! {
            biased;
            _ = fetch(session, slow[0]) => "slow",
            _ = fetch(session, slow[1]) => "slow-body",
            answer = async {
                // The slow ones are on their way, and what was said is read.
                under_way.acquire_many(2).await.unwrap().forget();
                tokio::time::sleep(Duration::from_millis(100)).await;
                under_way.add_permits(2);
                fetch(session, "http://b.test/fast").await
            } => { answer.unwrap(); "fast" }
        }
    };
    let http = tape.recorder(&server);
    let session = http.session_for("w");
    assert_eq!(race(&session).await, "fast");
    drop(session);
    http.finish_recording().unwrap();
    let aborted: Vec<_> = tape
        .entries()
        .iter()
        .filter(|entry| entry["_aborted"] == true)
        .map(|entry| entry["response"]["status"].as_u64().unwrap())
        .collect();
    assert_eq!(aborted.len(), 2);
    assert!(aborted.contains(&0) && aborted.contains(&200));

    let session = tape.player().session_for("w");
    assert_eq!(race(&session).await, "fast");
}

#[tokio::test]
async fn a_race_ends_as_it_ended_whoever_asks_first() {
    let two_is_answered = Arc::new(Semaphore::new(0));
    let server = Server::with(move |head, mut stream| {
        let two_is_answered = Arc::clone(&two_is_answered);
        async move {
            let is_one = head.contains("/one");
            if is_one {
                two_is_answered.acquire().await.unwrap().forget();
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            stream.write_all(&answer("200 OK", &[], b"x")).await.ok();
            stream.shutdown().await.ok();
            if !is_one {
                two_is_answered.add_permits(1);
            }
        }
    })
    .await;
    let tape = Tape::new();
    let race = async |session: &Session, late: Duration| {
        let two = async {
            tokio::time::sleep(late).await;
            fetch(session, "http://b.test/two").await
        };
        let one = fetch(session, "http://a.test/one");
        tokio::pin!(one, two);
        let first = tokio::select! {
            answer = &mut one => { answer.unwrap(); 1 }
            answer = &mut two => { answer.unwrap(); 2 }
        };
        let second = if first == 1 { two.await } else { one.await };
        second.unwrap();
        first
    };
    let http = tape.recorder(&server);
    let session = http.session_for("w");
    let live = race(&session, Duration::ZERO).await;
    assert_eq!(live, 2);
    drop(session);
    http.finish_recording().unwrap();
    for late in [0, 50, 300] {
        let session = tape.player().session_for("w");
        let replayed = race(&session, Duration::from_millis(late)).await;
        assert_eq!(replayed, live, "asked {late} ms later");
    }
}

#[tokio::test]
async fn one_source_alone_is_answered_at_once_from_the_recording_of_a_race() {
    let server = Server::with(|_, mut stream| async move {
        stream.write_all(&answer("200 OK", &[], b"x")).await.ok();
        stream.shutdown().await.ok();
    })
    .await;
    let tape = Tape::new();
    let http = tape.recorder(&server);
    let session = http.session_for("w");
    for url in ["http://a.test/one", "http://b.test/two"] {
        fetch(&session, url).await.unwrap();
    }
    drop(session);
    http.finish_recording().unwrap();
    let alone = play(&tape.path(), |config| config.replay_alone = true);
    // From here on time passes only where somebody waits for it.
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    fetch(&alone.session_for("w"), "http://b.test/two")
        .await
        .unwrap();
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_deadline_that_passed_passes_again() {
    let server = Server::with(|_, stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let tape = Tape::new();
    for live in [true, false] {
        let http = if live {
            tape.recorder(&server)
        } else {
            tape.player()
        };
        let session = http.session_for("w");
        let deadline = Instant::now() + Duration::from_millis(200);
        let request = get("http://a.test/x", Role::Metadata).until(deadline);
        let error = session.fetch(request).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Timeout);
        assert!(Instant::now() >= deadline);
        drop(session);
        http.finish_recording().unwrap();
    }
    assert_eq!(tape.entries()[0]["_error"], "timeout");
}

#[tokio::test]
async fn a_body_decoded_by_a_browser_is_not_decoded_again() {
    let folder = TempDir::new().unwrap();
    let har = serde_json::json!({"log": {"entries": [{
        "request": {"method": "GET", "url": "https://a.test/x"},
        "response": {
            "status": 200,
            "headers": [
                {"name": "content-encoding", "value": "br"},
                {"name": "content-length", "value": "3"},
            ],
            "content": {"size": 5, "text": "a page"},
        },
    }]}});
    let path = folder.path().join("x.har");
    std::fs::write(&path, har.to_string()).unwrap();
    let response = fetch(&play(&path, |_| {}).session(), "https://a.test/x").await;
    assert_eq!(&response.unwrap().body[..], b"a page");
    let probe = play(&path, |_| {}).session();
    let request = get("https://a.test/x", Role::Landing);
    assert_eq!(&probe.fetch(request).await.unwrap().body[..], b"a page");
}

#[tokio::test]
async fn a_body_a_browser_did_not_save_is_a_named_failure() {
    let folder = TempDir::new().unwrap();
    let har = serde_json::json!({"log": {"entries": [{
        "request": {"method": "GET", "url": "https://a.test/x"},
        "response": {"status": 200, "content": {"size": 500}},
    }]}});
    let path = folder.path().join("x.har");
    std::fs::write(&path, har.to_string()).unwrap();
    let error = fetch(&play(&path, |_| {}).session(), "https://a.test/x").await;
    let error = error.unwrap_err();
    assert!(error.message.contains("without its body"), "{error}");
}
