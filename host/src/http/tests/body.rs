//! Bodies: decoded, capped, and never waited for without end.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_compression::tokio::write::{BrotliEncoder, ZlibEncoder, ZstdEncoder};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;

use super::server::{Server, answer, config, failure, fetch, get, session};
use crate::http::{
    BODY_MAX_BYTES, Http, HttpErrorKind, LANDING_PDF_BYTES, Meter, Pin, Role, TRICKLE_MIN_BYTES,
};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BrotliEncoder::with_quality(Vec::new(), async_compression::Level::Fastest);
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// A server that answers everything with `body` under this encoding.
async fn encoded(encoding: &str, body: Vec<u8>) -> Server {
    let encoding = format!("Content-Encoding: {encoding}");
    Server::answering(move |_| answer("200 OK", &[&encoding], &body)).await
}

#[tokio::test]
async fn every_encoding_we_ask_for_is_undone() {
    let text = b"all the world's papers ".repeat(1000);
    for (name, body) in [
        ("gzip", gzip(&text)),
        ("x-gzip", [gzip(&text[..100]), gzip(&text[100..])].concat()),
        ("deflate", zlib(&text).await),
        ("br", brotli(&text).await),
        ("zstd", zstd(&text).await),
        ("gzip, br", brotli(&gzip(&text)).await),
        ("identity", text.clone()),
    ] {
        let sent = body.len() as u64;
        let server = encoded(name, body).await;
        let session = session(vec![server.pin("a.test")]);
        let response = fetch(&session, "http://a.test/").await.unwrap();
        assert!(response.body == text, "{name}");
        assert_eq!(
            response.hops[0].bytes, sent,
            "{name}: bytes are counted as sent"
        );
    }
}

#[tokio::test]
async fn an_empty_body_labelled_gzip_is_empty() {
    let server = encoded("gzip", Vec::new()).await;
    let session = session(vec![server.pin("a.test")]);
    assert!(
        fetch(&session, "http://a.test/")
            .await
            .unwrap()
            .body
            .is_empty()
    );
}

#[tokio::test]
async fn a_damaged_encoding_is_a_broken_answer() {
    let whole = gzip(&b"text ".repeat(1000));
    for (name, body) in [
        ("gzip", whole[..whole.len() / 2].to_vec()),
        ("gzip", b"not gzip at all".to_vec()),
        ("br", b"\xff\xff\xff\xff".to_vec()),
        ("zstd", b"nope".to_vec()),
        ("gzip, gzip, gzip", whole.clone()),
    ] {
        let server = encoded(name, body).await;
        let session = session(vec![server.pin("a.test")]);
        assert_eq!(
            failure(&session, "http://a.test/").await,
            HttpErrorKind::Protocol,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_bomb_of_any_kind_stops_at_the_cap() {
    let big = vec![0; usize::try_from(BODY_MAX_BYTES).unwrap() + 1];
    for (name, body) in [
        ("gzip", gzip(&big)),
        ("deflate", zlib(&big).await),
        ("br", brotli(&big).await),
        ("zstd", zstd(&big).await),
        ("gzip, gzip", gzip(&gzip(&big))),
    ] {
        assert!(body.len() < big.len() / 10, "{name} must be a bomb");
        let server = encoded(name, body).await;
        let session = session(vec![server.pin("a.test")]);
        assert_eq!(
            failure(&session, "http://a.test/").await,
            HttpErrorKind::TooLarge,
            "{name}"
        );
    }
    let fits = encoded("gzip", gzip(&big[1..])).await;
    let session = session(vec![fits.pin("a.test")]);
    assert_eq!(
        fetch(&session, "http://a.test/").await.unwrap().body.len() as u64,
        BODY_MAX_BYTES
    );
}

#[tokio::test]
async fn a_zstd_window_beyond_eight_mebibytes_is_not_allocated() {
    // A frame header that asks for a window of 2^27 bytes, then one raw block.
    let frame = [
        &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x0d, 0, 0][..],
        b"x",
    ]
    .concat();
    let server = encoded("zstd", frame).await;
    let session = session(vec![server.pin("a.test")]);
    assert_eq!(
        failure(&session, "http://a.test/").await,
        HttpErrorKind::Protocol
    );
}

#[tokio::test]
async fn a_body_announced_or_sent_beyond_the_cap_is_refused() {
    let announced = Server::answering(|_| {
        answer(
            "200 OK",
            &[&format!("Content-Length: {}", BODY_MAX_BYTES + 1)],
            b"x",
        )
    })
    .await;
    let endless = Server::with(|_, mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok();
        while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
    })
    .await;
    let session = session(vec![announced.pin("a.test"), endless.pin("b.test")]);
    assert_eq!(
        failure(&session, "http://a.test/").await,
        HttpErrorKind::TooLarge
    );
    assert_eq!(
        failure(&session, "http://b.test/").await,
        HttpErrorKind::TooLarge
    );
}

#[tokio::test]
async fn an_artifact_is_held_to_its_own_cap() {
    let server = Server::with(|head, mut stream| async move {
        let length = if head.contains("/announced") {
            "Content-Length: 2001\r\n"
        } else {
            ""
        };
        let head = format!("HTTP/1.1 200 OK\r\n{length}\r\n");
        stream.write_all(head.as_bytes()).await.ok();
        stream.write_all(&[b'x'; 2001]).await.ok();
    })
    .await;
    let mut config = config(vec![server.pin("a.test")]);
    config.artifact_max_bytes = 2000;
    let session = Http::new(config).unwrap().session();
    let error = session
        .open(get("http://a.test/announced", Role::Artifact))
        .await
        .unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::TooLarge);
    let mut download = session
        .open(get("http://a.test/sent", Role::Artifact))
        .await
        .unwrap();
    let error = loop {
        match download.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the body ended within its cap"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, HttpErrorKind::TooLarge);
}

#[tokio::test]
async fn a_pdf_where_a_page_was_expected_is_cut_off() {
    let pdf = [b"%PDF-1.7\n".to_vec(), vec![b'x'; 20 * 1024 * 1024]].concat();
    let server = Server::answering(move |path| match path {
        "/pdf" => answer("200 OK", &["Content-Type: text/html"], &pdf),
        _ => answer("200 OK", &[], &b"<html>".repeat(20_000)),
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let response = session
        .fetch(get("http://a.test/pdf", Role::Landing))
        .await
        .unwrap();
    assert!(!response.complete);
    assert_eq!(response.body.len(), LANDING_PDF_BYTES);
    let page = session
        .fetch(get("http://a.test/page", Role::Landing))
        .await
        .unwrap();
    assert!(page.complete);
    assert_eq!(page.body.len(), 120_000);
}

#[tokio::test]
async fn silence_is_a_stall_wherever_it_falls() {
    let server = Server::with(|head, mut stream| async move {
        if !head.contains("/no-head") {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
            stream.write_all(head).await.unwrap();
        }
        if head.contains("/mid-body") {
            stream.write_all(b"12345").await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let mut config = config(vec![server.pin("a.test")]);
    config.connect_timeout = Duration::from_millis(300);
    let session = Http::new(config).unwrap().session();
    let began = Instant::now();
    for path in ["no-head", "no-body", "mid-body"] {
        let kind = failure(&session, &format!("http://a.test/{path}")).await;
        assert_eq!(kind, HttpErrorKind::Stalled, "{path}");
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn dripping_is_a_stall_in_the_head_and_in_the_body() {
    let server = Server::with(|head, mut stream| async move {
        if head.contains("/body") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        } else {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                .await
                .unwrap();
        }
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let mut config = config(vec![server.pin("a.test")]);
    config.connect_timeout = Duration::from_millis(300);
    config.stall_timeout = Duration::from_millis(300);
    let session = Http::new(config).unwrap().session();
    let began = Instant::now();
    for path in ["head", "body"] {
        let kind = failure(&session, &format!("http://a.test/{path}")).await;
        assert_eq!(kind, HttpErrorKind::Stalled, "{path}");
    }
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_body_that_begins_well_and_then_drips_is_a_stall() {
    let stall = Duration::from_millis(150);
    let server = Server::with(move |_, mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let plenty = vec![b'x'; usize::try_from(2 * TRICKLE_MIN_BYTES).unwrap()];
        stream.write_all(&plenty).await.unwrap();
        // Many windows of three stalls; was only the first one looked at, the body
        // would come to its end.
        let end = Instant::now() + 60 * stall;
        while Instant::now() < end && stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let mut config = config(vec![server.pin("a.test")]);
    config.stall_timeout = stall;
    let session = Http::new(config).unwrap().session();
    let kind = failure(&session, "http://a.test/").await;
    assert_eq!(kind, HttpErrorKind::Stalled);
}

#[tokio::test]
async fn a_hop_takes_until_its_body_has_come() {
    let pause = Duration::from_millis(30);
    let server = Server::with(move |_, mut stream| async move {
        tokio::time::sleep(pause).await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
        stream.write_all(head).await.unwrap();
        tokio::time::sleep(pause).await;
        stream.write_all(b"x").await.unwrap();
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let response = fetch(&session, "http://a.test/").await.unwrap();
    assert!(response.hops[0].elapsed >= 2 * pause);
}

#[tokio::test]
async fn a_slow_but_steady_body_is_no_stall() {
    let piece = vec![b'x'; usize::try_from(TRICKLE_MIN_BYTES / 4).unwrap()];
    let server = Server::with(move |_, mut stream| {
        let piece = piece.clone();
        async move {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                piece.len() * 20
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..20 {
                stream.write_all(&piece).await.unwrap();
                tokio::time::sleep(Duration::from_millis(75)).await;
            }
        }
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let response = fetch(&session, "http://a.test/").await.unwrap();
    assert_eq!(response.body.len() as u64, TRICKLE_MIN_BYTES * 5);
}

#[tokio::test]
async fn the_deadline_ends_a_request_at_every_stage() {
    let server = Server::with(|head, mut stream| async move {
        if head.contains("/body") {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
                .await
                .unwrap();
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    for path in ["head", "body"] {
        let request = get(&format!("http://a.test/{path}"), Role::Metadata)
            .until(Instant::now() + Duration::from_millis(150));
        let error = session.fetch(request).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Timeout, "{path}");
        assert_eq!(error.hops.len(), 1);
    }
    let past = get("http://a.test/head", Role::Metadata).until(Instant::now());
    assert_eq!(
        session.fetch(past).await.unwrap_err().kind,
        HttpErrorKind::Timeout
    );
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_told_as_ended_early() {
    let server = Server::with(|head, mut stream| async move {
        let framing = if head.contains("/chunked") {
            "Transfer-Encoding: chunked\r\n\r\nff\r\n"
        } else {
            "Content-Length: 1000\r\n\r\n"
        };
        let reply = format!("HTTP/1.1 200 OK\r\n{framing}%PDF-1.7 and no more");
        stream.write_all(reply.as_bytes()).await.unwrap();
        stream.shutdown().await.ok();
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    for path in ["length", "chunked"] {
        let request = get(&format!("http://a.test/{path}"), Role::Artifact);
        let mut download = session.open(request).await.unwrap();
        let mut got = Vec::new();
        let error = loop {
            match download.chunk().await {
                Ok(Some(bytes)) => got.extend_from_slice(&bytes),
                Ok(None) => panic!("{path}: a short body must not end well"),
                Err(error) => break error,
            }
        };
        assert_eq!(got, b"%PDF-1.7 and no more", "{path}");
        assert_eq!(error.kind, HttpErrorKind::Reset, "{path}");
        assert!(error.ended_early, "{path}");
        assert_eq!(error.hops[0].bytes, 20, "{path}");
    }
}

#[tokio::test]
async fn a_connection_cut_off_is_a_reset() {
    let server = Server::with(|head, mut stream| async move {
        if head.contains("/body") {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1")
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // With no linger the kernel sends RST instead of FIN.
        stream.set_zero_linger().unwrap();
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    for path in ["head", "body"] {
        let error = fetch(&session, &format!("http://a.test/{path}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Reset, "{path}: {error}");
    }
}

#[tokio::test]
async fn garbage_is_a_broken_answer() {
    let server = Server::with(|head, mut stream| async move {
        let path = head.split(' ').nth(1).unwrap();
        let reply: Vec<u8> = match path {
            "/garbage" => b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(),
            "/chunks" => {
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n".to_vec()
            }
            "/two-lengths" => {
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx".to_vec()
            }
            "/many-headers" => {
                let headers = "X-A: b\r\n".repeat(1000);
                format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes()
            }
            _ => format!("HTTP/1.1 200 OK\r\nX-A: {}\r\n\r\n", "b".repeat(4_000_000)).into_bytes(),
        };
        stream.write_all(&reply).await.ok();
        tokio::time::sleep(Duration::from_millis(100)).await;
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    for path in [
        "garbage",
        "chunks",
        "two-lengths",
        "many-headers",
        "long-header",
    ] {
        let error = fetch(&session, &format!("http://a.test/{path}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Protocol, "{path}: {error}");
    }
}

#[tokio::test]
async fn nobody_listening_is_a_connect_failure() {
    let session = session(vec![Pin::parse("a.test:80:127.0.0.1:1").unwrap()]);
    let error = fetch(&session, "http://a.test/").await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Connect);
    assert!(error.message.contains("http://a.test/"), "{error}");
}

#[tokio::test]
async fn a_download_is_plain_unless_the_server_insists() {
    let pdf = b"%PDF-1.7 some pages".to_vec();
    let packed = gzip(&pdf);
    let server = Server::answering(move |path| match path {
        "/gzip" => answer("200 OK", &["Content-Encoding: gzip"], &packed),
        "/range" => answer(
            "206 Partial",
            &["Content-Encoding: gzip", "Content-Range: bytes 0-1/9"],
            b"xx",
        ),
        _ => answer("200 OK", &["ETag: \"v1\"", "Accept-Ranges: bytes"], &pdf),
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let read = async |path: &str| {
        let request = get(&format!("http://a.test/{path}"), Role::Artifact);
        let mut download = session.open(request).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(chunk) = download.chunk().await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        assert_eq!(bytes, b"%PDF-1.7 some pages");
        download
    };
    let plain = read("plain").await;
    assert_eq!((plain.length(), plain.is_encoded()), (Some(19), false));
    assert_eq!(plain.headers().etag(), Some("\"v1\""));
    assert_eq!(plain.headers().accepts_ranges(), Some(true));
    let encoded = read("gzip").await;
    assert_eq!((encoded.length(), encoded.is_encoded()), (None, true));
    assert!(
        server
            .heads()
            .iter()
            .all(|head| head.contains("accept-encoding: identity"))
    );
    let error = session
        .open(get("http://a.test/range", Role::Artifact))
        .await
        .unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Protocol);
}

#[tokio::test]
async fn a_download_is_charged_to_the_meter_too() {
    let server = Server::answering(|_| answer("200 OK", &[], &[b'x'; 1000])).await;
    let session = session(vec![server.pin("a.test")]);
    let meter = Arc::new(Meter::new(1, 10));
    let request = get("http://a.test/", Role::Artifact).metered(meter);
    let mut download = session.open(request).await.unwrap();
    assert_eq!(
        download.chunk().await.unwrap_err().kind,
        HttpErrorKind::BudgetExhausted
    );
}
