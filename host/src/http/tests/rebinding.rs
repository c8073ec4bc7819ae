//! DNS rebinding, down to real sockets: a name is public when it is first
//! looked up and private the next time, and what listens at the private
//! address never sees a connection.
//!
//! 127.0.0.1 stands for the public address: it alone is allowed. 127.0.0.2 is
//! the private one, at the same port.

#![cfg(target_os = "linux")]

use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::server::{FakeDns, Server, answer, config, get, to};
use crate::http::{Http, HttpError, HttpErrorKind, RequestPolicy, Role, Session};

const PUBLIC: &[&str] = &["127.0.0.1"];
const PRIVATE: &[&str] = &["127.0.0.2"];
/// What a hasty check would let through: its first address is public.
const BOTH: &[&str] = &["127.0.0.1", "127.0.0.2"];

/// A name whose look-ups take turns, a server at its public address, and what
/// must not be reached at its private one.
struct Rebinding {
    server: Server,
    private: TcpListener,
    dns: Arc<FakeDns>,
    session: Session,
}

impl Rebinding {
    async fn new(server: Server, lookups: &'static [&'static [&'static str]]) -> Self {
        let private = TcpListener::bind(("127.0.0.2", server.port)).unwrap();
        private.set_nonblocking(true).unwrap();
        let dns = FakeDns::new(&[("rebind.test", lookups)]);
        let mut config = config(Vec::new());
        config.allow_private = vec!["127.0.0.1/32".parse().unwrap()];
        config.resolver = Arc::clone(&dns) as _;
        Self {
            session: Http::new(config).unwrap().session(),
            server,
            private,
            dns,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://rebind.test:{}{path}", self.server.port)
    }

    /// That the second look-up was judged, and nothing went where it led.
    fn assert_refused<T: std::fmt::Debug>(&self, ended: Result<T, HttpError>, asked: usize) {
        let error = ended.expect_err("it leads to a private address");
        assert_eq!(error.kind, HttpErrorKind::PrivateAddress, "{error}");
        assert!(error.message.contains("127.0.0.2"), "{error}");
        assert_eq!(self.server.heads().len(), asked);
        assert_eq!(self.dns.lookups.load(Ordering::SeqCst), 2);
        match self.private.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            reached => panic!("the private address was reached: {reached:?}"),
        }
    }
}

/// Closes after each answer, so that the next request looks the name up again.
async fn hello() -> Server {
    Server::answering(|path| match path {
        "/away" => to("/here"),
        "/busy" => answer("503 Service Unavailable", &["Retry-After: 0"], b""),
        _ => answer("200 OK", &[], b"%PDF-1.7 hello"),
    })
    .await
}

#[tokio::test]
async fn the_next_request_does_not_follow_the_name_inside() {
    for second in [PRIVATE, BOTH] {
        let lookups = if second == BOTH {
            &[PUBLIC, BOTH]
        } else {
            &[PUBLIC, PRIVATE]
        };
        let name = Rebinding::new(hello().await, lookups).await;
        let first = name.session.fetch(get(&name.url("/"), Role::Landing)).await;
        assert_eq!(first.unwrap().status, 200);
        let second = name.session.fetch(get(&name.url("/"), Role::Landing)).await;
        name.assert_refused(second, 1);
    }
}

#[tokio::test]
async fn a_redirect_to_the_same_name_does_not_follow_it_inside() {
    let name = Rebinding::new(hello().await, &[PUBLIC, PRIVATE]).await;
    let request = get(&name.url("/away"), Role::Metadata);
    let ended = name.session.fetch(request).await;
    name.assert_refused(ended, 1);
}

#[tokio::test]
async fn a_retry_does_not_follow_it_inside() {
    let name = Rebinding::new(hello().await, &[PUBLIC, PRIVATE]).await;
    let policy = RequestPolicy {
        retries_max: 3,
        ..RequestPolicy::default()
    };
    let session = name.session.under(policy);
    let ended = session.fetch(get(&name.url("/busy"), Role::Metadata)).await;
    name.assert_refused(ended, 1);
}

#[tokio::test]
async fn what_was_probed_in_public_is_not_downloaded_from_inside() {
    let name = Rebinding::new(hello().await, &[PUBLIC, PRIVATE]).await;
    let verdict = name.session.probe(&name.url("/a.pdf"), None, None).await;
    assert!(verdict.unwrap().is_pdf);
    let request = get(&name.url("/a.pdf"), Role::Artifact);
    let ended = name.session.open(request).await;
    name.assert_refused(ended, 1);
}

#[tokio::test]
async fn robots_txt_in_public_does_not_open_the_page_inside() {
    let name = Rebinding::new(hello().await, &[PUBLIC, PRIVATE]).await;
    let policy = RequestPolicy {
        robots_respect: true,
        ..RequestPolicy::default()
    };
    let session = name.session.under(policy);
    let ended = session.fetch(get(&name.url("/page"), Role::Landing)).await;
    // Only robots.txt was asked for.
    name.assert_refused(ended, 1);
}
