//! DNS rebinding through the real binary and the system's own resolver, in a
//! network of its own with a name server that changes its mind: public at the
//! first look-up, this machine at every later one.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use paperfall_e2e::Rig;
use paperfall_miniweb::{Pdf, World};

const URL: &str = "http://rebind.example/a.pdf";
/// A public address, which the network of the test has on its loopback.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 14);
/// Set in the test's own network.
const INSIDE: &str = "PAPERFALL_E2E_INSIDE";
const DONE: &str = "the test inside has ended";

/// Runs this very test where networks and mounts are its own; false where this
/// machine does not allow that.
fn once_more_inside(test: &str) -> bool {
    let may = Command::new("unshare").args(["-n", "-m", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine allows no network namespace");
        return false;
    }
    let ran = Command::new("unshare")
        .args(["-n", "-m"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let cried = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}{cried}");
    assert!(said.contains(DONE), "it did not run: {said}{cried}");
    true
}

fn system(command: &[&str]) {
    let status = Command::new(command[0]).args(&command[1..]).status();
    assert!(status.unwrap().success(), "{command:?}");
}

/// Answers for every name: the public address once, loopback from then on; no
/// IPv6 at all. Nothing may be kept.
fn fickle_name_server() -> Arc<AtomicUsize> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).unwrap();
    let lookups = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&lookups);
    std::thread::spawn(move || {
        let mut packet = [0_u8; 512];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            let query = &packet[..length];
            // The name ends with a zero; type and class follow.
            let end = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
            let is_v4 = query[end - 4..end - 2] == [0, 1];
            let mut reply = query[..2].to_vec();
            reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_v4), 0, 0, 0, 0]);
            reply.extend(&query[12..end]);
            if is_v4 {
                let first = count.fetch_add(1, Ordering::SeqCst) == 0;
                let address = if first { PUBLIC } else { Ipv4Addr::LOCALHOST };
                reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                reply.extend(address.octets());
            }
            socket.send_to(&reply, from).ok();
        }
    });
    lookups
}

/// Serves a paper at the public address, a connection a request.
fn honest_server() -> Arc<AtomicUsize> {
    let listener = TcpListener::bind((PUBLIC, 80)).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        let pdf = Pdf::new("Public", 7, 20_000).bytes();
        for mut stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            let mut head = Vec::new();
            let mut some = [0; 1024];
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut some) {
                    Ok(read @ 1..) => head.extend(&some[..read]),
                    _ => break,
                }
            }
            let length = pdf.len();
            let head =
                format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &pdf].concat());
        }
    });
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_turns_private_after_the_probe_is_not_followed_inside() {
    if std::env::var_os(INSIDE).is_none() {
        once_more_inside("a_name_that_turns_private_after_the_probe_is_not_followed_inside");
        return;
    }
    system(&["ip", "link", "set", "lo", "up"]);
    system(&["ip", "address", "add", &format!("{PUBLIC}/32"), "dev", "lo"]);
    let rig = Rig::new(World::new()).await;
    let resolver = rig.file("resolv.conf", "nameserver 127.0.0.1\n");
    let resolver = resolver.display().to_string();
    system(&["mount", "--bind", &resolver, "/etc/resolv.conf"]);
    let lookups = fickle_name_server();
    let asked = honest_server();
    let private = TcpListener::bind((Ipv4Addr::LOCALHOST, 80)).unwrap();
    private.set_nonblocking(true).unwrap();

    let ran = rig.paperfall(["fetch", URL, "--only", "given,arxiv"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    let work = format!("url:{URL}");
    let attempts = rig.attempts(&work);
    assert_eq!(attempts[0], "given nonretryable private_address", "{ran}");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the probe alone: {ran}");
    assert!(lookups.load(Ordering::SeqCst) >= 2, "{ran}");
    match private.accept() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        reached => panic!("the private address was reached: {reached:?}"),
    }
    println!("{DONE}");
}
