//! robots.txt: asked once, obeyed, and what holds when it cannot be had.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, advance, timeout};

use super::courier::{Asking, Next, Script, politeness, status, text};
use crate::http::HttpErrorKind;
use crate::http::politeness::robots::ROBOTS_KEPT;

const FILE: &str = "https://a.org/robots.txt";
const PAGE: &str = "https://a.org/page";
const SECRET: &str = "https://a.org/private/page";
const RULES: &str = "User-agent: *\nDisallow: /private\n";

fn to(url: &str) -> Next {
    Next::Answer(302, Some(("location", url.to_owned())), "")
}

fn wire(file: Next) -> Script {
    Script::default()
        .on(FILE, &[file])
        .on(PAGE, &[status(200)])
        .on(SECRET, &[status(200)])
}

/// How asking for the open page and for the other one ends.
async fn both(wire: &Script) -> [Result<u16, HttpErrorKind>; 2] {
    let politeness = politeness(vec![]);
    let asking = Asking::respecting_robots();
    let open = asking.send(&politeness, wire, PAGE).await.0;
    let closed = asking.send(&politeness, wire, SECRET).await.0;
    [open, closed]
}

const FORBIDDEN: Result<u16, HttpErrorKind> = Err(HttpErrorKind::RobotsDisallow);

#[tokio::test(start_paused = true)]
async fn what_it_forbids_is_not_asked_for() {
    let wire = wire(text(RULES));
    assert_eq!(both(&wire).await, [Ok(200), FORBIDDEN]);
    assert_eq!(wire.sent(), [FILE, PAGE], "and the file is asked for once");
}

#[tokio::test(start_paused = true)]
async fn a_group_for_paperfall_counts_before_the_one_for_all() {
    for file in [
        "User-agent: *\nDisallow: /\n\nUser-agent: PaperFall\nDisallow: /private\n",
        "User-agent: paperfall\nAllow: /page\nDisallow: /\nUser-agent: *\nAllow: /\n",
    ] {
        assert_eq!(
            both(&wire(text(file))).await,
            [Ok(200), FORBIDDEN],
            "{file}"
        );
    }
    let other = "User-agent: GPTBot\nDisallow: /\n";
    assert_eq!(both(&wire(text(other))).await, [Ok(200), Ok(200)]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_forbids_nothing_and_a_broken_server_forbids_all() {
    for allowed in [400, 401, 403, 404, 410, 429] {
        assert_eq!(
            both(&wire(status(allowed))).await,
            [Ok(200), Ok(200)],
            "{allowed}"
        );
    }
    for forbidden in [500, 501, 502, 503] {
        let wire = wire(status(forbidden));
        assert_eq!(both(&wire).await, [FORBIDDEN, FORBIDDEN], "{forbidden}");
        assert_eq!(wire.sent(), [FILE]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_reached_forbids_all_and_says_why() {
    for kind in [
        HttpErrorKind::Connect,
        HttpErrorKind::Dns,
        HttpErrorKind::Tls,
        HttpErrorKind::Reset,
    ] {
        let wire = wire(Next::Fail(kind));
        assert_eq!(both(&wire).await, [Err(kind), Err(kind)]);
        assert!(wire.sent().iter().all(|url| url == FILE));
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirected_file_is_followed_five_times_even_to_another_host() {
    let next = |n: usize| format!("https://b.org/{n}");
    for (redirects, ending) in [(5, FORBIDDEN), (6, Ok(200))] {
        let mut wire = wire(to(&next(1)));
        for n in 1..redirects {
            wire = wire.on(&next(n), &[to(&next(n + 1))]);
        }
        let wire = wire.on(&next(redirects), &[text(RULES)]);
        assert_eq!(both(&wire).await, [Ok(200), ending], "{redirects}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_come_together_share_one_request_for_it() {
    let wire = wire(text(RULES)).taking(Duration::from_millis(300));
    let politeness = politeness(vec![]);
    let asking = Asking::respecting_robots();
    let asked =
        (0..10).map(|n| asking.send(&politeness, &wire, if n % 2 == 0 { PAGE } else { SECRET }));
    let ended = join_all(asked).await;
    let forbidden = ended.iter().filter(|(result, _)| *result == FORBIDDEN);
    assert_eq!(forbidden.count(), 5);
    let files = wire.sent().iter().filter(|url| *url == FILE).count();
    assert_eq!((files, wire.sent().len()), (1, 6));
}

#[tokio::test(start_paused = true)]
async fn when_the_one_who_asks_is_dropped_the_next_one_asks() {
    let wire = wire(text(RULES)).taking(Duration::from_millis(300));
    let politeness = politeness(vec![]);
    let asking = Asking::respecting_robots();
    let dropped = timeout(
        Duration::from_millis(100),
        asking.send(&politeness, &wire, PAGE),
    );
    let (dropped, next) = tokio::join!(dropped, asking.send(&politeness, &wire, SECRET));
    assert!(dropped.is_err());
    assert_eq!(next.0, FORBIDDEN);
    assert_eq!(wire.sent(), [FILE, FILE]);
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_for_again_after_a_day_and_after_an_error_sooner() {
    let politeness = politeness(vec![]);
    let asking = Asking::respecting_robots();
    let wire = wire(text(RULES)).on(FILE, &[status(503), text(RULES), text("")]);
    let send = async || asking.send(&politeness, &wire, SECRET).await.0;
    assert_eq!(send().await, FORBIDDEN);
    advance(Duration::from_secs(5 * 60)).await;
    assert_eq!(send().await, FORBIDDEN);
    advance(ROBOTS_KEPT - Duration::from_secs(1)).await;
    assert_eq!(send().await, FORBIDDEN);
    assert_eq!(wire.sent(), [FILE, FILE]);
    advance(Duration::from_secs(1)).await;
    assert_eq!(send().await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn origins_are_asked_each_for_its_own() {
    let politeness = politeness(vec![]);
    let asking = Asking::respecting_robots();
    let wire = wire(text(RULES));
    for url in [
        "http://a.org/private",
        "https://a.org:8443/private",
        "https://b.org/private",
    ] {
        assert_eq!(asking.send(&politeness, &wire, url).await.0, Ok(404));
    }
    assert_eq!(asking.send(&politeness, &wire, SECRET).await.0, FORBIDDEN);
    assert_eq!(
        wire.sent()
            .iter()
            .filter(|url| url.ends_with("robots.txt"))
            .count(),
        4
    );
}

#[tokio::test(start_paused = true)]
async fn an_api_and_a_source_that_need_not_ask_do_not_ask() {
    let politeness = politeness(vec![]);
    let wire = wire(text(RULES));
    let metadata = Asking {
        role: crate::http::Role::Metadata,
        ..Asking::respecting_robots()
    };
    assert_eq!(metadata.send(&politeness, &wire, SECRET).await.0, Ok(200));
    assert_eq!(
        Asking::default().send(&politeness, &wire, SECRET).await.0,
        Ok(200)
    );
    assert_eq!(wire.sent(), [SECRET, SECRET]);
}

#[tokio::test(start_paused = true)]
async fn the_refused_cost_no_request_and_the_file_is_nobodys_expense() {
    let politeness = politeness(vec![]);
    let wire = wire(text(RULES));
    let asking = Asking::respecting_robots();
    let _ = asking.send(&politeness, &wire, SECRET).await;
    assert_eq!(asking.meter.requests_used(), 0);
    let _ = asking.send(&politeness, &wire, PAGE).await;
    assert_eq!(asking.meter.requests_used(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crawl_delay_is_kept_up_to_a_second() {
    for (delay, spacing) in [("0.4", 400), ("1", 1000), ("3600", 1000), ("nonsense", 0)] {
        let file: &'static str = format!("User-agent: *\nCrawl-delay: {delay}\n").leak();
        let wire = wire(text(file));
        let politeness = politeness(vec![]);
        let asking = Asking::respecting_robots();
        let start = Instant::now();
        join_all((0..3).map(|_| asking.send(&politeness, &wire, PAGE))).await;
        assert_eq!(wire.times(start)[1..], [0, spacing, 2 * spacing], "{delay}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_of_any_size_is_read_as_far_as_it_counts() {
    let padding = "# nothing\n".repeat(60_000);
    let file: &'static str = format!("{padding}{RULES}").leak();
    assert!(file.len() > 500 * 1024);
    assert_eq!(both(&wire(text(file))).await, [Ok(200), Ok(200)]);
    let file: &'static str = format!("{RULES}{padding}").leak();
    assert_eq!(both(&wire(text(file))).await, [Ok(200), FORBIDDEN]);
}

#[tokio::test(start_paused = true)]
async fn nonsense_in_the_place_of_rules_forbids_nothing() {
    for file in [
        "<!doctype html><title>Home</title>",
        "\0\0\0",
        "Disallow: /private",
        "",
    ] {
        assert_eq!(
            both(&wire(text(file))).await,
            [Ok(200), Ok(200)],
            "{file:?}"
        );
    }
}
