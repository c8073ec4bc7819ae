//! What goes wrong on purpose, and who noticed: cuts, silence, drips, and
//! clients that leave.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod client;

use std::time::{Duration, Instant};

use client::{get, send};
use paperfall_miniweb::{Answer, Ended, LoggedRequest, Miniweb, Pdf, World};
use tokio::io::AsyncReadExt;

const SOON: Duration = Duration::from_secs(5);

async fn play(url: &str, answer: Answer) -> Miniweb {
    Miniweb::start(World::new().page(url, answer))
        .await
        .expect("a running web")
}

fn pdf() -> Answer {
    Answer::pdf(Pdf::new("Cut", 7, 50_000))
}

/// The single logged request, once it has ended.
async fn ended(web: &Miniweb) -> LoggedRequest {
    let done = |log: &[LoggedRequest]| log.len() == 1 && log[0].ended.is_some();
    assert!(web.wait_until(SOON, done).await, "{:?}", web.requests());
    web.requests().remove(0)
}

#[tokio::test]
async fn an_honest_truncation_announces_what_it_sends() {
    let url = "https://j.example/a.pdf";
    let web = play(url, pdf().truncated_to(20_000)).await;
    let reply = get(&web, url).await;
    assert_eq!(reply.header("content-length"), Some("20000"));
    assert_eq!((reply.body.len(), reply.error), (20_000, None));
    assert!(!reply.body.ends_with(b"%%EOF\n"));
}

#[tokio::test]
async fn a_cut_answer_promises_everything_and_stops_short() {
    for url in ["https://j.example/a.pdf", "http://j.example/a.pdf"] {
        let web = play(url, pdf().cut_after(12_345)).await;
        let reply = get(&web, url).await;
        assert_eq!(reply.header("content-length"), Some("50000"));
        assert_eq!(reply.body.len(), 12_345, "{url}: exactly what was scripted");
        let entry = ended(&web).await;
        assert_eq!(
            (entry.ended, entry.bytes_sent),
            (Some(Ended::ServerCut), 12_345)
        );
    }
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let url = "http://j.example/a.pdf";
    let web = play(url, pdf().reset_after(1_000)).await;
    let mut wire = send(&web, "GET", url, &[]).await.unwrap();
    let mut raw = Vec::new();
    let error = wire.read_to_end(&mut raw).await.expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(ended(&web).await.ended, Some(Ended::ServerCut));
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer() {
    let url = "http://j.example/x";
    let web = play(url, Answer::dropped()).await;
    let mut wire = send(&web, "GET", url, &[]).await.unwrap();
    let mut raw = Vec::new();
    let _ = wire.read_to_end(&mut raw).await;
    assert_eq!(raw.len(), 0);
    let entry = ended(&web).await;
    assert_eq!((entry.ended, entry.status), (Some(Ended::ServerCut), None));
}

#[tokio::test]
async fn a_client_that_leaves_while_waiting_is_noticed_at_once() {
    for url in ["https://j.example/x", "http://j.example/x"] {
        for answer in [
            Answer::never(),
            Answer::text("late").delay(Duration::from_secs(60)),
        ] {
            let web = play(url, answer).await;
            let wire = send(&web, "GET", url, &[]).await.unwrap();
            assert!(web.wait_until(SOON, |log| log.len() == 1).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(web.requests()[0].ended, None, "{url}: still open");
            drop(wire);
            let entry = ended(&web).await;
            assert_eq!(
                (entry.ended, entry.status),
                (Some(Ended::ClientGone), None),
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_is_noticed_before_the_end() {
    for url in ["https://j.example/a.pdf", "http://j.example/a.pdf"] {
        let web = play(url, pdf().drip(500, Duration::from_millis(20))).await;
        let mut wire = send(&web, "GET", url, &[]).await.unwrap();
        let mut some = [0; 1_000];
        wire.read_exact(&mut some).await.unwrap();
        drop(wire);
        let entry = ended(&web).await;
        assert_eq!(
            (entry.ended, entry.status),
            (Some(Ended::ClientGone), Some(200)),
            "{url}"
        );
        assert!(
            (500..25_000).contains(&entry.bytes_sent),
            "{} bytes",
            entry.bytes_sent
        );
    }
}

#[tokio::test]
async fn an_answer_that_hangs_keeps_the_connection_open() {
    let url = "https://j.example/a.pdf";
    let web = play(url, pdf().hang_after(3_000)).await;
    let mut wire = send(&web, "GET", url, &[]).await.unwrap();
    let mut some = vec![0; 3_000];
    wire.read_exact(&mut some).await.unwrap();
    let mut raw = vec![0; 50_000];
    let mut read = 0;
    // The rest of the 3000 body bytes follows the head; then nothing does.
    while let Ok(Ok(more)) =
        tokio::time::timeout(Duration::from_millis(300), wire.read(&mut raw)).await
    {
        assert!(more > 0, "the connection was closed");
        read += more;
    }
    assert!(read < 1_000, "{read}");
    assert_eq!(web.requests()[0].ended, None);
}

#[tokio::test]
async fn a_drip_from_the_start_delays_even_the_status_line() {
    for url in ["https://j.example/x", "http://j.example/x"] {
        let answer = Answer::text("abc").drip_from_the_start(4, Duration::from_millis(15));
        let web = play(url, answer).await;
        let started = Instant::now();
        let mut wire = send(&web, "GET", url, &[]).await.unwrap();
        let mut first = [0; 64];
        let read = wire.read(&mut first).await.unwrap();
        assert!(read <= 12, "{url}: {read} bytes at once");
        let mut rest = Vec::new();
        wire.read_to_end(&mut rest).await.unwrap();
        // More than 100 bytes of head in fours.
        assert!(
            started.elapsed() > Duration::from_millis(300),
            "{:?}",
            started.elapsed()
        );
        assert!(rest.ends_with(b"abc"));
        assert_eq!(ended(&web).await.ended, Some(Ended::Completed));
    }
}

#[tokio::test]
async fn an_answer_without_length_is_chunked() {
    let url = "https://j.example/a.pdf";
    let web = play(url, pdf().without_length()).await;
    let reply = get(&web, url).await;
    assert_eq!(reply.header("content-length"), None);
    assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
    assert!(reply.body.ends_with(b"\r\n0\r\n\r\n") && reply.body.len() > 50_000);
}

#[tokio::test]
async fn stopping_cuts_what_is_open_and_frees_the_ports() {
    let url = "http://j.example/x";
    let web = play(url, Answer::never()).await;
    let address = web.http_address();
    let mut wire = send(&web, "GET", url, &[]).await.unwrap();
    assert!(web.wait_until(SOON, |log| log.len() == 1).await);
    let log = web.stop().await;
    assert_eq!(log[0].ended, Some(Ended::ServerCut));
    let mut raw = Vec::new();
    let _ = wire.read_to_end(&mut raw).await;
    assert!(raw.is_empty());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn redirects_lead_wherever_they_were_told_to() {
    let url = "https://j.example/x";
    for target in [
        "http://127.0.0.1:9/secret",
        "http://[::ffff:10.0.0.1]/",
        "/x",
        "file:///etc/passwd",
    ] {
        let web = play(url, Answer::redirect_as(308, target)).await;
        let reply = get(&web, url).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (308, Some(target))
        );
    }
}
