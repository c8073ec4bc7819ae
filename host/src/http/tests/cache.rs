//! The cache seen from the server's side.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::server::{Server, answer, config, fetch, get, to};
use crate::http::{
    CacheConfig, CacheVerdict, HostGrants, HostPattern, Http, HttpConfig, Meter, Method, Request,
    Response, Role, Secrets, Session,
};

const FRESH: &str = "Cache-Control: max-age=60";

fn cached(server: &Server, folder: &TempDir) -> HttpConfig {
    HttpConfig {
        cache: Some(CacheConfig {
            folder: folder.path().join("http"),
            max_bytes: 1024 * 1024,
        }),
        ..config(vec![server.pin("a.test"), server.pin("b.test")])
    }
}

fn session(config: HttpConfig) -> Session {
    Http::new(config).unwrap().session()
}

fn verdict(response: &Response) -> CacheVerdict {
    response.hops.last().unwrap().verdicts.cache
}

/// A server that answers the n-th request (from 0) with `answer(n, head)`.
async fn counting(answer: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static) -> Server {
    let asked = AtomicUsize::new(0);
    let answer = Arc::new(answer);
    Server::with(move |head, mut stream| {
        let bytes = answer(asked.fetch_add(1, Ordering::SeqCst), &head);
        async move {
            stream.write_all(&bytes).await.ok();
            stream.shutdown().await.ok();
        }
    })
    .await
}

#[tokio::test]
async fn a_fresh_answer_is_asked_for_once_by_any_process() {
    let server = Server::answering(|_| answer("200 OK", &[FRESH, "X-A: b"], b"body")).await;
    let folder = TempDir::new().unwrap();
    let before = session(cached(&server, &folder));
    let first = fetch(&before, "http://a.test/x").await.unwrap();
    assert_eq!(verdict(&first), CacheVerdict::Miss);
    assert!(!first.from_cache);

    let meter = Arc::new(Meter::new(5, 1000));
    let again = get("http://a.test/x", Role::Metadata).metered(Arc::clone(&meter));
    let second = session(cached(&server, &folder))
        .fetch(again)
        .await
        .unwrap();
    assert_eq!(verdict(&second), CacheVerdict::Fresh);
    assert!(second.from_cache);
    assert_eq!((second.status, &second.body[..]), (200, &b"body"[..]));
    assert_eq!(second.headers.get("x-a"), Some("b"));
    // In seconds: a busy machine may let some pass.
    let age: u64 = second.headers.get("age").unwrap().parse().unwrap();
    assert!(age < 60, "{age}");
    assert_eq!(server.heads().len(), 1);
    assert_eq!((meter.requests_used(), meter.bytes_used()), (0, 0));
}

#[tokio::test]
async fn an_encoded_answer_is_kept_as_it_was_sent_and_decoded_again() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"{\"is_oa\":true}").unwrap();
    let bytes = gzip.finish().unwrap();
    let reply = answer("200 OK", &[FRESH, "Content-Encoding: gzip"], &bytes);
    let server = Server::answering(move |_| reply.clone()).await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    for _ in 0..2 {
        let response = fetch(&session, "http://a.test/x").await.unwrap();
        assert_eq!(&response.body[..], b"{\"is_oa\":true}");
    }
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_stale_answer_is_confirmed_by_its_validators() {
    let server = counting(|n, head| {
        let conditional = head.to_ascii_lowercase().contains("if-none-match: \"v1\"");
        match n {
            0 => answer("200 OK", &["ETag: \"v1\"", "X-Round: 0"], b"body"),
            // No ETag again, as many servers answer, and a new lifetime.
            1 if conditional => {
                b"HTTP/1.1 304 Not Modified\r\nX-Round: 1\r\nCache-Control: max-age=60\r\nSet-Cookie: c=1\r\n\r\n".to_vec()
            }
            _ => answer("500 Oops", &[], b""),
        }
    })
    .await;
    let folder = TempDir::new().unwrap();
    let http = Http::new(cached(&server, &folder)).unwrap();
    let fetched = async || fetch(&http.session(), "http://a.test/x").await.unwrap();
    assert_eq!(verdict(&fetched().await), CacheVerdict::Miss);
    let second = fetched().await;
    assert_eq!(verdict(&second), CacheVerdict::Revalidated);
    assert_eq!((second.status, &second.body[..]), (200, &b"body"[..]));
    assert_eq!(second.headers.get("x-round"), Some("1"));
    assert_eq!(second.headers.get("etag"), Some("\"v1\""));
    assert!(!second.from_cache, "its server was asked");
    let third = fetched().await;
    assert_eq!(verdict(&third), CacheVerdict::Fresh);
    assert_eq!(third.headers.get("x-round"), Some("1"));
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_stale_answer_that_changed_is_replaced() {
    let server = counting(|n, _| {
        let body = format!("body {n}");
        answer(
            "200 OK",
            &["Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"],
            body.as_bytes(),
        )
    })
    .await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    fetch(&session, "http://a.test/x").await.unwrap();
    let second = fetch(&session, "http://a.test/x").await.unwrap();
    assert_eq!(verdict(&second), CacheVerdict::Replaced);
    assert_eq!(&second.body[..], b"body 1");
    let head = &server.heads()[1].to_ascii_lowercase();
    assert!(
        head.contains("if-modified-since: sun, 06 nov 1994 08:49:37 gmt"),
        "{head}"
    );
}

#[tokio::test]
async fn vary_keeps_answers_apart() {
    let server =
        counting(|n, _| answer("200 OK", &[FRESH, "Vary: Accept"], n.to_string().as_bytes())).await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    let ask = async |accept: &str| {
        let request = get("http://a.test/x", Role::Metadata);
        let request = request.header("Accept", accept).unwrap();
        session.fetch(request).await.unwrap().body
    };
    assert_eq!(&ask("text/a").await[..], b"0");
    assert_eq!(&ask("text/b").await[..], b"1");
    assert_eq!(&ask("text/a").await[..], b"0");
    assert_eq!(&ask("text/b").await[..], b"1");
}

#[tokio::test]
async fn pages_files_ranges_and_conditions_do_not_touch_the_cache() {
    let server = Server::answering(|_| answer("200 OK", &[FRESH], b"body")).await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    let metadata = || get("http://a.test/x", Role::Metadata);
    for request in [
        get("http://a.test/x", Role::Landing),
        get("http://a.test/x", Role::Artifact),
        metadata().header("Range", "bytes=0-9").unwrap(),
        metadata().header("If-None-Match", "\"1\"").unwrap(),
    ] {
        for _ in 0..2 {
            let response = session.fetch(request.clone()).await.unwrap();
            assert_eq!(verdict(&response), CacheVerdict::NotAsked);
        }
    }
    assert_eq!(server.heads().len(), 8);
}

#[tokio::test]
async fn a_redirect_that_may_be_kept_is_kept_by_itself() {
    let server = Server::answering(|path| match path {
        "/old" => answer(
            "301 Moved",
            &[FRESH, "Location: http://b.test/new"],
            b"moved",
        ),
        "/hop" => to("http://b.test/new"),
        _ => answer("200 OK", &[FRESH], b"body"),
    })
    .await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    for _ in 0..2 {
        fetch(&session, "http://a.test/old").await.unwrap();
    }
    assert_eq!(server.heads().len(), 2);
    fetch(&session, "http://a.test/hop").await.unwrap();
    assert_eq!(server.heads().len(), 3);
}

#[tokio::test]
async fn what_a_secret_unlocked_is_kept_only_if_public_and_never_under_its_name() {
    let server = Server::answering(|path| {
        if path.starts_with("/public") {
            answer("200 OK", &["Cache-Control: public, max-age=60"], b"body")
        } else {
            answer("200 OK", &[FRESH], b"body")
        }
    })
    .await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    let secrets = Secrets::new([("KEY".to_owned(), "s3cr3t-k3y".to_owned())]).unwrap();
    let ask = async |url: &str, header: bool| {
        let grants = HostGrants::new([HostPattern::parse("a.test").unwrap()]);
        let request = Request::new(Method::Get, url, Role::Metadata, grants).unwrap();
        let request = request.with_secrets(secrets.clone());
        let request = if header {
            request
                .header("Authorization", "Bearer {{secret:KEY}}")
                .unwrap()
        } else {
            request
        };
        verdict(&session.fetch(request).await.unwrap())
    };
    for (url, header) in [
        ("http://a.test/own?k={{secret:KEY}}", false),
        ("http://a.test/own", true),
    ] {
        assert_eq!(ask(url, header).await, CacheVerdict::Miss);
        assert_eq!(ask(url, header).await, CacheVerdict::Miss, "{url}");
    }
    for (url, header) in [
        ("http://a.test/public?k={{secret:KEY}}", false),
        ("http://a.test/public", true),
    ] {
        assert_eq!(ask(url, header).await, CacheVerdict::Miss);
        assert_eq!(ask(url, header).await, CacheVerdict::Fresh, "{url}");
    }
    let mut files = 0;
    for shard in std::fs::read_dir(folder.path().join("http")).unwrap() {
        let shard = shard.unwrap().path();
        if !shard.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(shard).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            let bytes = std::fs::read(file.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned() + &name;
            assert!(
                !text.contains("s3cr3t") && !text.contains("a.test"),
                "{text}"
            );
            files += 1;
        }
    }
    assert_eq!(files, 2);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_kept() {
    let server = counting(|n, _| match n {
        0 => answer("200 OK", &[FRESH, "Content-Length: 100"], b"half"),
        _ => answer("200 OK", &[FRESH], b"whole"),
    })
    .await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    fetch(&session, "http://a.test/x").await.unwrap_err();
    let second = fetch(&session, "http://a.test/x").await.unwrap();
    assert_eq!(&second.body[..], b"whole");
}

#[tokio::test]
async fn an_answer_too_large_for_the_cache_goes_through_it() {
    let server = Server::answering(|_| answer("200 OK", &[FRESH], &vec![b'x'; 200 * 1024])).await;
    let folder = TempDir::new().unwrap();
    let session = session(cached(&server, &folder));
    for _ in 0..2 {
        let response = fetch(&session, "http://a.test/x").await.unwrap();
        assert_eq!(response.body.len(), 200 * 1024);
    }
    assert_eq!(server.heads().len(), 2);
}
