//! A hostile server, its bodies: lengths that lie, chunks that are none,
//! bombs, and bodies without an end.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::hostile::{Bomb, Case, answer, zeros};
use paperfall_miniweb::Pdf;

const RESET: &str = "retryable reset";
const LATE: &str = "timeout source_deadline";
const OBTAINED: &str = "success arxiv_pdf";

fn pdf() -> Vec<u8> {
    Pdf::new("Evil", 3, 200_000).bytes().to_vec()
}

/// The lines of a chunked answer, then these bytes.
fn chunked(body: impl AsRef<[u8]>) -> Vec<u8> {
    let head =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nTransfer-Encoding: chunked\r\n\r\n";
    [head.as_slice(), body.as_ref()].concat()
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// What a probe sees is fine; what a download gets is this.
fn well_probed(download: impl Into<Vec<u8>>) -> Case {
    let download = download.into();
    Case::artifact().talking(move |mut conn, asked| {
        let download = download.clone();
        async move {
            if asked.is_probe() || asked.is_head() {
                conn.send(answer("200 OK", &[], pdf())).await;
            } else {
                conn.send(download).await;
            }
            conn
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_ends_before_its_announced_length_is_truncated() {
    let length = format!("Content-Length: {}", pdf().len() + 1_000);
    let case = well_probed(answer("200 OK", &[&length], pdf()));
    case.ends_in("no_pdf truncated").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_longer_than_its_announced_length_is_cut_there() {
    let short = format!("Content-Length: {}", pdf().len() - 50_000);
    let case = well_probed(answer("200 OK", &[&short], pdf()));
    case.ends_in("no_pdf truncated").await;

    // What follows the end is nobody's.
    let exact = format!("Content-Length: {}", pdf().len());
    let more = [pdf(), b"HTTP/1.1 200 OK\r\n\r\ngarbage".to_vec()].concat();
    let ended = Case::artifact().answering(answer("200 OK", &[&exact], more));
    assert_eq!(ended.ends_in(OBTAINED).await.paper(), pdf());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lengths_that_are_no_numbers_are_broken_answers() {
    for length in [
        "-1",
        "abc",
        "1e9",
        "0x10",
        "18446744073709551616",
        "99999999999999999999999999",
        "5, 6",
        "",
    ] {
        let length = format!("Content-Length: {length}");
        let case = Case::artifact().answering(answer("200 OK", &[&length], pdf()));
        case.ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_lengths_that_differ_are_a_broken_answer() {
    let lengths = ["Content-Length: 200000", "Content-Length: 100"];
    let case = Case::artifact().answering(answer("200 OK", &lengths, pdf()));
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_beyond_every_disk_is_too_large() {
    for length in [
        "Content-Length: 9999999999999",
        "Content-Length: 18446744073709551613",
    ] {
        let case = Case::artifact().answering(answer("200 OK", &[length], pdf()));
        case.ends_in("nonretryable too_large").await;
        let case = Case::metadata().answering(answer("200 OK", &[length], "{}"));
        case.ends_in("nonretryable too_large").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_and_chunks_together_do_not_smuggle_anything() {
    // RFC 9112, section 6.3: the chunks count, or nothing does.
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body = [chunk(&pdf()), b"0\r\n\r\n".to_vec()].concat();
    let case = Case::artifact().answering([head.as_bytes(), &body].concat());
    let ended = case.ends_in(OBTAINED).await;
    assert_eq!(ended.paper(), pdf());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_are_garbage_are_broken_answers() {
    for garbage in [
        "zz\r\nhello\r\n",
        "-5\r\nhello\r\n",
        "ffffffffffffffffff\r\nhello\r\n",
        "5\r\nhello!!\r\n",
        "\r\n\r\n\r\n",
        "hello",
        "5 hello",
    ] {
        let body = [chunk(&pdf()[..20]), garbage.as_bytes().to_vec()].concat();
        let case = Case::artifact().answering(chunked(garbage));
        case.ends_in(RESET).await;
        let case = well_probed(chunked(body));
        case.ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_without_the_last_one_are_a_truncated_file() {
    let case = well_probed(chunked(chunk(&pdf())));
    case.ends_in("no_pdf truncated").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_chunk_extension_is_not_listened_to() {
    let case = Case::metadata().talking(|mut conn, _| async {
        conn.send(chunked("5;x=")).await;
        conn.forever([b'x'; 4096]).await;
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_trailers_are_not_listened_to() {
    let case = Case::metadata().talking(|mut conn, _| async {
        conn.send(chunked("2\r\n{}\r\n0\r\n")).await;
        conn.forever("X-Trailer: and another one\r\n").await;
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_in_chunks_of_one_byte_is_only_slow() {
    let body: Vec<u8> = pdf().iter().flat_map(|byte| chunk(&[*byte])).collect();
    let case = Case::artifact().answering(chunked([body, b"0\r\n\r\n".to_vec()].concat()));
    let ended = case.ends_in(OBTAINED).await;
    assert_eq!(ended.paper(), pdf());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_reset_within_a_download_is_worth_another_day() {
    let case = Case::artifact().talking(|mut conn, asked| async move {
        if asked.is_probe() || asked.is_head() {
            conn.send(answer("200 OK", &[], pdf())).await;
            return conn;
        }
        let length = format!("Content-Length: {}", pdf().len());
        conn.send(&answer("200 OK", &[&length], pdf())[..100_000])
            .await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        conn.reset();
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_breaks_off_is_worth_another_day() {
    let page = "<html><head><title>Half";
    let case = Case::landing().answering(answer("200 OK", &["Content-Length: 5000"], page));
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_drips_ends_with_the_sources_deadline() {
    let case = Case::metadata().talking(|mut conn, _| async {
        conn.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            .await;
        conn.drip(" ", Duration::from_millis(50)).await;
        conn
    });
    case.source_ms(800).ends_in(LATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_drips_is_stalled_after_a_minute() {
    let case = Case::artifact().talking(|mut conn, asked| async move {
        if asked.is_probe() || asked.is_head() {
            conn.send(answer("200 OK", &[], pdf())).await;
            return conn;
        }
        conn.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n%PDF-1.7\n")
            .await;
        conn.drip("%", Duration::from_millis(200)).await;
        conn
    });
    case.download_s(62).ends_in("retryable stalled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_and_pages_without_an_end_are_too_large() {
    for case in [Case::metadata(), Case::landing()] {
        let case = case.talking(|mut conn, _| async {
            conn.send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")
                .await;
            conn.forever([b' '; 64 * 1024]).await;
            // Not much more than the cap and what sockets hold was sent.
            assert!(conn.sent() < 64 * 1024 * 1024, "{}", conn.sent());
            conn
        });
        case.ends_in("nonretryable too_large").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_without_an_end_is_too_large_and_leaves_nothing() {
    let case = Case::artifact().talking(|mut conn, _| async {
        conn.send("HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.7\n")
            .await;
        conn.forever(zeros(1)).await;
        conn
    });
    let ended = case.download_s(60).ends_in("nonretryable too_large").await;
    assert!(ended.origin.requests().len() <= 3, "{:?}", ended.paths());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_of_every_kind_stop_at_the_cap_of_metadata_and_pages() {
    for bomb in [Bomb::Gzip, Bomb::Brotli, Bomb::Zstd] {
        let body = bomb.of(b"<html>", 256).await;
        assert!(body.len() < 2 * 1024 * 1024, "{bomb:?}: {}", body.len());
        let encoding = format!("Content-Encoding: {}", bomb.name());
        let headers = [encoding.as_str(), "Content-Type: text/html"];
        let bytes = answer("200 OK", &headers, body);
        for case in [Case::metadata(), Case::landing()] {
            let case = case.answering(bytes.clone());
            case.ends_in("nonretryable too_large").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_in_the_place_of_a_file_stops_at_the_cap_of_files() {
    for (bomb, encoding) in [
        (Bomb::Zstd, "Content-Encoding: zstd"),
        // Nobody says so: a wrapped file, to be unwrapped once.
        (Bomb::Gzip, "X-Nothing: said"),
    ] {
        let body = bomb.of(b"%PDF-1.7\n", 600).await;
        let case = Case::artifact().answering(answer("200 OK", &[encoding], body));
        let case = case.download_s(60);
        case.ends_in("nonretryable too_large").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encodings_within_encodings_are_not_undone_forever() {
    let many = format!("Content-Encoding: {}", ["gzip"; 40].join(", "));
    let body = Bomb::Gzip.of(b"{}", 0).await;
    let case = Case::metadata().answering(answer("200 OK", &[&many], body));
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encoding_that_is_damaged_or_cut_is_a_broken_answer() {
    let whole = Bomb::Gzip.of(&pdf(), 0).await;
    let mut damaged = whole.clone();
    damaged[2_000..2_100].fill(0xff);
    for (encoding, body) in [
        ("Content-Encoding: gzip", damaged),
        ("Content-Encoding: gzip", whole[..whole.len() / 2].to_vec()),
        ("Content-Encoding: br", pdf()),
        ("Content-Encoding: zstd", pdf()),
    ] {
        let case = Case::metadata().answering(answer("200 OK", &[encoding], body));
        case.ends_in(RESET).await;
    }
}
