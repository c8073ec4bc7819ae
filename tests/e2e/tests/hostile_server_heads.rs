//! A hostile server, before the body: silence, resets, and heads that are none.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::hostile::{Case, answer};
use paperfall_miniweb::Pdf;

const RESET: &str = "retryable reset";
const LATE: &str = "timeout source_deadline";

fn pdf() -> Vec<u8> {
    Pdf::new("Evil", 3, 20_000).bytes().to_vec()
}

/// A PDF under this status line and these header lines.
fn with_head(head: &str) -> Vec<u8> {
    [head.as_bytes(), b"\r\n", &pdf()].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_reset_when_it_is_made_is_no_connection() {
    let case = Case::artifact().raw(|mut conn| async {
        conn.reset();
        conn
    });
    case.ends_in("retryable connect").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_reset_before_the_answer_is_a_reset() {
    let case = Case::artifact().talking(|mut conn, _| async {
        conn.reset();
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_closed_before_the_answer_is_a_reset() {
    let case = Case::artifact().talking(|conn, _| async { conn });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_reset_within_the_head_is_a_reset() {
    for stage in ["HT", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let case = Case::artifact().talking(move |mut conn, _| async move {
            conn.send(stage).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            conn.reset();
            conn
        });
        case.ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_answers_ends_with_the_sources_deadline() {
    let case = Case::artifact().talking(|mut conn, _| async {
        conn.silence().await;
        conn
    });
    case.source_ms(800).ends_in(LATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_drips_ends_with_the_sources_deadline() {
    let case = Case::metadata().talking(|mut conn, _| async {
        conn.send("HTTP/1.1 200 OK\r\nX-Slow: ").await;
        conn.drip("a", Duration::from_millis(50)).await;
        conn
    });
    case.source_ms(800).ends_in(LATE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_header_lines_are_not_listened_to() {
    let case = Case::artifact().talking(|mut conn, _| async {
        conn.send("HTTP/1.1 200 OK\r\n").await;
        conn.forever("X-More: and more and more and more and more\r\n")
            .await;
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_header_line_is_not_listened_to() {
    let case = Case::landing().talking(|mut conn, _| async {
        conn.send("HTTP/1.1 200 OK\r\nX-Long: ").await;
        conn.forever([b'a'; 4096]).await;
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_status_line_is_not_listened_to() {
    let case = Case::metadata().talking(|mut conn, _| async {
        conn.send("HTTP/1.1 200 O").await;
        conn.forever([b'K'; 4096]).await;
        conn
    });
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_interim_answers_end_with_the_sources_deadline() {
    for interim in ["100 Continue", "102 Processing", "103 Early Hints"] {
        let case = Case::artifact().talking(move |mut conn, _| async move {
            let line = format!("HTTP/1.1 {interim}\r\n\r\n");
            conn.drip(line.repeat(100), Duration::from_millis(1)).await;
            conn
        });
        case.source_ms(800).ends_in(LATE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interim_answer_before_the_real_one_is_passed_over() {
    let head = format!(
        "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n\
         HTTP/1.1 200 OK\r\nContent-Length: {}\r\n",
        pdf().len()
    );
    let case = Case::artifact().answering(with_head(&head));
    let ended = case.ends_in("success arxiv_pdf").await;
    assert_eq!(ended.paper(), pdf());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_protocols_unasked_is_no_paper() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: upgrade\r\n";
    let case = Case::artifact().answering(with_head(head));
    case.ends_in("no_pdf not_a_pdf").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_no_status_lines_are_broken_answers() {
    for line in [
        "HTTP/9.9 200 OK",
        "ICY 200 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 -200 OK",
        "HTTP/1.1  OK",
        "HTTP/1.1",
        "SSH-2.0-OpenSSH_9.6",
        "\0\0\0\0",
        "200 OK",
    ] {
        let case = Case::artifact().answering(with_head(&format!("{line}\r\n")));
        case.ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_without_any_head_is_a_broken_answer() {
    Case::artifact().answering(pdf()).ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses_nobody_defined_are_not_taken_for_success() {
    for (status, ending) in [
        ("600 What", "no_pdf not_a_pdf"),
        ("999 Denied", "no_pdf not_a_pdf"),
        ("204 No Content", "no_pdf too_small"),
        ("304 Not Modified", "no_pdf not_a_pdf"),
    ] {
        let case = Case::artifact().answering(answer(status, &[], pdf()));
        case.ends_in(ending).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_without_words_and_an_old_version_are_fine() {
    for head in [
        "HTTP/1.1 200\r\n",
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Type: application/pdf\r\n",
    ] {
        // The end of the connection is the end of the body.
        let case = Case::artifact().answering(with_head(head));
        let ended = case.ends_in("success arxiv_pdf").await;
        assert_eq!(ended.paper(), pdf(), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null_bytes_and_line_breaks_in_headers_are_broken_answers() {
    for line in [
        "X-Null: a\0b",
        "X\0Null: a",
        "X-Bare: a\rb",
        "No colon here",
        ": no name",
        "X Space: a",
        " folded: from nothing",
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{line}\r\n");
        let case = Case::artifact().answering(with_head(&head));
        case.ends_in(RESET).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn header_values_that_are_no_text_do_no_harm() {
    let head = [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", pdf().len()).as_bytes(),
        b"Content-Type: \xff\xfe\r\nETag: \xc3\x28\r\nLast-Modified: \x80\r\n",
        b"Content-Disposition: attachment; filename=\"../../\xff\x1b.pdf\"\r\n\r\n",
        &pdf(),
    ]
    .concat();
    // An escape character is no header's.
    Case::artifact()
        .answering(head.clone())
        .ends_in(RESET)
        .await;
    let head: Vec<u8> = head.into_iter().filter(|byte| *byte != 0x1b).collect();
    let ended = Case::artifact().answering(head);
    let ended = ended.ends_in("success arxiv_pdf").await;
    assert_eq!(ended.paper(), pdf());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_headers_than_any_server_needs_are_a_broken_answer() {
    let lines: Vec<String> = (0..300).map(|n| format!("X-{n}: {n}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let case = Case::artifact().answering(answer("200 OK", &lines, pdf()));
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_answer_sent_along_is_not_the_next_requests() {
    let smuggled = Pdf::new("Smuggled", 9, 20_000).bytes();
    let case = Case::artifact().talking(move |mut conn, asked| {
        let smuggled = smuggled.clone();
        async move {
            if asked.path() == "/real.pdf" {
                conn.send(answer("200 OK", &[], pdf())).await;
                return conn;
            }
            // Kept alive, as far as the client is told.
            let head = "HTTP/1.1 302 Found\r\nLocation: /real.pdf\r\nContent-Length: 0\r\n\r\n";
            let second = answer("200 OK", &[], smuggled);
            conn.send([head.as_bytes(), &second].concat()).await;
            conn.silence().await;
            conn
        }
    });
    let ended = case.ends_in("success arxiv_pdf").await;
    assert_eq!(ended.paper(), pdf());
}
