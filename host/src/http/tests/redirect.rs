//! Redirects: followed with care, counted, and told hop by hop.

use super::server::{Server, answer, fetch, get, session, to};
use crate::http::{
    HostGrants, HostPattern, HttpErrorKind, Meter, Method, REDIRECTS_MAX, Request, Role,
};
use std::sync::Arc;

fn granted(url: &str, patterns: &[&str]) -> Request {
    let grants = HostGrants::new(patterns.iter().map(|p| HostPattern::parse(p).unwrap()));
    Request::new(Method::Get, url, Role::Metadata, grants).unwrap()
}

#[tokio::test]
async fn a_chain_is_followed_and_every_hop_is_told() {
    let server = Server::answering(|path| match path {
        "/a" => to("/b"),
        "/b" => answer("301 Moved", &["Location: http://two.test/c?x=1#frag"], b""),
        "/c?x=1" => answer("200 OK", &["Content-Type: text/plain"], b"there"),
        _ => answer("404 Not Found", &[], b""),
    })
    .await;
    let session = session(vec![server.pin("one.test"), server.pin("two.test")]);
    let response = fetch(&session, "http://one.test/a").await.unwrap();
    assert_eq!(&response.body[..], b"there");
    assert_eq!(response.url.as_str(), "http://two.test/c?x=1");
    assert!(response.complete && !response.from_cache);
    let told: Vec<_> = response
        .hops
        .iter()
        .map(|hop| {
            (
                hop.url.path(),
                hop.status,
                hop.location.is_some(),
                hop.bytes,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("/a", Some(302), true, 5),
            ("/b", Some(301), true, 0),
            ("/c", Some(200), false, 5)
        ]
    );
    assert!(
        response
            .hops
            .iter()
            .all(|hop| hop.address.is_some() && hop.rule == "*")
    );
}

#[tokio::test]
async fn ten_redirects_are_followed_and_the_eleventh_is_not() {
    let server = Server::answering(|path| {
        let left: usize = path.trim_start_matches('/').parse().unwrap();
        match left {
            0 => answer("200 OK", &[], b"done"),
            left => to(&format!("/{}", left - 1)),
        }
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let url = |redirects: usize| format!("http://a.test/{redirects}");
    assert_eq!(
        fetch(&session, &url(REDIRECTS_MAX)).await.unwrap().status,
        200
    );
    let error = fetch(&session, &url(REDIRECTS_MAX + 1)).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::RedirectLoop);
    assert_eq!(error.hops.len(), REDIRECTS_MAX + 1);
}

#[tokio::test]
async fn a_circle_is_noticed_before_ten_rounds() {
    let server = Server::answering(|path| to(if path == "/a" { "/b" } else { "/a" })).await;
    let session = session(vec![server.pin("a.test")]);
    let error = fetch(&session, "http://a.test/a").await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::RedirectLoop);
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_page_that_wants_its_cookie_back_gets_it() {
    let server = Server::with(|head, mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let reply = if head.contains("cookie: seen=yes") {
            answer("200 OK", &[], b"welcome back")
        } else {
            answer(
                "302 Found",
                &["Location: /a", "Set-Cookie: seen=yes; Path=/"],
                b"",
            )
        };
        stream.write_all(&reply).await.unwrap();
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let response = fetch(&session, "http://a.test/a").await.unwrap();
    assert_eq!(&response.body[..], b"welcome back");
    // A later request of the same work has it from the start, a probe too.
    session.probe("http://a.test/b", None, None).await.unwrap();
    assert!(server.heads().last().unwrap().contains("cookie: seen=yes"));
}

#[tokio::test]
async fn sessions_do_not_share_cookies() {
    let server = Server::answering(|_| answer("200 OK", &["Set-Cookie: a=b; Path=/"], b"")).await;
    let http = crate::http::Http::new(super::server::config(vec![server.pin("a.test")])).unwrap();
    fetch(&http.session(), "http://a.test/").await.unwrap();
    fetch(&http.session(), "http://a.test/").await.unwrap();
    assert!(server.heads().iter().all(|head| !head.contains("cookie")));
}

#[tokio::test]
async fn a_redirect_to_a_host_not_granted_is_denied_unasked() {
    let server = Server::answering(|path| match path {
        "/out" => to("http://other.test/"),
        "/in" => to("http://sub.one.test/end"),
        _ => answer("200 OK", &[], b"ok"),
    })
    .await;
    let session = session(vec![
        server.pin("one.test"),
        server.pin("sub.one.test"),
        server.pin("other.test"),
    ]);
    let patterns = ["one.test", "*.one.test"];
    let denied = session
        .fetch(granted("http://one.test/out", &patterns))
        .await
        .unwrap_err();
    assert_eq!(denied.kind, HttpErrorKind::DeniedHost);
    assert!(
        denied.message.contains("other.test") && denied.message.contains("one.test, *.one.test")
    );
    assert_eq!(server.heads().len(), 1);
    let followed = session
        .fetch(granted("http://one.test/in", &patterns))
        .await
        .unwrap();
    let rules: Vec<_> = followed.hops.iter().map(|hop| hop.rule.as_str()).collect();
    assert_eq!(rules, ["one.test", "*.one.test"]);
}

#[tokio::test]
async fn a_redirect_out_of_the_web_is_a_bad_url() {
    let server = Server::answering(|path| {
        to(match path {
            "/file" => "file:///etc/passwd",
            "/data" => "data:text/html,x",
            "/user" => "http://u:p@a.test/",
            _ => "http://[broken/",
        })
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    for path in ["file", "data", "user", "broken"] {
        let error = fetch(&session, &format!("http://a.test/{path}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::BadUrl, "{path}");
        assert_eq!(error.hops.len(), 1);
    }
}

#[tokio::test]
async fn every_hop_and_every_byte_is_charged_to_the_meter() {
    let server = Server::answering(|path| match path {
        "/r" => to("/end"),
        _ => answer("200 OK", &[], &[b'x'; 1000]),
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let meter = Arc::new(Meter::new(3, 1500));
    let ask = || get("http://a.test/r", Role::Metadata).metered(Arc::clone(&meter));
    session.fetch(ask()).await.unwrap();
    assert_eq!((meter.requests_used(), meter.bytes_used()), (2, 1005));
    let error = session.fetch(ask()).await.unwrap_err();
    assert_eq!(
        error.kind,
        HttpErrorKind::BudgetExhausted,
        "no fourth request"
    );
    assert_eq!(server.heads().len(), 3);
    let meter = Arc::new(Meter::new(9, 999));
    let error = session
        .fetch(get("http://a.test/end", Role::Metadata).metered(meter))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        HttpErrorKind::BudgetExhausted,
        "not the thousandth byte"
    );
}
