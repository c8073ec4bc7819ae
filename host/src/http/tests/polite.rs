//! Courtesies as the server sees them: over real connections, from its log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;

use super::server::{Server, answer, config, fetch, get, to};
use crate::http::{
    HostPlace, HostRule, Http, HttpConfig, HttpErrorKind, PolitenessConfig, RequestPolicy, Role,
    Session,
};

fn limited(server: &Server, change: impl FnOnce(&mut HostRule)) -> HttpConfig {
    let mut rule = HostRule::new(HostPlace::parse("a.test").unwrap());
    change(&mut rule);
    HttpConfig {
        politeness: PolitenessConfig {
            rules: vec![rule],
            shared_folder: None,
        },
        ..config(vec![server.pin("a.test"), server.pin("b.test")])
    }
}

fn session(server: &Server) -> Session {
    Http::new(limited(server, |_| {})).unwrap().session()
}

fn retrying(retries_max: u32) -> RequestPolicy {
    RequestPolicy {
        retries_max,
        ..RequestPolicy::default()
    }
}

#[tokio::test]
async fn sixteen_workers_keep_a_servers_rate_together() {
    let start = Instant::now();
    let arrivals = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&arrivals);
    let server = Server::with(move |_, mut stream| {
        log.lock().unwrap().push(start.elapsed());
        async move {
            let ok = answer("200 OK", &[], b"{}");
            stream.write_all(&ok).await.ok();
        }
    })
    .await;
    let config = limited(&server, |rule| rule.per_second = 50.try_into().ok());
    let http = Http::new(config).unwrap();
    let workers = (0..16).map(|_| async {
        let session = http.session();
        for _ in 0..4 {
            fetch(&session, "http://a.test/x").await.unwrap();
        }
    });
    join_all(workers).await;
    let mut arrivals = arrivals.lock().unwrap().clone();
    arrivals.sort_unstable();
    assert_eq!(arrivals.len(), 64);
    // Five may come at once. However late they arrive on a busy machine, the n-th to
    // arrive is no earlier than the n-th that was let go.
    for (turn, arrival) in (0_u32..).zip(&arrivals) {
        let let_go = turn.saturating_sub(5) * Duration::from_millis(20);
        assert!(*arrival >= let_go, "{turn} before {arrival:?}");
    }
}

#[tokio::test]
async fn a_slot_is_held_until_the_body_has_been_read() {
    let open = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&open), Arc::clone(&most));
    let server = Server::with(move |_, mut stream| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{";
            stream.write_all(head).await.ok();
            tokio::time::sleep(Duration::from_millis(50)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            stream.write_all(b"}").await.ok();
        }
    })
    .await;
    let config = limited(&server, |rule| rule.max_concurrent = 2.try_into().ok());
    let http = Http::new(config).unwrap();
    let asked = (0..8).map(|_| async { fetch(&http.session(), "http://a.test/").await });
    assert!(join_all(asked).await.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_redirect_does_not_wait_for_the_slot_of_its_own_page() {
    let server = Server::answering(|path| match path {
        "/a" => to("/b"),
        _ => answer("200 OK", &[], b"there"),
    })
    .await;
    let config = limited(&server, |rule| rule.max_concurrent = 1.try_into().ok());
    let session = Http::new(config).unwrap().session();
    for _ in 0..3 {
        let response = fetch(&session, "http://a.test/a").await.unwrap();
        assert_eq!(&response.body[..], b"there");
    }
    let download = session.open(get("http://a.test/b", Role::Artifact)).await;
    let impatient = session.under(RequestPolicy {
        rate_wait_max: Duration::from_millis(50),
        ..RequestPolicy::default()
    });
    let error = fetch(&impatient, "http://a.test/a").await.unwrap_err();
    assert_eq!(
        error.kind,
        HttpErrorKind::RateLimited,
        "the download holds it"
    );
    drop(download);
    assert!(fetch(&impatient, "http://a.test/a").await.is_ok());
}

#[tokio::test]
async fn a_hop_is_asked_again_and_not_the_whole_way() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::answering(move |path| match path {
        "/a" => to("http://b.test/b"),
        _ if count.fetch_add(1, Ordering::SeqCst) == 0 => answer("503 Busy", &[], b"later"),
        _ => answer("200 OK", &[], b"there"),
    })
    .await;
    let session = session(&server).under(retrying(2));
    let response = fetch(&session, "http://a.test/a").await.unwrap();
    assert_eq!(response.status, 200);
    let retries: Vec<u32> = response
        .hops
        .iter()
        .map(|hop| hop.verdicts.retries)
        .collect();
    assert_eq!(retries, [0, 1]);
    assert_eq!(server.heads().len(), 3);
}

#[tokio::test]
async fn a_connection_cut_before_the_answer_is_made_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::with(move |_, mut stream| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if !first {
                stream.write_all(&answer("200 OK", &[], b"{}")).await.ok();
            }
        }
    })
    .await;
    let session = session(&server);
    let refused = fetch(&session, "http://a.test/").await.unwrap_err();
    assert_eq!(refused.kind, HttpErrorKind::Reset);
    asked.store(0, Ordering::SeqCst);
    let response = fetch(&session.under(retrying(1)), "http://a.test/")
        .await
        .unwrap();
    assert_eq!(response.hops[0].verdicts.retries, 1);
}

#[tokio::test]
async fn a_body_cut_short_is_not_asked_for_again() {
    let server = Server::with(|_, mut stream| async move {
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
        stream.write_all(cut).await.ok();
    })
    .await;
    let session = session(&server).under(retrying(3));
    let error = fetch(&session, "http://a.test/").await.unwrap_err();
    assert!(error.ended_early);
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn an_open_breaker_is_told_and_nothing_reaches_the_server() {
    let server = Server::answering(|_| answer("500 Oops", &[], b"")).await;
    let session = session(&server);
    for _ in 0..5 {
        assert_eq!(fetch(&session, "http://a.test/").await.unwrap().status, 500);
    }
    assert!(session.refuses("a.test") && !session.refuses("b.test"));
    let error = fetch(&session, "http://a.test/").await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::BreakerOpen);
    assert!(error.message.contains("a.test failed too often"), "{error}");
    assert_eq!(server.heads().len(), 5);
}

#[tokio::test]
async fn robots_txt_is_asked_as_the_page_would_be_and_encodings_are_undone() {
    use std::io::Write;
    let rules = b"User-agent: paperfall\nDisallow: /private\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(rules).unwrap();
    let packed = gzip.finish().unwrap();
    let server = Server::answering(move |path| match path {
        "/robots.txt" => answer("200 OK", &["Content-Encoding: gzip"], &packed),
        "/to-private" => to("http://a.test/private"),
        _ => answer("200 OK", &[], b"page"),
    })
    .await;
    let session = session(&server).under(RequestPolicy {
        robots_respect: true,
        ..RequestPolicy::default()
    });
    let page = |path: &str| get(&format!("http://a.test/{path}"), Role::Landing);
    assert_eq!(session.fetch(page("x")).await.unwrap().status, 200);
    for path in ["private/1", "to-private"] {
        let error = session.fetch(page(path)).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::RobotsDisallow, "{path}");
    }
    let asked: Vec<String> = server
        .heads()
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(asked, ["/robots.txt", "/x", "/to-private"]);
    assert!(server.heads()[0].contains("user-agent: paperfall-test"));
}

#[tokio::test]
async fn a_robots_txt_behind_a_private_address_is_not_fetched_from_there() {
    let server = Server::answering(|path| match path {
        "/robots.txt" => to("http://127.0.0.1:1/robots.txt"),
        _ => answer("200 OK", &[], b"page"),
    })
    .await;
    let session = session(&server).under(RequestPolicy {
        robots_respect: true,
        ..RequestPolicy::default()
    });
    let page = get("http://a.test/x", Role::Landing);
    let error = session.fetch(page).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::PrivateAddress);
    assert_eq!(server.heads().len(), 1);
}
