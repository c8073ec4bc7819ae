//! Dropping ends a request at once: the server sees the connection close.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::server::{Server, fetch, get, session};
use crate::http::Role;

/// A server that sends as much as its path says, then reports the moment its
/// client is gone.
async fn watching() -> (Server, mpsc::UnboundedReceiver<()>) {
    let (gone, seen) = mpsc::unbounded_channel();
    let server = Server::with(move |head, mut stream| {
        let gone = gone.clone();
        async move {
            if !head.contains("/silent") {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
                stream.write_all(head).await.unwrap();
                stream.write_all(b"%PDF-1.7 ").await.unwrap();
            }
            let mut rest = [0; 16];
            while matches!(stream.read(&mut rest).await, Ok(count) if count > 0) {}
            gone.send(()).ok();
        }
    })
    .await;
    (server, seen)
}

/// Far less than any body here would take, far more than a busy machine needs.
const SOON: Duration = Duration::from_secs(3);
/// Time for a request to be under way.
const UNDER_WAY: Duration = Duration::from_millis(300);

async fn is_told_within(limit: Duration, seen: &mut mpsc::UnboundedReceiver<()>) -> bool {
    timeout(limit, seen.recv()).await.is_ok()
}

#[tokio::test]
async fn a_fetch_dropped_before_the_answer_closes_the_connection() {
    let (server, mut seen) = watching().await;
    let session = session(vec![server.pin("a.test")]);
    let fetching = fetch(&session, "http://a.test/silent");
    timeout(UNDER_WAY, fetching).await.unwrap_err();
    assert!(is_told_within(SOON, &mut seen).await);
}

#[tokio::test]
async fn a_fetch_dropped_within_the_body_closes_the_connection() {
    let (server, mut seen) = watching().await;
    let session = session(vec![server.pin("a.test")]);
    let fetching = fetch(&session, "http://a.test/body");
    timeout(UNDER_WAY, fetching).await.unwrap_err();
    assert!(is_told_within(SOON, &mut seen).await);
}

#[tokio::test]
async fn a_download_dropped_closes_the_connection_and_one_kept_does_not() {
    let (server, mut seen) = watching().await;
    let session = session(vec![server.pin("a.test")]);
    let mut download = session
        .open(get("http://a.test/body", Role::Artifact))
        .await
        .unwrap();
    download.chunk().await.unwrap();
    assert!(
        !is_told_within(UNDER_WAY, &mut seen).await,
        "still being read"
    );
    drop(download);
    assert!(is_told_within(SOON, &mut seen).await);
}

#[tokio::test]
async fn a_probe_closes_the_connection_when_it_has_seen_enough() {
    let (gone, mut seen) = mpsc::unbounded_channel();
    let server = Server::with(move |_, mut stream| {
        let gone = gone.clone();
        async move {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n%PDF-1.7 ";
            stream.write_all(head).await.unwrap();
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
            gone.send(()).ok();
        }
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let verdict = session.probe("http://a.test/", None, None).await.unwrap();
    assert!(verdict.is_pdf);
    assert_eq!(verdict.length, Some(100_000_000));
    assert!(is_told_within(SOON, &mut seen).await);
}
