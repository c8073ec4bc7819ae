//! Recordings seen from both ends: what is written, and what it answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::server::{Server, answer, config, fetch, get, to};
use crate::http::har::Private;
use crate::http::{
    CacheConfig, HostGrants, HostPattern, Http, HttpConfig, HttpErrorKind, Method, Request, Role,
    Secrets, Session,
};

const EMAIL: &str = "ada@lovelace.edu";

/// A folder with a recording in it.
struct Tape {
    folder: TempDir,
}

impl Tape {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("run.har")
    }

    fn recorder(&self, server: &Server) -> Http {
        let mut config = config(vec![server.pin("a.test"), server.pin("b.test")]);
        config.record = Some(self.path());
        config.private = private();
        Http::new(config).unwrap()
    }

    fn player(&self) -> Http {
        play(&self.path(), |_| {})
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn entries(&self) -> Vec<Value> {
        let har: Value = serde_json::from_str(&self.text()).unwrap();
        assert_eq!(har["log"]["version"], "1.2");
        har["log"]["entries"].as_array().unwrap().clone()
    }
}

fn private() -> Private {
    Private {
        email: Some(EMAIL.to_owned()),
        secrets: vec![secrets()],
    }
}

fn secrets() -> Secrets {
    Secrets::new([("KEY".to_owned(), "s3cr3t-k3y".to_owned())]).unwrap()
}

/// A stack that replays `path`: no name has an address.
fn play(path: &Path, change: impl FnOnce(&mut HttpConfig)) -> Http {
    let mut config = config(Vec::new());
    config.replay = Some(path.to_owned());
    config.private = private();
    change(&mut config);
    Http::new(config).unwrap()
}

/// A recording as a browser would write it, with one entry for each URL.
fn browser_har(folder: &TempDir, entries: &[(&str, &str)]) -> PathBuf {
    let entries: Vec<Value> = entries
        .iter()
        .map(|(url, body)| {
            serde_json::json!({
                "request": {"method": "GET", "url": url},
                "response": {"status": 200, "content": {"text": body}},
            })
        })
        .collect();
    let har = serde_json::json!({"log": {"entries": entries}});
    let path = folder.path().join("browser.har");
    std::fs::write(&path, har.to_string()).unwrap();
    path
}

async fn told(session: &Session, url: &str) -> String {
    match fetch(session, url).await {
        Ok(response) => format!(
            "{} {} {:?}",
            response.status,
            response.url,
            String::from_utf8_lossy(&response.body)
        ),
        Err(error) => format!("{}: {}", error.kind, error.message),
    }
}

#[tokio::test]
async fn every_way_to_answer_replays_as_it_was_without_a_server() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"a page that was encoded").unwrap();
    let encoded = gzip.finish().unwrap();
    let server = Server::answering(move |path| match path {
        "/plain" => answer("200 OK", &["Content-Type: text/plain", "X-A: b"], b"body"),
        "/bytes" => answer("200 OK", &[], b"\x00\xff\xfe"),
        "/gzip" => answer("200 OK", &["Content-Encoding: gzip"], &encoded),
        "/damaged" => answer("200 OK", &["Content-Encoding: gzip"], &encoded[..12]),
        "/redirect" => to("http://b.test/plain"),
        "/circle" => to("http://a.test/circle"),
        "/missing" => answer("404 Not Found", &[], b"no"),
        "/early" => answer("200 OK", &["Content-Length: 100"], b"half"),
        "/garbage" => b"garbage\r\n\r\n".to_vec(),
        "/large" => answer("200 OK", &[], &vec![b'x'; 9 * 1024 * 1024]),
        _ => Vec::new(),
    })
    .await;
    let paths = [
        "plain", "bytes", "gzip", "damaged", "redirect", "circle", "missing", "early", "garbage",
        "large", "reset",
    ];
    let tape = Tape::new();
    let mut live = Vec::new();
    let recorder = tape.recorder(&server);
    let session = recorder.session_for("w");
    for path in paths {
        live.push(told(&session, &format!("http://a.test/{path}")).await);
    }
    live.push(told(&session, "http://nowhere.test/").await);
    live.push(told(&session, "http://127.0.0.1/").await);
    drop(session);
    recorder.finish_recording().unwrap();
    drop(server);

    let session = tape.player().session_for("w");
    let mut replayed = Vec::new();
    for path in paths {
        replayed.push(told(&session, &format!("http://a.test/{path}")).await);
    }
    replayed.push(told(&session, "http://nowhere.test/").await);
    replayed.push(told(&session, "http://127.0.0.1/").await);
    for (live, replayed) in live.iter().zip(&replayed) {
        assert_eq!(live, replayed);
    }
    assert!(live[2].contains("a page that was encoded"), "{}", live[2]);
    assert!(tape.text().contains("a page that was encoded"));
}

#[tokio::test]
async fn probe_head_and_download_replay_too() {
    let pdf = [&b"%PDF-1.7\n"[..], &[b'x'; 700_000], b"%%EOF"].concat();
    let body = pdf.clone();
    let server = Server::with(move |head, mut stream| {
        let reply = match head.split(' ').next() {
            Some("HEAD") => answer("405 No", &[], b""),
            _ if head.contains("bytes=0-0") => {
                answer("206 P", &["Content-Range: bytes 0-0/700014"], b"%")
            }
            _ => answer("200 OK", &["ETag: \"1\""], &body),
        };
        async move {
            stream.write_all(&reply).await.ok();
            stream.shutdown().await.ok();
        }
    })
    .await;
    let tape = Tape::new();
    let mut seen = Vec::new();
    for live in [true, false] {
        let http = if live {
            tape.recorder(&server)
        } else {
            tape.player()
        };
        let session = http.session_for("w");
        let probe = session
            .probe("http://a.test/x.pdf", None, None)
            .await
            .unwrap();
        let head = session
            .head(get("http://a.test/x.pdf", Role::Artifact))
            .await
            .unwrap();
        let mut download = session
            .open(get("http://a.test/x.pdf", Role::Artifact))
            .await
            .unwrap();
        let mut all = Vec::new();
        while let Some(bytes) = download.chunk().await.unwrap() {
            all.extend_from_slice(&bytes);
        }
        assert!(all == pdf);
        let length = download.length();
        seen.push((probe.is_pdf, probe.length, head.status, head.length, length));
        drop((download, session));
        http.finish_recording().unwrap();
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn neither_a_secret_nor_the_address_is_written_down() {
    let server = Server::with(|head, mut stream| async move {
        // It tells everything it is told, to everybody.
        let echo = format!("X-Echo: {}", head.split(' ').nth(1).unwrap());
        let body = format!("{head}\n{EMAIL} ada%40lovelace.edu s3cr3t-k3y");
        let cookie = "Set-Cookie: who=s3cr3t-k3y";
        let bytes = answer("200 OK", &[&echo, cookie], body.as_bytes());
        stream.write_all(&bytes).await.ok();
        stream.shutdown().await.ok();
    })
    .await;
    let tape = Tape::new();
    let url = "http://a.test/x?email=ada%40lovelace.edu&key={{secret:KEY}}";
    let request = || {
        let grants = HostGrants::new([HostPattern::parse("a.test").unwrap()]);
        Request::new(Method::Get, url, Role::Metadata, grants)
            .unwrap()
            .with_secrets(secrets())
            .header("Authorization", "Bearer {{secret:KEY}}")
            .unwrap()
    };
    let http = tape.recorder(&server);
    let session = http.session();
    let live = session.fetch(request()).await.unwrap();
    // The cookie comes back with the second.
    session.fetch(request()).await.unwrap();
    drop(session);
    http.finish_recording().unwrap();
    let text = tape.text();
    for private in ["s3cr3t", "lovelace", "paperfall-test (mailto"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    assert_eq!(tape.entries().len(), 2);

    let replayed = tape.player().session().fetch(request()).await.unwrap();
    assert_eq!(replayed.status, live.status);
    // Another operator, without the key: the same answer.
    let other = play(&tape.path(), |config| {
        config.private = Private {
            email: Some("grace@hopper.mil".to_owned()),
            secrets: Vec::new(),
        };
    });
    let url = "http://a.test/x?email=grace%40hopper.mil&key={{secret:KEY}}";
    let grants = HostGrants::new([HostPattern::parse("a.test").unwrap()]);
    let key = Secrets::new([("KEY".to_owned(), "another".to_owned())]).unwrap();
    let request = Request::new(Method::Get, url, Role::Metadata, grants).unwrap();
    let again = other.session().fetch(request.with_secrets(key)).await;
    assert_eq!(again.unwrap().status, live.status);
}

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
    let server = Server::with(|head, mut stream| async move {
        if head.contains("/slow-body") {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                .await
                .ok();
        }
        if head.contains("/slow") {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        stream.write_all(&answer("200 OK", &[], b"fast")).await.ok();
        stream.shutdown().await.ok();
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
                // By now the slow ones are on their way.
                tokio::time::sleep(Duration::from_millis(100)).await;
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
    let server = Server::with(|head, mut stream| async move {
        if head.contains("/one") {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        stream.write_all(&answer("200 OK", &[], b"x")).await.ok();
        stream.shutdown().await.ok();
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
async fn a_recording_is_whole_at_every_moment() {
    let server = Server::answering(|_| answer("200 OK", &[], b"body")).await;
    let tape = Tape::new();
    let http = tape.recorder(&server);
    assert!(tape.entries().is_empty());
    let session = http.session();
    for n in 1..=3 {
        fetch(&session, "http://a.test/x").await.unwrap();
        http.finish_recording().unwrap();
        assert_eq!(tape.entries().len(), n);
    }
}

#[tokio::test]
async fn replaying_and_recording_at_once_writes_down_the_misses_too() {
    let server = Server::answering(|_| answer("200 OK", &["X-A: b"], b"body")).await;
    let tape = Tape::new();
    let http = tape.recorder(&server);
    fetch(&http.session(), "http://a.test/x").await.unwrap();
    http.finish_recording().unwrap();
    drop(server);
    let copy = Tape::new();
    let http = play(&tape.path(), |config| config.record = Some(copy.path()));
    let session = http.session();
    fetch(&session, "http://a.test/x").await.unwrap();
    fetch(&session, "http://a.test/y").await.unwrap_err();
    drop(session);
    http.finish_recording().unwrap();
    let entries = copy.entries();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["response"]["content"]["text"], "body");
    assert_eq!(entries[1]["_error"], "not-recorded");
    let message = entries[1]["_error_message"].as_str().unwrap();
    assert!(
        message.contains("nearest: GET http://a.test/x"),
        "{message}"
    );
    assert_eq!(http.fixed_world(), copy.player().fixed_world());
}

#[tokio::test]
async fn a_cache_does_not_come_between_a_run_and_its_recording() {
    let fresh = answer("200 OK", &["Cache-Control: max-age=60"], b"body");
    let server = Server::answering(move |_| fresh.clone()).await;
    let folder = TempDir::new().unwrap();
    let cache = Some(CacheConfig {
        folder: folder.path().join("http"),
        max_bytes: 1024 * 1024,
    });
    let mut plain = config(vec![server.pin("a.test")]);
    plain.cache = cache.clone();
    // The answer is in the cache already.
    let before = Http::new(plain.clone()).unwrap().session();
    fetch(&before, "http://a.test/x").await.unwrap();
    let tape = Tape::new();
    plain.record = Some(tape.path());
    let http = Http::new(plain).unwrap();
    let asked = async |http: &Http| {
        let mut from_cache = Vec::new();
        for work in ["v", "w"] {
            let session = http.session_for(work);
            from_cache.push(fetch(&session, "http://a.test/x").await.unwrap().from_cache);
        }
        from_cache
    };
    assert_eq!(asked(&http).await, [false, true]);
    http.finish_recording().unwrap();
    assert_eq!(tape.entries().len(), 2);
    assert_eq!(tape.entries()[1]["_fromCache"], "disk");
    let with_cache = play(&tape.path(), |config| config.cache = cache);
    assert_eq!(asked(&with_cache).await, [false, true]);
    // A replay whose cache is asked in another order finds both answers.
    assert_eq!(asked(&tape.player()).await, [false, false]);
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

#[tokio::test]
async fn what_cannot_be_read_or_written_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.har");
    std::fs::write(&file, b"{\"log\":{}}").unwrap();
    let valid = folder.path().join("valid.har");
    std::fs::write(&valid, b"{\"log\":{\"entries\":[]}}").unwrap();
    let refused = |record: Option<&Path>, replay: Option<&Path>| {
        let mut config = config(Vec::new());
        config.record = record.map(Path::to_owned);
        config.replay = replay.map(Path::to_owned);
        Http::new(config).err().unwrap().to_string()
    };
    let missing = folder.path().join("missing/x.har");
    for (record, replay, word) in [
        (None, Some(missing.as_path()), "no such file"),
        (None, Some(folder.path()), "folder"),
        (None, Some(file.as_path()), "entries"),
        (Some(folder.path()), None, "folder"),
        (Some(missing.as_path()), None, "missing/x.har"),
        (Some(Path::new("/dev/null")), None, "regular"),
        (Some(valid.as_path()), Some(valid.as_path()), "another file"),
    ] {
        let said = refused(record, replay);
        assert!(said.contains(word) && !said.contains('\n'), "{said}");
    }
    assert_eq!(
        std::fs::read(&valid).unwrap(),
        b"{\"log\":{\"entries\":[]}}"
    );
}
