//! The server itself: two loopback ports, one for TLS, one script for both.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::certificate::{Certificate, Papers};
use super::conn::{Asked, Conn, answer};

/// What happens on a connection.
#[derive(Clone)]
pub(super) enum Script {
    /// Before a byte of TLS.
    Raw(Arc<dyn Fn(Conn) -> BoxFuture<'static, Conn> + Send + Sync>),
    /// Before the request was read.
    Opened(Arc<dyn Fn(Conn) -> BoxFuture<'static, Conn> + Send + Sync>),
    /// Once the request was read.
    Asked(Arc<dyn Fn(Conn, Asked) -> BoxFuture<'static, Conn> + Send + Sync>),
}

/// A hostile server. It stops when dropped.
pub struct Origin {
    /// Where it speaks TLS, on 127.0.0.1.
    pub tls_port: u16,
    /// Where it does not.
    pub plain_port: u16,
    pub(super) ca_pem: String,
    seen: Arc<Seen>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Asked>>,
    sent: AtomicU64,
}

impl Origin {
    pub(super) async fn start(
        script: Script,
        certificate: Certificate,
        names: &[&str],
        protocol: &[u8],
    ) -> Self {
        let papers = Papers::new(certificate, names, protocol);
        let seen = Arc::<Seen>::default();
        let mut tasks = Vec::new();
        let mut ports = Vec::new();
        for tls in [Some(TlsAcceptor::from(papers.tls)), None] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            let listener = listener.expect("a free port");
            ports.push(listener.local_addr().expect("bound").port());
            let (script, seen) = (script.clone(), Arc::clone(&seen));
            tasks.push(tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    seen.connections.fetch_add(1, Ordering::SeqCst);
                    let (script, seen, tls) = (script.clone(), Arc::clone(&seen), tls.clone());
                    tokio::spawn(async move {
                        if let Some(conn) = play(&script, &seen, stream, tls).await {
                            seen.sent.fetch_add(conn.sent(), Ordering::SeqCst);
                            conn.close().await;
                        }
                    });
                }
            }));
        }
        Self {
            tls_port: ports[0],
            plain_port: ports[1],
            ca_pem: papers.ca_pem,
            seen,
            tasks,
        }
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The requests read so far, robots.txt not counted.
    #[must_use]
    pub fn requests(&self) -> Vec<Asked> {
        self.seen.requests.lock().expect("whole").clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Plays the script on one connection; none when nothing is left to close.
async fn play(
    script: &Script,
    seen: &Seen,
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
) -> Option<Conn> {
    if let Script::Raw(script) = script {
        return Some(script(Conn::plain(stream)).await);
    }
    let mut conn = match tls {
        Some(tls) => Conn::tls(tls.accept(stream).await.ok()?),
        None => Conn::plain(stream),
    };
    match script {
        Script::Raw(_) => None,
        Script::Opened(script) => Some(script(conn).await),
        Script::Asked(script) => {
            let asked = conn.asked().await?;
            if asked.path() == "/robots.txt" {
                conn.send(answer("404 Not Found", &[], "none")).await;
                return Some(conn);
            }
            seen.requests.lock().expect("whole").push(asked.clone());
            Some(script(conn, asked).await)
        }
    }
}
