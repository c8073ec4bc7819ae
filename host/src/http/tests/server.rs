//! The servers and stacks the tests are made of.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::http::{
    HostGrants, Http, HttpConfig, HttpError, HttpErrorKind, Method, Pin, Request, Resolver,
    Response, Role, Session,
};

/// A server on a loopback port; it stops when dropped.
pub(super) struct Server {
    pub(super) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Hands every connection, with the head of its first request, to
    /// `handle`.
    pub(super) async fn with<F, Fut>(handle: F) -> Self
    where
        F: Fn(String, TcpStream) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, handle) = (Arc::clone(&heads), Arc::new(handle));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, handle) = (Arc::clone(&seen), Arc::clone(&handle));
                tokio::spawn(async move {
                    if let Some(head) = read_head(&mut stream).await {
                        seen.lock().unwrap().push(head.clone());
                        handle(head, stream).await;
                    }
                });
            }
        });
        Self { port, heads, task }
    }

    /// Answers every request with what `answer` makes of its path, then
    /// closes.
    pub(super) async fn answering(
        answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::with(move |head, mut stream| {
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let bytes = answer(&path);
            async move {
                stream.write_all(&bytes).await.ok();
                stream.shutdown().await.ok();
            }
        })
        .await
    }

    /// The heads of all requests so far.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// The pin that leads `host` (port 80) here.
    pub(super) fn pin(&self, host: &str) -> Pin {
        Pin::parse(&format!("{host}:80:127.0.0.1:{}", self.port)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A whole answer that closes the connection.
pub(super) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    if !head.to_ascii_lowercase().contains("content-length") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// A redirect to `location`.
pub(super) fn to(location: &str) -> Vec<u8> {
    answer("302 Found", &[&format!("Location: {location}")], b"moved")
}

/// DNS answers by name; each look-up takes the next of its list, the last one
/// stays.
#[derive(Default)]
pub(super) struct FakeDns {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    pub(super) lookups: AtomicUsize,
}

impl FakeDns {
    pub(super) fn new(answers: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let addresses = |list: &&[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = answers.iter().map(|(name, rounds)| {
            let rounds = rounds.iter().map(addresses).collect();
            ((*name).to_owned(), rounds)
        });
        Arc::new(Self {
            answers: answers.collect(),
            lookups: AtomicUsize::new(0),
        })
    }
}

impl Resolver for FakeDns {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let round = self.lookups.fetch_add(1, Ordering::SeqCst);
        let found = self.answers.get(&name).map(|rounds| {
            let last = rounds.len().saturating_sub(1);
            rounds[round.min(last)].clone()
        });
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// A configuration for tests: short limits, no real DNS.
pub(super) fn config(pins: Vec<Pin>) -> HttpConfig {
    HttpConfig {
        user_agent: "paperfall-test".to_owned(),
        pins,
        connect_timeout: Duration::from_secs(2),
        stall_timeout: Duration::from_millis(400),
        resolver: FakeDns::new(&[]),
        ..HttpConfig::default()
    }
}

/// A session whose pinned hosts are the only ones there are.
pub(super) fn session(pins: Vec<Pin>) -> Session {
    Http::new(config(pins)).unwrap().session()
}

/// A GET for any public host.
pub(super) fn get(url: &str, role: Role) -> Request {
    Request::new(Method::Get, url, role, HostGrants::any()).unwrap()
}

/// Fetches `url` as metadata.
pub(super) async fn fetch(session: &Session, url: &str) -> Result<Response, HttpError> {
    session
        .fetch(Request::new(
            Method::Get,
            url,
            Role::Metadata,
            HostGrants::any(),
        )?)
        .await
}

/// The kind of the failure of fetching `url`.
pub(super) async fn failure(session: &Session, url: &str) -> HttpErrorKind {
    match fetch(session, url).await {
        Ok(response) => panic!("{url} answered {}", response.status),
        Err(error) => error.kind,
    }
}
