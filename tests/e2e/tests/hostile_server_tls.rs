//! A hostile server, its TLS and its HTTP/2.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::hostile::{
    Case, Certificate, Frame, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, answer, settled,
    settled_and_asked,
};
use paperfall_miniweb::Pdf;

const RESET: &str = "retryable reset";
const TLS: &str = "retryable tls";
const LATE: &str = "timeout source_deadline";

fn pdf() -> Vec<u8> {
    Pdf::new("Evil", 3, 20_000).bytes().to_vec()
}

async fn refused(certificate: Certificate) {
    let case = Case::artifact().answering(answer("200 OK", &[], pdf()));
    let ended = case.showing(certificate).ends_in(TLS).await;
    assert_eq!(
        ended.origin.requests().len(),
        0,
        "it was asked all the same"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_certificate_is_trusted() {
    // Without this one the others would prove nothing.
    let case = Case::artifact().answering(answer("200 OK", &[], pdf()));
    case.ends_in("success arxiv_pdf").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_name_is_refused() {
    refused(Certificate::OfAnotherName).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_refused() {
    refused(Certificate::Expired).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_the_future_is_refused() {
    refused(Certificate::NotYetValid).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    refused(Certificate::OfUnknownAuthority).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_vouches_for_itself_is_refused() {
    refused(Certificate::SelfSigned).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_signed_by_one_that_is_no_authority_is_refused() {
    refused(Certificate::OfNoAuthority).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_in_the_place_of_tls_is_a_tls_failure() {
    let case = Case::artifact().raw(|mut conn| async {
        conn.send(answer("200 OK", &[], pdf())).await;
        conn
    });
    case.ends_in(TLS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_in_the_place_of_tls_is_a_tls_failure() {
    for garbage in [
        vec![0_u8; 4096],
        vec![0x16; 70_000],
        b"\x15\x03\x01\x00\x02\x02\x28".to_vec(),
    ] {
        let case = Case::artifact().raw(move |mut conn| {
            let garbage = garbage.clone();
            async move {
                conn.send(garbage).await;
                conn
            }
        });
        case.ends_in(TLS).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_is_closed_is_no_connection() {
    let case = Case::artifact().raw(|mut conn| async {
        conn.hear().await;
        conn
    });
    case.ends_in("retryable connect").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_without_a_word_ends_with_the_sources_deadline() {
    let case = Case::artifact().raw(|mut conn| async {
        conn.silence().await;
        conn
    });
    case.source_ms(800).ends_in(LATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_without_a_word_is_given_up_after_five_seconds() {
    let case = Case::artifact().raw(|mut conn| async {
        conn.silence().await;
        conn
    });
    case.source_ms(20_000).ends_in("retryable connect").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_of_the_connection_that_tls_does_not_confirm_is_no_end_of_a_body() {
    // Whoever cuts the wire could shorten a file whose length nobody told.
    let case = Case::artifact().talking(|mut conn, asked| async move {
        if asked.is_probe() || asked.is_head() {
            conn.send(answer("200 OK", &[], pdf())).await;
        } else {
            conn.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                .await;
            conn.send(pdf()).await;
            conn.cut().await;
        }
        conn
    });
    case.ends_in("no_pdf truncated").await;
}

/// An HTTP/2 server that sends these frames once it was asked.
fn sending(frames: Vec<u8>) -> Case {
    Case::artifact().in_http2(move |mut conn| {
        let frames = frames.clone();
        async move {
            if settled_and_asked(&mut conn).await {
                conn.send(frames).await;
            }
            conn
        }
    })
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    Frame {
        kind,
        flags,
        stream,
        payload,
    }
    .bytes()
}

const END_HEADERS: u8 = 4;
const DATA: u8 = 0;
const CONTINUATION: u8 = 9;
/// `:status: 200`, by its number in the static table.
const STATUS_200: u8 = 0x88;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_that_is_fine_is_fine() {
    let frames = [
        frame(HEADERS, END_HEADERS, 1, &[STATUS_200]),
        frame(DATA, 0, 1, &pdf()[..16_000]),
        frame(DATA, 1, 1, &pdf()[16_000..]),
    ];
    let ended = sending(frames.concat()).ends_in("success arxiv_pdf").await;
    assert_eq!(ended.paper(), pdf());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http1_where_http2_was_agreed_on_is_a_broken_answer() {
    let case = Case::artifact().in_http2(|mut conn| async {
        conn.send(answer("200 OK", &[], pdf())).await;
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_reset_or_refused_is_a_reset() {
    for code in [0_u32, 1, 2, 7, 8, 11] {
        let reset = frame(RST_STREAM, 0, 1, &code.to_be_bytes());
        sending(reset).ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goodbye_in_the_place_of_an_answer_is_a_reset() {
    for code in [0_u32, 2, 11] {
        let last_stream = 0_u32.to_be_bytes();
        let goodbye = [last_stream, code.to_be_bytes()].concat();
        sending(frame(GOAWAY, 0, 0, &goodbye)).ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_out_of_order_or_out_of_shape_are_broken_answers() {
    for frames in [
        // Data before headers; headers nobody asked for; a length that lies.
        frame(DATA, 0, 1, b"%PDF-1.7"),
        frame(HEADERS, END_HEADERS, 2, &[STATUS_200]),
        frame(CONTINUATION, END_HEADERS, 1, &[STATUS_200]),
        frame(SETTINGS, 0, 1, &[]),
        frame(SETTINGS, 0, 0, &[1, 2, 3]),
        frame(PING, 0, 0, &[1]),
        // No status; a table entry there is none of; letters in capitals.
        frame(HEADERS, END_HEADERS, 1, &[]),
        frame(HEADERS, END_HEADERS, 1, &[0xff, 0xff, 0xff, 0x7f]),
        frame(HEADERS, END_HEADERS, 1, b"\x88\x00\x01A\x01b"),
        frame(200, 0xff, 77, &[0; 20_000]),
    ] {
        sending(frames).ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_continuations_of_a_head_are_not_listened_to() {
    let case = Case::artifact().in_http2(|mut conn| async {
        if settled_and_asked(&mut conn).await {
            conn.send(frame(HEADERS, 0, 1, &[STATUS_200])).await;
            // A header each that no table knows.
            conn.forever(frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b"))
                .await;
        }
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_of_headers_is_not_unpacked() {
    // 16 KiB put into the table once, then named again and again.
    let mut block = vec![STATUS_200, 0x40, 0x01, b'a', 0x7f, 0x81, 0x1d];
    block.extend([b'x'; 3_840]);
    block.extend([0xbe; 12_000]);
    let frames = frame(HEADERS, END_HEADERS, 1, &block);
    sending(frames).ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_pings_and_settings_end_with_the_sources_deadline_at_the_latest() {
    for flood in [frame(PING, 0, 0, &[7; 8]), frame(SETTINGS, 0, 0, &[])] {
        let case = Case::artifact().in_http2(move |mut conn| {
            let flood = flood.repeat(64);
            async move {
                if settled_and_asked(&mut conn).await {
                    conn.drip(flood, Duration::from_millis(1)).await;
                }
                conn
            }
        });
        case.source_ms(800).ends_in(LATE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_without_a_word_ends_with_the_sources_deadline() {
    let case = Case::artifact().in_http2(|mut conn| async {
        settled(&mut conn).await;
        conn.silence().await;
        conn
    });
    case.source_ms(800).ends_in(LATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_breaks_its_announced_length_in_http2_is_a_reset() {
    // content-length: 9 (the name is number 28 of the static table).
    let head = frame(
        HEADERS,
        END_HEADERS,
        1,
        &[STATUS_200, 0x0f, 0x0d, 0x01, b'9'],
    );
    let long = frame(DATA, 1, 1, b"%PDF-1.7 and more");
    sending([head, long].concat()).ends_in(RESET).await;
}
