//! Limits that processes share, from the side of the server they are kept
//! for: real processes, killed and stopped at bad moments.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use paperfall::http::{
    HostGrants, HostPlace, HostRule, Http, HttpConfig, HttpErrorKind, Method, Pin,
    PolitenessConfig, Request, RequestPolicy, Role, Session,
};

/// What a child is told: port, folder, requests at once, requests in all.
const ORDERS: &str = "PAPERFALL_TEST_ORDERS";
/// Requests a second that the server bears.
const PER_SECOND: u32 = 40;

/// A server that notes when it is asked what; `/hold` is never answered.
struct Server {
    port: u16,
    started: Instant,
    arrivals: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&arrivals);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, log) = (stream.unwrap(), Arc::clone(&log));
                thread::spawn(move || answer(stream, &log));
            }
        });
        Self {
            port,
            started: Instant::now(),
            arrivals,
        }
    }

    fn arrivals(&self) -> Vec<Instant> {
        let mut times: Vec<Instant> = self
            .arrivals
            .lock()
            .unwrap()
            .iter()
            .map(|(at, _)| *at)
            .collect();
        times.sort_unstable();
        times
    }

    fn wait_for(&self, count: usize) {
        let patience = Instant::now() + Duration::from_secs(60);
        while self.arrivals().len() < count {
            assert!(Instant::now() < patience, "{count} requests never came");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn answer(mut stream: TcpStream, log: &Mutex<Vec<(Instant, String)>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    log.lock().unwrap().push((Instant::now(), path.clone()));
    if path == "/hold" {
        // Until the client is gone.
        while matches!(stream.read(&mut byte), Ok(1)) {}
        return;
    }
    let reply = match path.as_str() {
        "/later" => "HTTP/1.1 429 Later\r\nRetry-After: 600\r\n",
        _ => "HTTP/1.1 200 OK\r\n",
    };
    let reply = format!("{reply}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}");
    stream.write_all(reply.as_bytes()).ok();
}

fn session(port: u16, folder: &Path, change: impl FnOnce(&mut HostRule)) -> Session {
    let mut rule = HostRule::new(HostPlace::parse("a.test").unwrap());
    change(&mut rule);
    let config = HttpConfig {
        pins: vec![Pin::parse(&format!("a.test:80:127.0.0.1:{port}")).unwrap()],
        politeness: PolitenessConfig {
            rules: vec![rule],
            shared_folder: Some(folder.to_owned()),
        },
        ..HttpConfig::default()
    };
    patient(&Http::new(config).unwrap().session(), 60)
}

fn patient(session: &Session, seconds: u64) -> Session {
    session.under(RequestPolicy {
        rate_wait_max: Duration::from_secs(seconds),
        ..RequestPolicy::default()
    })
}

async fn get(session: &Session, path: &str) -> Result<u16, HttpErrorKind> {
    let url = format!("http://a.test{path}");
    let request = Request::new(Method::Get, &url, Role::Metadata, HostGrants::any()).unwrap();
    match session.fetch(request).await {
        Ok(response) => Ok(response.status),
        Err(error) => Err(error.kind),
    }
}

fn rated(rule: &mut HostRule) {
    rule.per_second = PER_SECOND.try_into().ok();
}

fn single(rule: &mut HostRule) {
    rule.max_concurrent = 1.try_into().ok();
}

/// Starts this test program again, as a worker.
fn child(port: u16, folder: &Path, orders: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_worker", "--nocapture"])
        .env(ORDERS, format!("{port} {} {orders}", folder.display()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// What the children do; as a test of its own it has no orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker() {
    let Ok(orders) = std::env::var(ORDERS) else {
        return;
    };
    let words: Vec<&str> = orders.split(' ').collect();
    let [port, folder, what, at_once, each] = words[..] else {
        panic!("{orders}");
    };
    let port = port.parse().unwrap();
    let each: usize = each.parse().unwrap();
    let rule = if what == "/hold" { single } else { rated };
    let session = session(port, Path::new(folder), rule);
    let workers = (0..at_once.parse().unwrap()).map(|_| {
        let (session, what) = (session.clone(), what.to_owned());
        tokio::spawn(async move {
            for _ in 0..each {
                assert_eq!(get(&session, &what).await, Ok(200));
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
}

/// Checks that from the server's start on nobody came before the rate granted it, a tenth
/// of a second's requests at once. However late requests arrive on a busy machine, the
/// n-th to arrive is no earlier than the n-th that was granted.
fn assert_within_rate(server: &Server) {
    let interval = Duration::from_secs(1) / PER_SECOND;
    for (turn, arrival) in (0..).zip(server.arrivals()) {
        let after = arrival.duration_since(server.started);
        let granted = interval * u32::saturating_sub(turn, PER_SECOND / 10);
        assert!(after >= granted, "{turn} requests before {after:?}");
    }
}

#[test]
fn four_processes_keep_one_rate_together() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let children: Vec<Child> = (0..4)
        .map(|_| child(server.port, folder.path(), "/x 4 8"))
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.arrivals().len(), 4 * 4 * 8);
    assert_within_rate(&server);
}

#[test]
fn processes_killed_and_stopped_while_they_wait_hold_nobody_up_and_rush_nobody() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let mut steady = child(server.port, folder.path(), "/x 2 40");
    let mut stopped = child(server.port, folder.path(), "/x 6 10");
    let mut killed = child(server.port, folder.path(), "/x 6 1000");
    server.wait_for(20);
    signal(&stopped, "STOP");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let before = server.arrivals().len();
    server.wait_for(before + 20);
    // It wakes up with moments that have long passed.
    signal(&stopped, "CONT");
    assert!(stopped.wait().unwrap().success());
    assert!(steady.wait().unwrap().success());
    assert_within_rate(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_gives_its_slot_up() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let mut holder = child(server.port, folder.path(), "/hold 1 1");
    server.wait_for(1);
    let session = session(server.port, folder.path(), single);
    let impatient = patient(&session, 0);
    assert_eq!(get(&impatient, "/x").await, Err(HttpErrorKind::RateLimited));
    assert_eq!(server.arrivals().len(), 1);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_eq!(get(&session, "/x").await, Ok(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_is_told_to_wait_the_others_wait_too() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let one = session(server.port, folder.path(), rated);
    let other = session(server.port, folder.path(), rated);
    assert_eq!(get(&one, "/later").await, Ok(429));
    assert_eq!(get(&other, "/x").await, Err(HttpErrorKind::RateLimited));
    assert_eq!(server.arrivals().len(), 1);
}
