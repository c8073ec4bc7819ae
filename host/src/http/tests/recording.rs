//! What a recording holds, and that it answers as the network did.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::server::{Server, answer, config, fetch, get, to};
use super::tape::{EMAIL, Tape, play, secrets, told};
use crate::http::har::Private;
use crate::http::{CacheConfig, HostGrants, HostPattern, Http, Method, Request, Role, Secrets};

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
    let world = recorder.fixed_world();
    drop(server);

    let player = tape.player();
    assert_eq!(player.fixed_world(), world);
    let session = player.session_for("w");
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
async fn a_body_that_was_given_up_is_told_with_its_reason_and_ends_so_again() {
    let server = Server::with(|head, mut stream| async move {
        let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegun";
        stream.write_all(begun).await.unwrap();
        let drips = head.contains("/dripping");
        while drips && stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    })
    .await;
    let urls = ["http://a.test/silent", "http://a.test/dripping"];
    let mut config = config(vec![server.pin("a.test")]);
    let tape = Tape::new();
    config.record = Some(tape.path());
    config.stall_timeout = Duration::from_millis(150);
    let http = Http::new(config).unwrap();
    let mut live = Vec::new();
    for url in urls {
        live.push(told(&http.session_for(url), url).await);
    }
    http.finish_recording().unwrap();
    let entries = tape.entries();
    assert_eq!(entries.len(), urls.len());
    for (entry, told) in entries.iter().zip(&live) {
        assert_eq!(entry["_error"], "stalled", "{told}");
        assert!(told.starts_with("stalled: "), "{told}");
    }
    let player = tape.player();
    for (url, live) in urls.iter().zip(&live) {
        assert_eq!(&told(&player.session_for(url), url).await, live);
    }
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
