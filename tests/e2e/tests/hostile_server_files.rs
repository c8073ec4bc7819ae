//! A hostile server, its files: what says it is a PDF and is none, what says
//! it is none and is one, and what stands in the way.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::hostile::{Bomb, Case, answer};
use paperfall_miniweb::{Answer, Pdf};

const OBTAINED: &str = "success arxiv_pdf";
const NO_PDF: &str = "no_pdf not_a_pdf";

fn pdf() -> Vec<u8> {
    Pdf::new("Evil", 3, 20_000).bytes().to_vec()
}

/// A file under this type.
fn file(kind: &str, body: impl AsRef<[u8]>) -> Case {
    let kind = format!("Content-Type: {kind}");
    Case::artifact().answering(answer("200 OK", &[&kind], body))
}

/// A page that stands in a file's way.
fn page(status: &str, page: &Answer) -> Case {
    let bytes = answer(status, &["Content-Type: text/html"], page.body());
    Case::artifact().answering(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_under_any_other_type_is_a_pdf() {
    for kind in [
        "text/html",
        "application/octet-stream",
        "image/png",
        "a/b/c; x=\"",
        "",
    ] {
        let ended = file(kind, pdf()).ends_in(OBTAINED).await;
        assert_eq!(ended.paper(), pdf(), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anything_else_under_a_pdfs_type_is_none() {
    let zip = [b"PK\x03\x04".as_slice(), &[7; 5_000]].concat();
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 5_000]].concat();
    let html = b"<html><body>No paper today</body></html>".repeat(50);
    let json = br#"{"error": "no such file"}"#.repeat(100);
    let postscript = [b"%!PS-Adobe-3.0\n".as_slice(), &[b' '; 5_000]].concat();
    let late = [[b' '; 1_100].as_slice(), &pdf()].concat();
    let stored = [b"PK\x03\x04\x14\0a.pdf".as_slice(), &pdf()].concat();
    for body in [
        zip,
        stored,
        png,
        html,
        json,
        postscript,
        late,
        vec![0; 5_000],
    ] {
        file("application/pdf", body).ends_in(NO_PDF).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_page_that_shows_a_pdf_or_is_followed_by_one_is_none() {
    let paper = pdf();
    let shown = [b"<!DOCTYPE html><html><pre>\n", paper.as_slice(), b"</pre>"].concat();
    let behind = b"\xEF\xBB\xBF\n<html><body>See below</body></html>\n";
    let followed = [behind.as_slice(), &paper].concat();
    for body in [shown, followed] {
        file("application/pdf", &body).ends_in(NO_PDF).await;
        let wrapped = Bomb::Gzip.of(&body, 0).await;
        file("application/pdf", wrapped).ends_in(NO_PDF).await;
    }
    // What a server's own trouble puts before a file leaves it a file.
    let warned = [b"<br />\n<b>Warning</b>: line 3\n", paper.as_slice()].concat();
    file("text/html", warned).ends_in(OBTAINED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_says_what_its_status_should_have_said_is_believed() {
    for (title, ending) in [
        ("502 Proxy Error", "retryable http_5xx"),
        ("Page not found | Publisher", "no_pdf not_found"),
        ("Client Challenge", "no_pdf blocked"),
        ("Anmelden", "no_pdf paywalled"),
    ] {
        let page = format!("<!DOCTYPE html><html><title>{title}</title><body>x");
        file("application/pdf", page).ends_in(ending).await;
    }
    let sixteen: Vec<u8> = "<html><title>Just a moment...</title>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    file("text/html", sixteen).ends_in("no_pdf blocked").await;
    for (status, label) in [
        ("202 Accepted", "x-amzn-waf-action: challenge"),
        ("200 OK", "cf-mitigated: challenge"),
    ] {
        let case = Case::artifact().answering(answer(status, &[label], b""));
        case.ends_in("no_pdf blocked").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_in_the_encoding_they_are_called_are_no_pdf() {
    for (encoding, body) in [
        ("Content-Encoding: gzip", pdf()),
        ("Content-Encoding: zstd", vec![7; 5_000]),
    ] {
        let labels = [encoding, "Content-Type: application/pdf"];
        let case = Case::artifact().answering(answer("200 OK", &labels, body));
        case.ends_in(NO_PDF).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encoding_that_is_none_leaves_the_bytes_as_they_are() {
    for word in ["utf-8", "binary", "none"] {
        let encoding = format!("Content-Encoding: {word}");
        let labels = [encoding.as_str(), "Content-Type: application/pdf"];
        let case = Case::artifact().answering(answer("200 OK", &labels, pdf()));
        assert_eq!(case.ends_in(OBTAINED).await.paper(), pdf(), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linearised_file_of_which_only_the_first_part_came_is_truncated() {
    let head = b"%PDF-1.4\n1 0 obj\n<</Linearized 1/L 99999/O 3/E 9/N 1/T 9>>\nendobj\n";
    let first = [head.as_slice(), &[b'%'; 4_000], b"\nstartxref\n0\n%%EOF\n"].concat();
    file("application/pdf", first)
        .ends_in("no_pdf truncated")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn padding_behind_a_file_leaves_it_whole_and_makes_a_first_part_none() {
    for padding in [[0; 5_000], [b'\n'; 5_000]] {
        let padded = [pdf().as_slice(), &padding].concat();
        let ended = file("application/pdf", &padded).ends_in(OBTAINED).await;
        assert_eq!(ended.paper(), padded);
    }
    let head = b"%PDF-1.4\n1 0 obj\n<</Linearized 1/L 8000/O 3/E 9/N 1/T 9>>\nendobj\n";
    let first = [head.as_slice(), &[b'%'; 2_000], b"\nstartxref\n0\n%%EOF\n"].concat();
    let set_aside = [first.as_slice(), &vec![0; 8_000 - first.len()]].concat();
    file("application/pdf", set_aside)
        .ends_in("no_pdf truncated")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_that_a_server_took_for_text_is_none() {
    let lost = "\u{FFFD}".repeat(2_000);
    let text = format!("%PDF-1.4\n%\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\nstream\n{lost}\n%%EOF\n");
    file("application/pdf", text).ends_in(NO_PDF).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_at_all_and_next_to_nothing_are_too_small() {
    for body in [b"".as_slice(), b"%PDF-1.7\n%%EOF\n"] {
        file("application/pdf", body)
            .ends_in("no_pdf too_small")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_honestly_ends_too_early_is_truncated() {
    let half = &pdf()[..10_000];
    file("application/pdf", half)
        .ends_in("no_pdf truncated")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gzip_wrapped_pdf_is_unwrapped_once_and_only_whole() {
    let wrapped = Bomb::Gzip.of(&pdf(), 0).await;
    let ended = file("application/pdf", &wrapped).ends_in(OBTAINED).await;
    assert_eq!(ended.paper(), pdf());
    // RFC 1952 lets a gzip file have several members.
    let paper = pdf();
    let (start, rest) = paper.split_at(9_000);
    let members = [Bomb::Gzip.of(start, 0).await, Bomb::Gzip.of(rest, 0).await];
    for behind in [b"".as_slice(), &[0; 600]] {
        let body = [members.concat().as_slice(), behind].concat();
        let ended = file("application/pdf", body).ends_in(OBTAINED).await;
        assert_eq!(ended.paper(), paper);
    }
    let twice = Bomb::Gzip.of(&wrapped, 0).await;
    file("application/pdf", twice).ends_in(NO_PDF).await;
    let cut = &wrapped[..wrapped.len() - 2_000];
    file("application/pdf", cut)
        .ends_in("no_pdf truncated")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_pdf_is_kept_and_flagged() {
    let encrypted = Pdf::encrypted("Evil", 3, 20_000).bytes();
    let ended = file("application/pdf", &encrypted).ends_in(OBTAINED).await;
    assert_eq!(ended.result()["notes"], serde_json::json!(["encrypted"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_pdf_whose_trailer_stands_behind_a_long_table_near_its_start_is_flagged() {
    let head = "%PDF-1.4\n1 0 obj\n<</Linearized 1/L 99999/O 3/E 9/N 1/T 9>>\nendobj\n";
    let rows = |count: usize| "0000000010 00000 n \n".repeat(count);
    let body = format!(
        "{head}xref\n100 2000\n{}trailer\n<</Size 2100/Root 1 0 R/Encrypt 7 0 R>>\nstartxref\n0\n%%EOF\n\
         {}\nxref\n0 100\n{}trailer\n<</Size 100>>\nstartxref\n{}\n%%EOF\n",
        rows(2000),
        "% nothing\n".repeat(900),
        rows(100),
        head.len()
    );
    let ended = file("application/pdf", body).ends_in(OBTAINED).await;
    assert_eq!(ended.result()["notes"], serde_json::json!(["encrypted"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pdf_that_points_beyond_itself_is_stored_without_looking_there() {
    for offset in [
        "0",
        "9223372036854775808",
        "18446744073709551615",
        "99999999999999999999",
    ] {
        let body = format!(
            "%PDF-1.4\n{}\nstartxref\n{offset}\n%%EOF\n",
            "% nothing\n".repeat(300)
        );
        file("application/pdf", body).ends_in(OBTAINED).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browser_checks_under_any_status_are_blocked() {
    for status in ["200 OK", "403 Forbidden", "503 Service Unavailable"] {
        page(status, &Answer::challenge())
            .ends_in("no_pdf blocked")
            .await;
    }
    let proof = page("200 OK", &Answer::proof_of_work());
    proof.ends_in("no_pdf blocked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_page_in_a_files_place_is_a_paywall() {
    for status in ["200 OK", "401 Unauthorized", "403 Forbidden"] {
        page(status, &Answer::login())
            .ends_in("no_pdf paywalled")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_nobody_asked_for_or_a_wrong_part_is_not_taken_for_the_file() {
    let length = pdf().len();
    for range in [
        format!("Content-Range: bytes 5000-{}/{length}", length - 1),
        "Content-Range: bytes 0-99/100".to_owned(),
        "Content-Range: nonsense".to_owned(),
        "X-No: range".to_owned(),
    ] {
        // The download asks for everything and gets a part.
        let case = Case::artifact().talking(move |mut conn, asked| {
            let range = range.clone();
            async move {
                if asked.is_probe() || asked.is_head() {
                    conn.send(answer("200 OK", &[], pdf())).await;
                } else {
                    let part = &pdf()[5_000..];
                    conn.send(answer("206 Partial Content", &[&range], part))
                        .await;
                }
                conn
            }
        });
        case.ends_in(NO_PDF).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_fine_for_the_probe_alone_is_judged_by_its_download() {
    for (status, ending) in [
        ("404 Not Found", "no_pdf not_found"),
        ("403 Forbidden", "no_pdf blocked"),
        ("500 Internal Server Error", "retryable http_5xx"),
        ("429 Too Many Requests", "retryable rate_limited"),
        ("200 OK", NO_PDF),
    ] {
        let case = Case::artifact().talking(move |mut conn, asked| async move {
            if asked.is_probe() {
                conn.send(answer("200 OK", &[], pdf())).await;
            } else {
                let body = "<html><body>Nothing to see</body></html>".repeat(100);
                conn.send(answer(status, &["Content-Type: text/html"], body))
                    .await;
            }
            conn
        });
        case.ends_in(ending).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_is_no_metadata_is_no_answer() {
    let deep = "[".repeat(100_000);
    let huge = format!("{{\"best_oa_location\": {}}}", "9".repeat(100_000));
    for body in [
        "",
        "null",
        "[]",
        "\u{feff}{}",
        "<html></html>",
        &deep,
        &huge,
        "{\"doi\":",
    ] {
        let json = ["Content-Type: application/json"];
        let case = Case::metadata().answering(answer("200 OK", &json, body));
        case.ends_in("error bad_answer").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_nested_without_end_is_read_within_its_limits() {
    let page = "<div>".repeat(1_000_000);
    let case = Case::landing().answering(answer("200 OK", &["Content-Type: text/html"], page));
    case.ends_in("no_pdf no_pdf_url").await;
}
