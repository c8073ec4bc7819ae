//! A hostile server, its redirects and cookies: chains without an end, ways
//! out of the web and into the house, and jars that overflow.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use paperfall_e2e::hostile::{Case, answer, redirect_to};
use paperfall_miniweb::Pdf;

const RESET: &str = "retryable reset";
const LOOP: &str = "nonretryable redirect_loop";
const BAD_URL: &str = "nonretryable bad_url";
const OBTAINED: &str = "success arxiv_pdf";

fn pdf() -> Vec<u8> {
    Pdf::new("Evil", 3, 20_000).bytes().to_vec()
}

/// Sends everybody to what `next` makes of the path and whether it came by TLS.
fn sending(case: Case, next: impl Fn(&str, bool) -> String + Send + Sync + 'static) -> Case {
    let next = Arc::new(next);
    case.talking(move |mut conn, asked| {
        let next = Arc::clone(&next);
        async move {
            let location = next(asked.path(), conn.is_secure());
            conn.send(redirect_to(&location)).await;
            conn
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_itself_is_a_loop_at_once() {
    let ended = sending(Case::artifact(), |path, _| path.to_owned());
    let ended = ended.ends_in(LOOP).await;
    assert_eq!(ended.origin.requests().len(), 1, "{:?}", ended.paths());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_that_never_repeat_end_after_ten() {
    for case in [Case::artifact(), Case::metadata()] {
        let ended = sending(case, |path, _| format!("{path}0"));
        let ended = ended.ends_in(LOOP).await;
        assert_eq!(ended.origin.requests().len(), 11, "{:?}", ended.paths());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_to_and_fro_between_schemes_end() {
    let ended = sending(Case::artifact(), |path, secure| {
        let scheme = if secure { "http" } else { "https" };
        format!("{scheme}://arxiv.org{path}")
    });
    let ended = ended.ends_in(LOOP).await;
    assert_eq!(ended.origin.requests().len(), 2, "{:?}", ended.paths());
    let ended = sending(Case::artifact(), |path, secure| {
        let scheme = if secure { "http" } else { "https" };
        format!("{scheme}://arxiv.org{path}0")
    });
    let ended = ended.ends_in(LOOP).await;
    assert_eq!(ended.origin.requests().len(), 11, "{:?}", ended.paths());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_circle_over_several_hosts_ends() {
    let ended = sending(Case::artifact(), |_, _| "https://evil.example/2".to_owned());
    let ended = ended.ends_in(LOOP).await;
    assert_eq!(ended.origin.requests().len(), 2, "{:?}", ended.paths());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_with_a_new_cookie_each_end_too() {
    let count = Arc::new(AtomicUsize::new(0));
    let case = Case::artifact().talking(move |mut conn, asked| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        async move {
            let cookie = format!("Set-Cookie: n={n}");
            let location = format!("Location: {}", asked.path());
            conn.send(answer("302 Found", &[&cookie, &location], ""))
                .await;
            conn
        }
    });
    let ended = case.ends_in(LOOP).await;
    assert_eq!(ended.origin.requests().len(), 11, "{:?}", ended.paths());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_out_of_the_web_is_a_bad_url() {
    for location in [
        "file:///etc/passwd",
        "ftp://evil.example/x.pdf",
        "javascript:alert(1)",
        "data:application/pdf;base64,JVBERi0xLjcK",
        "gopher://evil.example/",
        "https://user:password@evil.example/x.pdf",
        "https://evil.example:99999/",
        "https://",
        "https://[::1/",
        "https://a b/",
    ] {
        let ended = sending(Case::artifact(), move |_, _| location.to_owned());
        let ended = ended.ends_in(BAD_URL).await;
        assert_eq!(ended.origin.requests().len(), 1, "{location}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_location_with_control_characters_is_not_followed() {
    for location in [
        "https://evil.example/\0.pdf",
        "https://evil.example/a\rb.pdf",
        "https://evil.example/\x1b[2J.pdf",
        "https://evil.example/\x7f.pdf",
    ] {
        let case = sending(Case::artifact(), move |_, _| location.to_owned());
        let ended = case.ends_in(RESET).await;
        assert_eq!(ended.origin.requests().len(), 1, "{location:?}");
        assert!(!ended.ran.stdout.contains('\x1b'), "{}", ended.ran);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_location_that_is_no_text_is_encoded_and_an_endless_one_is_a_bad_url() {
    let raw = b"HTTP/1.1 302 Found\r\nLocation: https://evil.example/\xff\xfe\r\n\r\n";
    let case = Case::artifact().answering(raw.as_slice());
    let ended = case.ends_in(LOOP).await;
    assert_eq!(ended.paths()[1..], ["/%C3%BF%C3%BE"]);
    let long = format!("https://evil.example/{}", "x".repeat(100_000));
    let case = sending(Case::artifact(), move |_, _| long.clone());
    case.ends_in(BAD_URL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_nowhere_is_no_paper() {
    for headers in [&["X-Location: /x.pdf"][..], &["Refresh: 0; url=/x.pdf"]] {
        let case = Case::artifact().answering(answer("302 Found", headers, "moved"));
        let ended = case.ends_in("no_pdf not_a_pdf").await;
        assert_eq!(ended.origin.requests().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_whose_own_body_never_ends_is_followed_without_it() {
    let case = Case::artifact().talking(|mut conn, asked| async move {
        if asked.path() == "/real.pdf" {
            conn.send(answer("200 OK", &[], pdf())).await;
        } else {
            conn.send("HTTP/1.1 302 Found\r\nLocation: /real.pdf\r\n\r\n")
                .await;
            conn.forever([b'x'; 64 * 1024]).await;
            assert!(conn.sent() < 64 * 1024 * 1024, "{}", conn.sent());
        }
        conn
    });
    let ended = case.ends_in(OBTAINED).await;
    assert_eq!(ended.paper(), pdf());
}

/// A service on this machine that must not be reached.
struct Private(TcpListener);

impl Private {
    fn new() -> Self {
        let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0"));
        let listener = listener.unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn assert_untouched(&self) {
        match self.0.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            touched => panic!("the private service was reached: {touched:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_into_the_house_is_refused_in_every_form() {
    let private = Private::new();
    let port = private.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "0x7f000001",
        "2130706433",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST.",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
    ] {
        for case in [Case::artifact(), Case::landing()] {
            let case = sending(case, move |_, _| format!("http://{host}:{port}/secret.pdf"));
            let ended = case.ends_in("nonretryable private_address").await;
            assert_eq!(ended.origin.requests().len(), 1, "{host}");
            private.assert_untouched();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_cookies_cost_the_answer() {
    let lines: Vec<String> = (0..1_000)
        .map(|n| format!("Set-Cookie: n{n}={n}"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let case = Case::artifact().answering(answer("200 OK", &lines, pdf()));
    case.ends_in(RESET).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_cookies_over_ten_redirects_do_not_flood_the_last_request() {
    let case = Case::artifact().talking(|mut conn, asked| async move {
        let hop: usize = asked.path().trim_start_matches("/hop").parse().unwrap_or(0);
        if hop >= 8 {
            conn.send(answer("200 OK", &[], pdf())).await;
            return conn;
        }
        let large = "x".repeat(1_000);
        let mut lines: Vec<String> = (0..200)
            .map(|n| format!("Set-Cookie: h{hop}n{n}={large}"))
            .collect();
        lines.push(format!("Location: /hop{}", hop + 1));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        conn.send(answer("302 Found", &lines, "")).await;
        conn
    });
    let ended = case.ends_in(OBTAINED).await;
    let longest = ended
        .origin
        .requests()
        .iter()
        .map(|asked| asked.head.len())
        .max();
    assert!(longest.unwrap() < 64 * 1024, "{longest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_for_everybody_or_for_others_are_not_kept() {
    let case = Case::artifact().talking(|mut conn, asked| async move {
        if asked.path() == "/jar" {
            conn.send(answer("200 OK", &[], pdf())).await;
            return conn;
        }
        let lines = [
            "Set-Cookie: own=1; Path=/",
            "Set-Cookie: suffix=1; Domain=example; Path=/",
            "Set-Cookie: org=1; Domain=org; Path=/",
            "Set-Cookie: other=1; Domain=evil.example; Path=/",
            "Set-Cookie: __Host-x=1; Domain=arxiv.org; Path=/",
            "Set-Cookie: =; Path=/",
            "Set-Cookie: \t",
            "Location: https://evil.example/jar",
        ];
        conn.send(answer("302 Found", &lines, "")).await;
        conn
    });
    let ended = case.ends_in(OBTAINED).await;
    let last = ended.origin.requests().pop().unwrap();
    assert_eq!(last.path(), "/jar");
    assert_eq!(last.header("cookie"), None, "{}", last.head);
}
