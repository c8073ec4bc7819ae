//! Secrets go where they were granted, and nowhere else; they never come back.

use super::server::{Server, answer, session, to};
use crate::http::{
    HopNote, HostGrants, HostPattern, HttpErrorKind, Method, Request, Role, Secrets,
};

const KEY: &str = "k3y&value";

fn request(url: &str, patterns: &[&str]) -> Request {
    let grants = HostGrants::new(patterns.iter().map(|p| HostPattern::parse(p).unwrap()));
    Request::new(Method::Get, url, Role::Metadata, grants)
        .unwrap()
        .with_secrets(Secrets::new([("KEY".to_owned(), KEY.to_owned())]).unwrap())
}

fn with_header(url: &str, patterns: &[&str]) -> Request {
    request(url, patterns)
        .header("Authorization", "Bearer {{secret:KEY}}")
        .unwrap()
}

async fn two_origins() -> (Server, Server) {
    let second = Server::answering(|path| match path {
        "/back" => to("http://one.test/end"),
        "/on" => to("http://three.test/end"),
        _ => answer("200 OK", &[], b"ok"),
    })
    .await;
    let first = Server::answering(|path| match path {
        "/same" => to("/end"),
        "/away" => to("http://two.test/end"),
        "/away-and-back" => to("http://two.test/back"),
        "/away-and-on" => to("http://two.test/on"),
        _ => answer("200 OK", &[], b"ok"),
    })
    .await;
    (first, second)
}

#[tokio::test]
async fn a_secret_is_filled_in_and_kept_within_its_origin() {
    let (first, second) = two_origins().await;
    let session = session(vec![first.pin("one.test"), second.pin("two.test")]);
    let both = ["one.test", "two.test"];
    let bearer = format!("authorization: Bearer {KEY}");

    session
        .fetch(with_header("http://one.test/same", &both))
        .await
        .unwrap();
    assert!(first.heads().iter().all(|head| head.contains(&bearer)));
    assert_eq!(first.heads().len(), 2);

    let away = session
        .fetch(with_header("http://one.test/away", &both))
        .await
        .unwrap();
    assert!(
        second
            .heads()
            .iter()
            .all(|head| !head.contains("authorization"))
    );
    assert_eq!(away.hops[0].notes, [HopNote::CredentialsDropped]);

    session
        .fetch(with_header("http://one.test/away-and-back", &both))
        .await
        .unwrap();
    let last = first.heads().last().unwrap().clone();
    assert!(
        last.starts_with("GET /end") && !last.contains("authorization"),
        "{last}"
    );
}

#[tokio::test]
async fn a_secret_is_told_to_be_dropped_once_and_only_where_it_is() {
    let (first, second) = two_origins().await;
    let session = session(vec![
        first.pin("one.test"),
        second.pin("two.test"),
        second.pin("three.test"),
    ]);
    let notes = async |path: &str| {
        let all = ["one.test", "two.test", "three.test"];
        let asked = with_header(&format!("http://one.test{path}"), &all);
        let hops = session.fetch(asked).await.unwrap().hops;
        hops.into_iter().map(|hop| hop.notes).collect::<Vec<_>>()
    };
    let dropped = vec![HopNote::CredentialsDropped];
    assert_eq!(notes("/same").await, [vec![], vec![]]);
    assert_eq!(notes("/away-and-on").await, [dropped, vec![], vec![]]);
}

#[tokio::test]
async fn a_secret_in_a_query_is_encoded_and_told_as_its_placeholder() {
    let server = Server::answering(|path| {
        // Echoes the query everywhere a server can.
        let query = path
            .split_once('?')
            .map_or("", |(_, query)| query)
            .to_owned();
        if path.starts_with("/again") {
            return answer("200 OK", &[&format!("X-Echo: {query}")], query.as_bytes());
        }
        to(&format!("/again?{query}"))
    })
    .await;
    let session = session(vec![server.pin("one.test")]);
    let asked = request("http://one.test/x?key={{secret:KEY}}", &["one.test"]);
    let response = session.fetch(asked).await.unwrap();
    assert!(server.heads()[0].starts_with("GET /x?key=k3y%26value "));
    let told = format!("{response:?}");
    assert!(!told.contains("k3y"), "{told}");
    assert_eq!(&response.body[..], b"key={{secret:KEY}}");
    assert_eq!(response.headers.get("x-echo"), Some("key={{secret:KEY}}"));
}

#[tokio::test]
async fn an_error_tells_no_secret() {
    let server = Server::answering(|path| {
        let query = path
            .split_once('?')
            .map_or("", |(_, query)| query)
            .to_owned();
        to(&format!("http://two.test/?{query}"))
    })
    .await;
    let session = session(vec![server.pin("one.test")]);
    let asked = request("http://one.test/x?key={{secret:KEY}}", &["one.test"]);
    let error = session.fetch(asked).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::DeniedHost);
    assert!(!format!("{error:?} {error}").contains("k3y"), "{error:?}");
}

#[tokio::test]
async fn a_bare_star_releases_no_secret() {
    let server = Server::answering(|_| answer("200 OK", &[], b"ok")).await;
    let session = session(vec![server.pin("one.test")]);
    for asked in [
        with_header("http://one.test/", &["*"]),
        request("http://one.test/?k={{secret:KEY}}", &["*"]),
    ] {
        let error = session.fetch(asked).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::ForbiddenRequest);
    }
    assert!(server.heads().is_empty());
    let named = with_header("http://one.test/", &["*", "one.test"]);
    assert_eq!(session.fetch(named).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_secret_nobody_configured_stops_the_request() {
    let server = Server::answering(|_| answer("200 OK", &[], b"ok")).await;
    let session = session(vec![server.pin("one.test")]);
    let asked = request("http://one.test/?k={{secret:OTHER}}", &["one.test"]);
    let error = session.fetch(asked).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::ForbiddenRequest);
    assert!(error.message.contains("OTHER"));
    assert!(server.heads().is_empty());
}
