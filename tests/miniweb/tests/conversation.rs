//! The miniature web over the wire: shapes, ranges, conditions, names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod client;

use std::io::Read as _;
use std::time::{Duration, Instant};

use client::{ask, connect, get};
use paperfall_miniweb::{
    Answer, Cue, Door, Ended, Location, LoggedRequest, Miniweb, Paper, Pdf, Scheme, Script,
    UnpaywallRecord, World, demo,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PDF: &str = "https://j.example/a.pdf";

fn pdf() -> Pdf {
    Pdf::new("Über kleine Netze", 7, 50_000)
}

async fn play(world: World) -> Miniweb {
    Miniweb::start(world).await.expect("a running web")
}

#[tokio::test]
async fn a_service_speaks_tls_under_its_own_name() {
    let record = UnpaywallRecord::open([Location::pdf(PDF, "https://j.example/a")]);
    let web = play(World::new().paper(Paper::new("Ü").doi("10.5555/x").unpaywall(record))).await;
    let reply = get(
        &web,
        "https://api.unpaywall.org/v2/10.5555/x?email=demo@paperfall.example",
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.json()["best_oa_location"]["url_for_pdf"], PDF);
}

#[tokio::test]
async fn a_name_it_does_not_play_gets_no_certificate() {
    let web = play(World::new()).await;
    assert!(connect(&web, "https", "doi.org").await.is_ok());
    assert!(connect(&web, "https", "elsewhere.example").await.is_err());
}

#[tokio::test]
async fn every_name_is_pinned_for_both_ports() {
    let web = play(
        World::new()
            .page(PDF, Answer::pdf(pdf()))
            .host("empty.example"),
    )
    .await;
    let pins = web.pins();
    for name in ["j.example", "empty.example", "doi.org", "web.archive.org"] {
        assert!(pins.contains(&format!("{name}:443:{}", web.tls_address())));
        assert!(pins.contains(&format!("{name}:80:{}", web.http_address())));
    }
    assert_eq!(pins.len(), web.names().len() * 2);
}

#[tokio::test]
async fn a_paper_comes_whole_with_length_and_validators() {
    let web = play(World::new().page(PDF, Answer::pdf(pdf()))).await;
    let reply = get(&web, PDF).await;
    assert_eq!(
        (reply.status, reply.body.as_slice()),
        (200, &pdf().bytes()[..])
    );
    assert_eq!(reply.header("content-length"), Some("50000"));
    assert!(reply.header("etag").is_some() && reply.header("last-modified").is_some());
    let head = ask(&web, "HEAD", PDF, &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some("50000"));
    assert_eq!(head.header("etag"), reply.header("etag"));
}

#[tokio::test]
async fn ranges_are_honoured_while_the_validator_still_holds() {
    let web = play(World::new().page(PDF, Answer::pdf(pdf()).etag("\"v1\""))).await;
    let part = ask(
        &web,
        "GET",
        PDF,
        &[("range", "bytes=40000-"), ("if-range", "\"v1\"")],
    )
    .await;
    assert_eq!(part.status, 206);
    assert_eq!(
        part.header("content-range"),
        Some("bytes 40000-49999/50000")
    );
    assert_eq!(part.body, pdf().bytes()[40_000..]);
    let stale = ask(
        &web,
        "GET",
        PDF,
        &[("range", "bytes=40000-"), ("if-range", "\"v0\"")],
    )
    .await;
    assert_eq!((stale.status, stale.body.len()), (200, 50_000));
    let beyond = ask(&web, "GET", PDF, &[("range", "bytes=50000-")]).await;
    assert_eq!(
        (beyond.status, beyond.header("content-range")),
        (416, Some("bytes */50000"))
    );
    let unchanged = ask(&web, "GET", PDF, &[("if-none-match", "\"v1\"")]).await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
}

#[tokio::test]
async fn ranges_and_head_can_be_refused() {
    let web = play(World::new().page(PDF, Answer::pdf(pdf()).no_ranges().no_head())).await;
    let whole = ask(&web, "GET", PDF, &[("range", "bytes=0-0")]).await;
    assert_eq!((whole.status, whole.body.len()), (200, 50_000));
    assert_eq!(whole.header("accept-ranges"), None);
    let head = ask(&web, "HEAD", PDF, &[]).await;
    assert_eq!((head.status, head.header("allow")), (405, Some("GET")));
    assert_eq!(ask(&web, "POST", PDF, &[]).await.status, 405);
}

#[tokio::test]
async fn a_changed_paper_is_a_script_of_two_answers() {
    let changed =
        Script::from(Answer::pdf(pdf()).etag("\"v1\"")).then(Answer::pdf(pdf()).etag("\"v2\""));
    let web = play(World::new().page(PDF, changed)).await;
    assert_eq!(get(&web, PDF).await.header("etag"), Some("\"v1\""));
    let again = ask(
        &web,
        "GET",
        PDF,
        &[("range", "bytes=9-"), ("if-range", "\"v1\"")],
    )
    .await;
    assert_eq!((again.status, again.header("etag")), (200, Some("\"v2\"")));
}

#[tokio::test]
async fn gzipped_answers_say_so_and_gzip_wrapped_papers_do_not() {
    let world = World::new()
        .page(
            "https://j.example/page",
            Answer::html("<p>small</p>").gzip(),
        )
        .page(PDF, Answer::pdf(pdf()).gzip_wrapped())
        .page("https://j.example/bomb", Answer::gzip_bomb(8));
    let web = play(world).await;
    let unzip = |bytes: &[u8]| {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes)
            .read_to_end(&mut out)
            .unwrap();
        out
    };
    let page = get(&web, "https://j.example/page").await;
    assert_eq!(page.header("content-encoding"), Some("gzip"));
    assert_eq!(unzip(&page.body), b"<p>small</p>");
    let wrapped = get(&web, PDF).await;
    assert_eq!(wrapped.header("content-encoding"), None);
    assert_eq!(wrapped.header("content-type"), Some("application/pdf"));
    assert_eq!(unzip(&wrapped.body), pdf().bytes());
    let bomb = get(&web, "https://j.example/bomb").await;
    assert!(bomb.body.len() < 200_000, "{} bytes", bomb.body.len());
    assert_eq!(unzip(&bomb.body).len(), 8 * 1024 * 1024);
}

#[tokio::test]
async fn a_cookie_gate_opens_for_those_who_bring_the_cookie() {
    let check = Answer::redirect(PDF).header("set-cookie", "ok=1; Path=/");
    let world = World::new()
        .page(
            PDF,
            Answer::pdf(pdf()).only_with_cookie("ok", Answer::redirect("/check")),
        )
        .page("https://j.example/check", check);
    let web = play(world).await;
    let refused = get(&web, PDF).await;
    assert_eq!(
        (refused.status, refused.header("location")),
        (302, Some("/check"))
    );
    let opened = ask(&web, "GET", PDF, &[("cookie", "a=b; ok=1")]).await;
    assert_eq!(opened.status, 200);
}

#[tokio::test]
async fn plain_http_is_sent_on_to_https_where_only_that_is_played() {
    let world = World::new()
        .page(PDF, Answer::pdf(pdf()))
        .page("http://plain.example/x", Answer::text("plain"));
    let web = play(world).await;
    let doi = get(&web, "http://doi.org/10.5555/x?a=b").await;
    assert_eq!(
        (doi.status, doi.header("location")),
        (301, Some("https://doi.org/10.5555/x?a=b"))
    );
    assert_eq!(
        get(&web, "http://j.example/a.pdf").await.header("location"),
        Some(PDF)
    );
    assert_eq!(get(&web, "http://plain.example/x").await.text(), "plain");
    assert_eq!(get(&web, "http://j.example/other").await.status, 404);
}

#[tokio::test]
async fn retry_after_comes_in_seconds_and_as_a_date_ahead() {
    use paperfall_miniweb::RetryAfter;
    let world = World::new()
        .page(
            "https://j.example/s",
            Answer::rate_limited(RetryAfter::Seconds(7)),
        )
        .page(
            "https://j.example/d",
            Answer::rate_limited(RetryAfter::Date(7)),
        );
    let web = play(world).await;
    let seconds = get(&web, "https://j.example/s").await;
    assert_eq!(
        (seconds.status, seconds.header("retry-after")),
        (429, Some("7"))
    );
    let date = get(&web, "https://j.example/d").await;
    let value = date.header("retry-after").unwrap();
    assert!(value.ends_with(" GMT") && value.len() == 29, "{value}");
    assert_ne!(Some(value), date.header("date"), "the date lies ahead");
}

#[tokio::test]
async fn the_log_tells_who_asked_what_and_how_it_ended() {
    let web = play(World::new().page(PDF, Answer::pdf(pdf()))).await;
    ask(
        &web,
        "GET",
        PDF,
        &[
            ("user-agent", "tester (mailto:a@b.edu)"),
            ("range", "bytes=0-99"),
        ],
    )
    .await;
    get(&web, "http://doi.org/10.5555/x").await;
    let log = web.requests_for("j.example", "/a");
    assert_eq!(log.len(), 1);
    let entry = &log[0];
    assert_eq!(
        (entry.seq, entry.scheme, entry.method.as_str()),
        (0, Scheme::Https, "GET")
    );
    assert_eq!(entry.url(), PDF);
    assert_eq!(entry.header("User-Agent"), Some("tester (mailto:a@b.edu)"));
    assert_eq!((entry.status, entry.bytes_sent), (Some(206), 100));
    assert_eq!(entry.ended, Some(Ended::Completed));
    assert!(entry.ended_at.unwrap() >= entry.started_at);
    assert!(web.requests_for("j.example", "/b").is_empty());
    assert_eq!(web.requests().len(), 2);
}

#[tokio::test]
async fn latency_is_added_where_it_was_asked_for() {
    let world = World::new()
        .page("https://j.example/slow", Answer::text("x"))
        .page("https://j.example/fast", Answer::text("x"))
        .latency("j.example", "/slow", Duration::from_millis(300));
    let web = play(world).await;
    let started = Instant::now();
    get(&web, "https://j.example/slow").await;
    assert!(started.elapsed() >= Duration::from_millis(300));
    let log = web.requests();
    let took = log[0].ended_at.unwrap() - log[0].started_at;
    assert!(took >= Duration::from_millis(300));

    // Where it was not, hours would be noticed.
    let world = World::new()
        .page("https://j.example/fast", Answer::text("x"))
        .latency("j.example", "/slow", Duration::from_secs(3_600));
    let web = play(world).await;
    get(&web, "https://j.example/fast").await;
}

#[tokio::test]
async fn an_answer_that_is_held_comes_with_its_cue_and_not_before() {
    let urls = ["j", "k", "l"].map(|host| format!("https://{host}.example/"));
    let [behind_a_door, after_it, at_once] = &urls;
    let door = Door::closed();
    let held = |cue: &Cue| Answer::text("x").held_until(cue);
    let world = World::new()
        .page(behind_a_door, held(&door.cue()))
        .page(after_it, held(&Cue::left("j.example")))
        .page(at_once, Answer::text("x"))
        .held_until("l.example", &Cue::asked("j.example"));
    let web = play(world).await;
    let of = |log: &[LoggedRequest], host: &str| {
        let place = log.iter().position(|one| one.host == host);
        place.map(|place| log[place].clone())
    };
    let opened = async {
        let third = |log: &[LoggedRequest]| {
            log.len() == 3 && of(log, "l.example").is_some_and(|one| one.ended.is_some())
        };
        assert!(web.wait_until(Duration::from_secs(20), third).await);
        let log = web.requests();
        for host in ["j.example", "k.example"] {
            assert_eq!(of(&log, host).unwrap().ended, None, "{host}");
        }
        door.open();
    };
    tokio::join!(
        get(&web, after_it),
        get(&web, at_once),
        get(&web, behind_a_door),
        opened
    );
    let log = web.requests();
    let ended = |host: &str| of(&log, host).unwrap().ended_at.unwrap();
    assert!(ended("j.example") <= ended("k.example"), "{log:?}");
}

#[tokio::test]
async fn one_connection_carries_several_requests() {
    let web = play(World::new().page("http://j.example/x", Answer::text("body"))).await;
    let mut wire = connect(&web, "http", "j.example").await.unwrap();
    let mut answers = String::new();
    for _ in 0..2 {
        wire.write_all(b"GET /x HTTP/1.1\r\nhost: j.example\r\n\r\n")
            .await
            .unwrap();
        while !answers.ends_with("body") {
            let mut buffer = [0; 1024];
            let read = wire.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the connection stays open");
            answers.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
        answers.push('\n');
    }
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2);
}

#[tokio::test]
async fn the_same_world_gives_the_same_bytes() {
    let (one, two) = (play(demo(12).world).await, play(demo(12).world).await);
    let pages = [
        "https://api.unpaywall.org/v2/10.5555/mead.2021.0003?email=demo@paperfall.example",
        "https://journals.meadow.example/0003/paper.pdf",
        "https://arxiv.org/pdf/2103.00004",
        "https://doi.org/10.5555/nowhere",
    ];
    for page in pages {
        let (a, b) = (get(&one, page).await, get(&two, page).await);
        assert_eq!((a.status, a.body), (b.status, b.body), "{page}");
    }
    assert_eq!(get(&one, pages[1]).await.status, 200);
}

#[tokio::test]
async fn a_world_with_a_mistake_in_it_is_refused_by_name() {
    let Err(error) = Miniweb::start(World::new().page("not a url", Answer::text("x"))).await else {
        panic!("started");
    };
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("not a url"));
}
