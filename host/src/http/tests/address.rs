//! The address guard's vectors: every family of the registries, the first and
//! last address of each block and their public neighbours; then the same by
//! way of real requests: literals in all spellings, DNS answers, redirects.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::server::{FakeDns, Server, answer, config, failure, fetch, session, to};
use crate::http::{AddressGuard, Http, HttpErrorKind};

/// Refused addresses and the family they are refused for.
const REFUSED: &[(&str, &str)] = &[
    ("0.0.0.0", "unspecified"),
    ("0.0.0.1", "this-network"),
    ("0.255.255.255", "this-network"),
    ("10.0.0.0", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.0", "carrier-grade-nat"),
    ("100.100.100.200", "carrier-grade-nat"),
    ("100.127.255.255", "carrier-grade-nat"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.255", "loopback"),
    ("168.63.129.16", "cloud-platform"),
    ("169.254.0.0", "link-local"),
    ("169.254.169.254", "link-local"),
    ("172.16.0.0", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.0", "ietf-protocol"),
    ("192.0.0.192", "ietf-protocol"),
    ("192.0.2.1", "documentation"),
    ("192.31.196.1", "as112"),
    ("192.52.193.1", "amt"),
    ("192.88.99.1", "6to4-relay"),
    ("192.168.0.0", "private"),
    ("192.168.255.255", "private"),
    ("192.175.48.1", "as112"),
    ("198.18.0.0", "benchmarking"),
    ("198.19.255.255", "benchmarking"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.255", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.254", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::7f00:1", "ipv4-compatible"),
    ("::8.8.8.8", "ipv4-compatible"),
    ("::ffff:127.0.0.1", "ipv4-mapped"),
    ("::ffff:8.8.8.8", "ipv4-mapped"),
    ("::ffff:0:127.0.0.1", "ipv4-translated"),
    ("64:ff9b::127.0.0.1", "nat64"),
    ("64:ff9b::8.8.8.8", "nat64"),
    ("64:ff9b:1::10.0.0.1", "nat64"),
    ("100::1", "discard-only"),
    ("2001::1", "teredo"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "teredo"),
    ("2001:1::1", "ietf-protocol"),
    ("2001:2::1", "benchmarking"),
    ("2001:10::1", "orchid"),
    ("2001:2f:ffff::1", "orchid"),
    ("2001:1ff::1", "ietf-protocol"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::1", "6to4"),
    ("2002:808:808::1", "6to4"),
    ("2620:4f:8000::1", "as112"),
    ("3ffe::1", "6bone"),
    ("3fff::1", "documentation"),
    ("3fff:fff:ffff::1", "documentation"),
    ("5f00::1", "srv6"),
    ("fc00::1", "unique-local"),
    ("fd00:ec2::254", "unique-local"),
    ("fdff:ffff::1", "unique-local"),
    ("fe80::1", "link-local"),
    ("febf::1", "link-local"),
    ("fec0::1", "site-local"),
    ("feff::1", "site-local"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast"),
    ("1fff::1", "reserved"),
    ("4000::1", "reserved"),
    ("8000::1", "reserved"),
    ("200::1", "reserved"),
];

/// Public addresses, most of them next door to a refused block.
const PUBLIC: &[&str] = &[
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2606:4700::1",
    "2620:4f:7fff::1",
    "2620:4f:8001::1",
    "3ffd::1",
    "3fff:1000::1",
];

#[test]
fn every_special_address_is_refused_by_its_family() {
    let guard = AddressGuard::default();
    for (address, family) in REFUSED {
        let refusal = guard.check(address.parse().unwrap()).expect_err(address);
        assert_eq!(refusal.family, *family, "{address}");
    }
}

#[test]
fn public_neighbours_of_special_blocks_pass() {
    let guard = AddressGuard::default();
    for address in PUBLIC {
        assert_eq!(guard.check(address.parse().unwrap()), Ok(()), "{address}");
    }
}

#[test]
fn an_allowed_network_opens_itself_and_no_embedded_form_of_it() {
    let guard = AddressGuard::new(vec![
        "127.0.0.0/8".parse().unwrap(),
        "fd00::/8".parse().unwrap(),
    ]);
    for (address, passes) in [
        ("127.0.0.1", true),
        ("127.9.9.9", true),
        ("fd12::1", true),
        ("128.0.0.1", true),
        ("10.0.0.1", false),
        ("::ffff:127.0.0.1", false),
        ("::127.0.0.1", false),
        ("fc00::1", false),
    ] {
        let verdict = guard.check(address.parse().unwrap());
        assert_eq!(verdict.is_ok(), passes, "{address}");
    }
}

/// Hosts that mean a private address, in the spellings a URL allows.
const PRIVATE_HOSTS: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0X7F.0x0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "%31%32%37.0.0.1",
    "127%2E0%2E0%2E1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "10.0.0.1",
    "167772161",
    "169.254.169.254",
    "0xa9fea9fe",
    "192.168.1.1",
    "100.64.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::8.8.8.8]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
];

#[tokio::test]
async fn a_literal_in_any_spelling_is_refused_before_a_connection_is_tried() {
    let session = session(Vec::new());
    for host in PRIVATE_HOSTS {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/x");
            assert_eq!(
                failure(&session, &url).await,
                HttpErrorKind::PrivateAddress,
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_to_any_private_spelling_is_refused() {
    let server = Server::answering(|path| {
        let which: usize = path.trim_start_matches('/').parse().unwrap_or(0);
        to(&format!("http://{}/", PRIVATE_HOSTS[which]))
    })
    .await;
    let session = session(vec![server.pin("start.test")]);
    for (which, host) in PRIVATE_HOSTS.iter().enumerate() {
        let error = fetch(&session, &format!("http://start.test/{which}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::PrivateAddress, "{host}");
        assert_eq!(error.hops.len(), 2, "{host}: the refused hop is told too");
        assert_eq!(error.hops[1].status, None);
    }
}

#[tokio::test]
async fn a_name_with_any_private_address_is_refused_whole() {
    let mixed: &[(&str, &[&[&str]])] = &[
        ("localhost", &[&["127.0.0.1", "::1"]]),
        ("plain.test", &[&["10.1.2.3"]]),
        ("mixed-first.test", &[&["127.0.0.1", "93.184.215.14"]]),
        ("mixed-last.test", &[&["93.184.215.14", "192.168.0.1"]]),
        ("mixed-six.test", &[&["2606:4700::1", "fd00::1"]]),
        ("mapped.test", &[&["::ffff:93.184.215.14"]]),
        (
            "late.test",
            &[&[
                "93.184.215.1",
                "93.184.215.2",
                "93.184.215.3",
                "93.184.215.4",
                "93.184.215.5",
                "93.184.215.6",
                "93.184.215.7",
                "93.184.215.8",
                "93.184.215.9",
                "93.184.215.10",
                "93.184.215.11",
                "93.184.215.12",
                "93.184.215.13",
                "93.184.215.14",
                "93.184.215.15",
                "93.184.215.16",
                "93.184.215.17",
                "127.0.0.1",
            ]],
        ),
    ];
    for (name, _) in mixed {
        let mut config = config(Vec::new());
        config.resolver = FakeDns::new(mixed);
        let session = Http::new(config).unwrap().session();
        for host in [(*name).to_owned(), format!("{name}."), name.to_uppercase()] {
            let error = fetch(&session, &format!("http://{host}/"))
                .await
                .unwrap_err();
            assert_eq!(error.kind, HttpErrorKind::PrivateAddress, "{host}: {error}");
            assert!(error.message.contains("--allow-private-net"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_a_dns_failure() {
    let mut config = config(Vec::new());
    config.resolver = FakeDns::new(&[("empty.test", &[&[]])]);
    let session = Http::new(config).unwrap().session();
    assert_eq!(
        failure(&session, "http://absent.test/").await,
        HttpErrorKind::Dns
    );
    assert_eq!(
        failure(&session, "http://empty.test/").await,
        HttpErrorKind::Dns
    );
}

#[tokio::test]
async fn a_name_that_turns_private_later_is_refused_then() {
    let server = Server::answering(|_| answer("200 OK", &[], b"hello")).await;
    let dns = FakeDns::new(&[("rebind.test", &[&["127.0.0.1"], &["127.0.0.2"]])]);
    let mut config = config(Vec::new());
    // Stands for the public address of the first answer.
    config.allow_private = vec!["127.0.0.1/32".parse().unwrap()];
    config.resolver = Arc::clone(&dns) as _;
    let session = Http::new(config).unwrap().session();
    let url = format!("http://rebind.test:{}/", server.port);
    assert_eq!(fetch(&session, &url).await.unwrap().status, 200);
    assert_eq!(failure(&session, &url).await, HttpErrorKind::PrivateAddress);
    assert_eq!(dns.lookups.load(Ordering::SeqCst), 2);
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_pin_leads_its_own_host_and_port_and_no_other() {
    let server = Server::answering(|_| answer("200 OK", &[], b"hello")).await;
    let session = session(vec![server.pin("pinned.test")]);
    let response = fetch(&session, "http://PINNED.test./x").await.unwrap();
    let address = response.hops[0].address.unwrap();
    assert_eq!(address.to_string(), format!("127.0.0.1:{}", server.port));
    for elsewhere in [
        "https://pinned.test/",
        "http://pinned.test:81/",
        "http://www.pinned.test/",
    ] {
        assert_eq!(
            failure(&session, elsewhere).await,
            HttpErrorKind::Dns,
            "{elsewhere}"
        );
    }
}
