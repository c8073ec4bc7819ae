//! The probe and HEAD: verdicts by bytes, and what stands in for a HEAD.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::server::{Server, answer, get, session, to};
use crate::http::{HttpErrorKind, Meter, Role};
use crate::outcome::Reason;

fn pdf() -> Vec<u8> {
    [b"%PDF-1.7\n".to_vec(), b"some page ".repeat(2000)].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn publisher() -> Server {
    Server::answering(|path| match path {
        "/pdf" => answer(
            "206 Partial Content",
            &[
                "Content-Type: application/pdf",
                "Content-Range: bytes 0-4095/20009",
            ],
            &pdf()[..4096],
        ),
        "/no-ranges" => answer(
            "200 OK",
            &["Content-Type: application/octet-stream"],
            &pdf(),
        ),
        "/wrapped" => answer("200 OK", &["Content-Type: application/gzip"], &gzip(&pdf())),
        "/encoded" => answer("200 OK", &["Content-Encoding: gzip"], &gzip(&pdf())),
        "/html" => answer(
            "200 OK",
            &["Content-Type: application/pdf"],
            b"<html><title>Article</title>",
        ),
        "/challenge" => answer(
            "403 Forbidden",
            &["Content-Type: text/html"],
            b"<html><title>Just a moment...</title>",
        ),
        "/pow" => answer("200 OK", &[], b"<html><script src=cloudpmc-viewer-pow.js>"),
        "/login" => answer(
            "200 OK",
            &["Content-Type: text/html"],
            b"<html><title>Login</title>",
        ),
        "/pay" => answer("402 Payment Required", &[], b""),
        "/gone" => answer("410 Gone", &[], b""),
        "/missing" => answer("404 Not Found", &[], &pdf()),
        "/slow-down" => answer("429 Too Many Requests", &["Retry-After: 9"], b""),
        "/teapot" => answer("418 Teapot", &[], b""),
        "/broken" => answer("502 Bad Gateway", &[], b"<html>Proxy Error"),
        "/empty" => answer("200 OK", &[], b""),
        "/moved" => to("/pdf"),
        _ => answer("416 Range Not Satisfiable", &[], b""),
    })
    .await
}

#[tokio::test]
async fn bytes_decide_what_a_candidate_is() {
    let server = publisher().await;
    for (path, verdict) in [
        ("pdf", None),
        ("no-ranges", None),
        ("wrapped", None),
        ("encoded", None),
        ("moved", None),
        ("html", Some(Reason::NotAPdf)),
        ("challenge", Some(Reason::Blocked)),
        ("pow", Some(Reason::Blocked)),
        ("login", Some(Reason::Paywalled)),
        ("pay", Some(Reason::Paywalled)),
        ("gone", Some(Reason::NotFound)),
        ("missing", Some(Reason::NotFound)),
        ("slow-down", Some(Reason::RateLimited)),
        ("teapot", Some(Reason::Blocked)),
        ("broken", Some(Reason::Http5xx)),
        ("empty", Some(Reason::TooSmall)),
        ("no-range-ever", Some(Reason::Http4xx)),
    ] {
        // The one that says "slow down" would be heeded by the others.
        let session = session(vec![server.pin("a.test")]);
        let found = session
            .probe(&format!("http://a.test/{path}"), None, None)
            .await
            .unwrap();
        let reason = (!found.is_pdf).then_some(found.reason);
        assert_eq!(reason, verdict, "{path}");
    }
}

#[tokio::test]
async fn a_verdict_tells_length_type_and_way() {
    let server = publisher().await;
    let session = session(vec![server.pin("a.test")]);
    let found = session
        .probe("http://a.test/moved", None, None)
        .await
        .unwrap();
    assert_eq!(found.url.path(), "/pdf");
    assert_eq!((found.status, found.length), (200, Some(20009)));
    assert_eq!(found.content_type.as_deref(), Some("application/pdf"));
    assert_eq!(found.hops.len(), 2);
    assert!(
        server
            .heads()
            .iter()
            .all(|head| head.contains("range: bytes=0-4095"))
    );
}

#[tokio::test]
async fn a_server_that_refuses_ranges_is_asked_once_without() {
    let server = Server::with(|head, mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let reply = if head.contains("range:") {
            answer("416 Range Not Satisfiable", &[], b"")
        } else {
            answer("200 OK", &[], &pdf())
        };
        stream.write_all(&reply).await.ok();
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let found = session.probe("http://a.test/x", None, None).await.unwrap();
    assert!(found.is_pdf);
    assert_eq!(found.hops.len(), 2);
}

#[tokio::test]
async fn a_probe_costs_the_attempt_little() {
    let server = publisher().await;
    let session = session(vec![server.pin("a.test")]);
    let meter = Arc::new(Meter::new(1, 1_000_000));
    session
        .probe("http://a.test/pdf", None, Some(Arc::clone(&meter)))
        .await
        .unwrap();
    assert_eq!((meter.requests_used(), meter.bytes_used()), (1, 4096));
    let spent = session.probe("http://a.test/pdf", None, Some(meter)).await;
    assert_eq!(spent.unwrap_err().kind, HttpErrorKind::BudgetExhausted);
}

#[tokio::test]
async fn a_probe_of_what_is_no_url_says_so() {
    let session = session(Vec::new());
    for bad in ["", "file:///etc/passwd", "/x.pdf", "https://u:p@a.test/"] {
        let error = session.probe(bad, None, None).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::BadUrl, "{bad}");
    }
}

#[tokio::test]
async fn a_head_is_answered_or_stood_in_for() {
    let server = Server::with(|head, mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let is_head = head.starts_with("HEAD");
        let reply = match head.split(' ').nth(1).unwrap() {
            "/yes" => answer("200 OK", &["ETag: \"a\"", "Content-Length: 777"], b""),
            "/403" if is_head => answer("403 Forbidden", &[], b""),
            "/405" if is_head => answer("405 Method Not Allowed", &[], b""),
            "/501" if is_head => answer("501 Not Implemented", &[], b""),
            "/404" => answer("404 Not Found", &["Content-Length: 0"], b""),
            _ => answer(
                "206 Partial Content",
                &["ETag: \"a\"", "Content-Range: bytes 0-0/777"],
                b"%",
            ),
        };
        stream.write_all(&reply).await.ok();
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    for (path, hops) in [("yes", 1), ("403", 2), ("405", 2), ("501", 2)] {
        let request = get(&format!("http://a.test/{path}"), Role::Artifact);
        let head = session.head(request).await.unwrap();
        assert_eq!((head.status, head.length), (200, Some(777)), "{path}");
        assert_eq!(head.headers.etag(), Some("\"a\""), "{path}");
        assert_eq!(head.hops.len(), hops, "{path}");
    }
    let missing = session
        .head(get("http://a.test/404", Role::Artifact))
        .await
        .unwrap();
    assert_eq!(missing.status, 404);
    assert!(
        server
            .heads()
            .iter()
            .filter(|head| head.starts_with("GET"))
            .all(|head| head.contains("range: bytes=0-0"))
    );
}
