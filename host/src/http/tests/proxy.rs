//! A proxy is used only when named, and takes no check away that can be made.

use super::server::{FakeDns, Server, answer, config, failure, fetch};
use crate::http::{Http, HttpErrorKind, Session};
use url::Url;

async fn behind(proxy: &Server, pinned: &Server) -> Session {
    let mut config = config(vec![pinned.pin("pinned.test")]);
    config.proxy = Some(Url::parse(&format!("http://127.0.0.1:{}", proxy.port)).unwrap());
    config.resolver = FakeDns::new(&[
        ("public.test", &[&["93.184.215.14"]]),
        ("private.test", &[&["10.0.0.1"]]),
    ]);
    Http::new(config).unwrap().session()
}

#[tokio::test]
async fn a_named_proxy_is_asked_for_public_names_and_for_names_only_it_knows() {
    let proxy = Server::answering(|_| answer("200 OK", &[], b"by proxy")).await;
    let pinned = Server::answering(|_| answer("200 OK", &[], b"direct")).await;
    let session = behind(&proxy, &pinned).await;
    for host in ["public.test", "only-the-proxy-knows.test"] {
        let response = fetch(&session, &format!("http://{host}/x")).await.unwrap();
        assert_eq!(&response.body[..], b"by proxy");
    }
    assert!(proxy.heads()[0].starts_with("GET http://public.test/x "));
    let response = fetch(&session, "http://pinned.test/").await.unwrap();
    assert_eq!(&response.body[..], b"direct", "pins are dialled directly");
}

#[tokio::test]
async fn a_proxy_is_not_asked_for_private_addresses() {
    let proxy = Server::answering(|_| answer("200 OK", &[], b"by proxy")).await;
    let pinned = Server::answering(|_| answer("200 OK", &[], b"direct")).await;
    let session = behind(&proxy, &pinned).await;
    for host in ["127.0.0.1", "0x7f.1", "[::1]", "private.test"] {
        let kind = failure(&session, &format!("http://{host}/")).await;
        assert_eq!(kind, HttpErrorKind::PrivateAddress, "{host}");
    }
    assert!(proxy.heads().is_empty());
}
