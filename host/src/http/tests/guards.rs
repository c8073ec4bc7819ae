//! Checks of the address guard and its neighbours that only one odd case each
//! would miss: found by deleting every check in turn and seeing which deletion
//! no other test noticed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use reqwest::dns::{Name, Resolve};
use url::Url;

use super::server::{FakeDns, Server, answer, config, failure, fetch, session, to};
use crate::http::client::{Clients, Origin};
use crate::http::resolver::{GuardedResolver, checked_lookup, private};
use crate::http::{AddressGuard, Http, HttpErrorKind, Pin};

#[tokio::test]
async fn a_clients_resolver_answers_for_its_own_host_alone() {
    let names = FakeDns::new(&[
        ("a.test", &[&["93.184.215.14"]]),
        ("b.test", &[&["93.184.215.15"]]),
    ]);
    let resolver = GuardedResolver {
        origin: Origin::of(&Url::parse("https://a.test/").unwrap()),
        pinned: Vec::new(),
        names: Arc::clone(&names) as _,
        guard: Arc::new(AddressGuard::default()),
    };
    let name = |text: &str| text.parse::<Name>().unwrap();
    let found: Vec<SocketAddr> = resolver.resolve(name("a.test")).await.unwrap().collect();
    let public: SocketAddr = "93.184.215.14:0".parse().unwrap();
    assert_eq!(found, [public]);
    assert!(resolver.resolve(name("b.test")).await.is_err());
    assert_eq!(names.lookups.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn of_many_addresses_the_first_sixteen_are_dialled() {
    let many: Vec<String> = (1..=20).map(|last| format!("93.184.215.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let names = FakeDns::new(&[("many.test", &[many.as_slice()])]);
    let found = checked_lookup(&*names, &AddressGuard::default(), "many.test")
        .await
        .map_err(|fault| fault.message)
        .unwrap();
    let first: Vec<IpAddr> = many[..16].iter().map(|ip| ip.parse().unwrap()).collect();
    assert_eq!(found, first);
}

#[test]
fn the_setting_a_refusal_names_lets_that_address_through_and_no_other() {
    for (address, network) in [("10.0.0.1", "10.0.0.1/32"), ("fc00::1", "fc00::1/128")] {
        let address: IpAddr = address.parse().unwrap();
        let refusal = AddressGuard::default().check(address).unwrap_err();
        let message = private("a.test", &refusal).message;
        let (_, named) = message.rsplit_once(' ').unwrap();
        assert_eq!(named, network);
    }
}

#[tokio::test]
async fn a_port_spelled_out_is_not_led_elsewhere_by_a_pin() {
    let admitted = |pin: &str, url: &str| {
        let clients = Clients::new(config(vec![Pin::parse(pin).unwrap()])).unwrap();
        let url = Url::parse(url).unwrap();
        async move {
            clients
                .admit(&url)
                .await
                .map(drop)
                .map_err(|fault| fault.kind)
        }
    };
    let elsewhere = "a.test:443:127.0.0.1:8443";
    assert_eq!(
        admitted(elsewhere, "http://a.test:443/").await,
        Err(HttpErrorKind::Connect)
    );
    assert_eq!(admitted(elsewhere, "https://a.test/").await, Ok(()));
    let same_port = "a.test:8443:127.0.0.1:8443";
    assert_eq!(admitted(same_port, "https://a.test:8443/").await, Ok(()));
}

#[tokio::test]
async fn a_public_literal_goes_to_the_proxy_without_being_looked_up() {
    let proxy = Server::answering(|_| answer("200 OK", &[], b"by proxy")).await;
    let names = FakeDns::new(&[]);
    let mut config = config(Vec::new());
    config.proxy = Some(Url::parse(&format!("http://127.0.0.1:{}", proxy.port)).unwrap());
    config.resolver = Arc::clone(&names) as _;
    let session = Http::new(config).unwrap().session();
    let response = fetch(&session, "http://93.184.215.14/").await.unwrap();
    assert_eq!(&response.body[..], b"by proxy");
    assert_eq!(names.lookups.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirects_body_is_read_only_when_it_is_small() {
    let server = Server::answering(|path| {
        let body = match path {
            "/small" => vec![b'x'; 1000],
            "/large" => vec![b'x'; 16 * 1024 + 1],
            _ => return answer("200 OK", &[], b"there"),
        };
        answer("302 Found", &["Location: /end"], &body)
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    for (path, read) in [("/small", 1000), ("/large", 0)] {
        let response = fetch(&session, &format!("http://a.test{path}")).await;
        assert_eq!(response.unwrap().hops[0].bytes, read, "{path}");
    }
}

#[tokio::test]
async fn a_hop_that_brought_nothing_is_not_credited_with_the_bytes_of_the_one_before() {
    let server = Server::answering(|_| to("http://nowhere.test/")).await;
    let session = session(vec![server.pin("a.test")]);
    let error = fetch(&session, "http://a.test/").await.unwrap_err();
    let bytes: Vec<u64> = error.hops.iter().map(|hop| hop.bytes).collect();
    assert_eq!(bytes, [5, 0]);
    assert!(error.hops.iter().all(|hop| hop.notes.is_empty()));
}

#[tokio::test]
async fn a_place_named_by_an_answer_that_is_no_redirect_is_not_gone_to() {
    let server = Server::answering(|path| match path {
        "/here" => answer("200 OK", &["Location: /there"], b"here"),
        _ => answer("200 OK", &[], b"there"),
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let response = fetch(&session, "http://a.test/here").await.unwrap();
    assert_eq!(&response.body[..], b"here");
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_redirect_of_more_than_sixteen_kibibytes_is_not_followed() {
    let server = Server::answering(|path| match path {
        "/fits" => to(&format!("/{}", "x".repeat(16 * 1024 - 1))),
        "/does-not" => to(&format!("/{}", "x".repeat(16 * 1024))),
        _ => answer("200 OK", &[], b"there"),
    })
    .await;
    let session = session(vec![server.pin("a.test")]);
    let response = fetch(&session, "http://a.test/fits").await.unwrap();
    assert_eq!(&response.body[..], b"there");
    assert_eq!(
        failure(&session, "http://a.test/does-not").await,
        HttpErrorKind::BadUrl
    );
    assert_eq!(server.heads().len(), 3);
}
