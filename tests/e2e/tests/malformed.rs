//! What guests hand to the host (requests, log lines, findings, pointers) is
//! hostile: too long, too many, malformed, or not theirs to send.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Proposal, Stage, WORKS};
use paperfall_miniweb::{Answer, Pdf, World};

const GRANTED: &str = "[adapter.evil]\nhosts = ['evil.example']\n";

fn web_of_evil() -> World {
    World::new()
        .page("https://evil.example/", Answer::text("welcome"))
        .page(
            "https://evil.example/good.pdf",
            Answer::pdf(Pdf::new("Good", 9, 20_000)),
        )
}

/// An adapter whose `resolve` is written with the adapter at hand.
fn evil(resolve: impl FnOnce(&mut Guest) -> String) -> Vec<u8> {
    let mut guest = Guest::new("evil").host("evil.example");
    let body = resolve(&mut guest);
    guest.resolve(body).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_of_ten_megabytes_does_not_reach_the_host() {
    let mut guest = Guest::new("evil").pages(200);
    let miss = guest.miss("not_found");
    let guest = guest
        .resolve(format!(
            "(drop (call $ask (i32.const 0) (i32.const 4096) (i32.const 10485760)
               (i32.const 0) (i32.const 0) (i32.const 0))) {miss}"
        ))
        .build();
    Stage::new(&guest)
        .await
        .survives("error output_limit")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_not_http_or_not_well_formed_are_typed_errors() {
    let long = format!("https://evil.example/?{}", "x".repeat(100_000));
    let urls = [
        "file:///etc/passwd",
        "data:text/plain,hello",
        "ftp://evil.example/",
        "javascript:alert(1)",
        "https://user:password@evil.example/",
        "https://evil.example:99999/",
        "//evil.example/",
        "",
        "https://",
        long.as_str(),
    ];
    let guest = evil(|guest| {
        let asks: String = urls
            .iter()
            .map(|url| guest.get_and_tell(url, &[]))
            .collect();
        format!("{asks} {}", guest.miss("not_found"))
    });
    let stage = Stage::in_world(web_of_evil(), &guest)
        .await
        .settings(GRANTED);
    stage.survives("no_pdf not_found").await;
    let asked = stage.rig.web.requests_for("evil.example", "/");
    assert!(asked.is_empty(), "{asked:?}");
    let ran = stage.explain().await;
    assert_eq!(
        ran.stdout.matches("→ bad-url: ").count(),
        urls.len(),
        "{ran}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_are_not_a_guests_to_set_stop_the_request() {
    let headers = [
        ("Host", "bank.example"),
        ("Cookie", "session=1"),
        ("User-Agent", "Mozilla/5.0"),
        ("Authorization", "Bearer mine"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Accept", "text/html\r\nX-Smuggled: 1"),
        ("Accept\r\nX-Smuggled", "1"),
        ("Accept", "caf\u{e9}"),
    ];
    let guest = evil(|guest| {
        let asks: String = headers
            .iter()
            .map(|header| guest.get_and_tell("https://evil.example/", &[*header]))
            .collect();
        format!("{asks} {}", guest.miss("not_found"))
    });
    let stage = Stage::in_world(web_of_evil(), &guest)
        .await
        .settings(GRANTED);
    stage.survives("no_pdf not_found").await;
    let asked = stage.rig.web.requests_for("evil.example", "/");
    assert!(asked.is_empty(), "{asked:?}");
    let ran = stage.explain().await;
    let refusals = ran.stdout.matches("→ forbidden-request: ").count();
    assert_eq!(refusals, headers.len(), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_of_log_are_cut_to_64_kib() {
    let mut guest = Guest::new("evil").pages(32);
    let miss = guest.miss("not_found");
    let guest = guest
        .resolve(format!(
            "(memory.fill (i32.const 8192) (i32.const 120) (i32.const 1000000))
             (loop $again
               (call $tell (i32.const 8192) (i32.const 1000000))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $i) (i32.const 100))))
             {miss}"
        ))
        .build();
    let stage = Stage::new(&guest).await;
    stage.survives("no_pdf not_found").await;
    let ran = stage.explain().await;
    let dropped = 100 * 1_000_000 - 64 * 1024;
    assert!(
        ran.stdout.contains(&format!("{dropped} bytes dropped")),
        "{}",
        ran.stdout.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_guest_says_cannot_steer_a_terminal() {
    let mut guest = Guest::new("evil");
    let tell = guest.tell("a\u{1b}[2Jb\u{9b}31mc\u{202e}d\rnothing found\u{7}");
    let guest = guest
        .module("(func $named (@name \"evil\\1b[2J\\07\") unreachable)")
        .resolve(format!("{tell} (call $named) unreachable"))
        .build();
    let stage = Stage::new(&guest).await;
    stage.survives("error trap").await;
    let ran = stage.explain().await;
    assert!(
        ran.stdout
            .contains("a\\u{1b}[2Jb\\u{9b}31mc\\u{202e}d\\u{d}"),
        "{ran}"
    );
    assert!(ran.stdout.contains("evil\\u{1b}[2J"), "{ran}");
    for steering in ['\u{1b}', '\u{9b}', '\u{202e}', '\r', '\u{7}'] {
        assert!(!ran.stdout.contains(steering), "{steering:?}: {ran}");
        assert!(!ran.stderr.contains(steering), "{steering:?}: {ran}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_candidates_break_the_output_limit() {
    // A million records of zeros are a million candidates with empty fields.
    let guest = Guest::new("evil")
        .pages(950)
        .resolve(
            "(i32.store offset=4 (i32.const 64) (i32.const 8192))
             (i32.store offset=8 (i32.const 64) (i32.const 1000000))
             (i32.const 64)",
        )
        .build();
    Stage::new(&guest)
        .await
        .survives("error output_limit")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strings_over_their_limit_break_the_output_limit() {
    let megabytes = Guest::new("evil")
        .pages(200)
        .resolve(
            "(i32.store8 (i32.const 64) (i32.const 1))
             (i32.store offset=12 (i32.const 64) (i32.const 10485760))
             (i32.const 64)",
        )
        .build();
    Stage::new(&megabytes)
        .await
        .survives("error output_limit")
        .await;

    let long = "x".repeat(4097);
    let url = format!("https://evil.example/{long}");
    for guest in [
        evil(|guest| guest.miss(&long)),
        evil(|guest| guest.findings(&[], &[], &[], &long)),
        evil(|guest| guest.candidate(&url)),
        evil(|guest| guest.findings(&[], &[&url], &[], "not_found")),
        evil(|guest| guest.findings(&[], &[], &[(&long, "1")], "not_found")),
        evil(|guest| guest.findings(&[], &[], &[("doi", &long)], "not_found")),
    ] {
        Stage::new(&guest)
            .await
            .survives("error output_limit")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reasons_that_are_no_words_break_the_contract() {
    for reason in ["", "Not Found", "new\nline", "\u{1b}[2J", &"x".repeat(41)] {
        let guest = evil(|guest| guest.miss(reason));
        Stage::new(&guest).await.survives("error contract").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_fields_cost_the_field_or_the_candidate_and_nothing_else() {
    let good = Proposal::new("https://evil.example/good.pdf");
    let guest = evil(|guest| {
        let candidates = [
            Proposal::new("not a URL"),
            Proposal::new("file:///etc/passwd"),
            Proposal::new("https://evil.example/\u{0}\n.pdf\u{1b}[2J"),
            Proposal {
                checksum: Some("md5:none"),
                ..good
            },
            Proposal {
                version: Some("published\u{1b}[2JVersion"),
                license: Some("cc\n-by"),
                notes: &["retracted", "a\r\nb", "a\u{202e}b"],
                ..good
            },
        ];
        let identifiers = [
            ("doi", "no doi"),
            ("doi", "10.5555/another.work"),
            ("arxiv", "\u{1b}[2J"),
            ("", ""),
            ("pmcid", "PMC1 OR 1=1"),
            ("a\nb", "c"),
            ("isbn", "978\u{202e}1"),
        ];
        let pages = ["gopher://x/", "https://evil.example/\n\n", "::"];
        guest.findings(&candidates, &pages, &identifiers, "not_found")
    });
    let stage = Stage::in_world(web_of_evil(), &guest).await;
    let ran = stage.fetch().await;
    assert_eq!(ran.code, 0, "{ran}");
    for (work, doi) in WORKS.iter().zip(["10.5555/one", "10.5555/two"]) {
        let result = stage.rig.result(work);
        assert_eq!(stage.rig.attempts(work), ["evil success oa_pdf"], "{ran}");
        assert_eq!(result["url"], "https://evil.example/good.pdf");
        assert!(
            result.get("version").is_none_or(|v| v.is_null()),
            "{result}"
        );
        assert!(
            result.get("license").is_none_or(|v| v.is_null()),
            "{result}"
        );
        assert_eq!(result["notes"], serde_json::json!(["retracted"]));
        assert_eq!(result["identifiers"], serde_json::json!({"doi": doi}));
    }
    let lines = std::fs::read_to_string(stage.rig.out().join("results.jsonl")).unwrap();
    assert!(
        !lines.contains("\\u001b") && !lines.contains('\u{1b}'),
        "{lines}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ninth_candidate_is_not_considered() {
    let urls: Vec<String> = (1..=8)
        .map(|n| format!("https://evil.example/missing-{n}.pdf"))
        .chain(["https://evil.example/good.pdf".to_owned()])
        .collect();
    let guest = evil(|guest| {
        let candidates: Vec<Proposal<'_>> = urls.iter().map(|url| Proposal::new(url)).collect();
        guest.findings(&candidates, &[], &[], "not_found")
    });
    let stage = Stage::in_world(web_of_evil(), &guest).await;
    stage.survives("no_pdf not_found").await;
    let asked = |path: &str| stage.rig.web.requests_for("evil.example", path).len();
    assert!(asked("/missing-8.pdf") > 0);
    assert_eq!(asked("/good.pdf"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn candidates_at_private_addresses_are_not_probed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}/a.pdf", listener.local_addr().unwrap());
    for url in [
        &here,
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.pdf",
    ] {
        let guest = evil(|guest| guest.candidate(url));
        let stage = Stage::new(&guest).await;
        stage.survives("nonretryable private_address").await;
    }
    let wait = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(wait, listener.accept()).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pointers_into_nowhere_break_the_contract() {
    for body in [
        // Beyond the memory, misaligned, in no case of the result.
        "(i32.const 0x7ffffff0)",
        "(i32.const 65)",
        "(i32.store8 (i32.const 64) (i32.const 7)) (i32.const 64)",
        // A miss whose reason lies beyond the memory, or is not UTF-8.
        "(i32.store8 (i32.const 64) (i32.const 1))
         (i32.store offset=8 (i32.const 64) (i32.const 0x7ffffff0))
         (i32.store offset=12 (i32.const 64) (i32.const 9))
         (i32.const 64)",
        "(i32.store8 (i32.const 64) (i32.const 1))
         (i32.store offset=8 (i32.const 64) (i32.const 128))
         (i32.store offset=12 (i32.const 64) (i32.const 1))
         (i32.store8 (i32.const 128) (i32.const 0xff))
         (i32.const 64)",
        // More candidates than there are addresses.
        "(i32.store offset=4 (i32.const 64) (i32.const 8192))
         (i32.store offset=8 (i32.const 64) (i32.const -1))
         (i32.const 64)",
        // A request from nowhere.
        "(drop (call $ask (i32.const 0) (i32.const -8) (i32.const 100)
           (i32.const 0) (i32.const 0) (i32.const 0))) unreachable",
        // A method there is not.
        "(drop (call $ask (i32.const 9) (i32.const 64) (i32.const 1)
           (i32.const 0) (i32.const 0) (i32.const 0))) unreachable",
    ] {
        let guest = Guest::new("evil").resolve(body).build();
        Stage::new(&guest).await.survives("error contract").await;
    }
}
