//! The server itself: two loopback listeners, one answering task a connection,
//! everything logged, nothing left behind when it stops.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

use crate::answer::Delivery;
use crate::asked::Asked;
use crate::behaviour;
use crate::certificate::Authority;
use crate::log::{Ended, Log, LoggedRequest, Scheme};
use crate::wire::{Stream, Wire, WireControl};
use crate::world::{Turns, World};

/// How often a waiting test, or answer, looks at the log again.
const GLANCE: Duration = Duration::from_millis(5);

/// A running miniature web. It stops when dropped.
pub struct Miniweb {
    names: Vec<String>,
    tls_address: SocketAddr,
    http_address: SocketAddr,
    ca_pem: String,
    log: Log,
    listeners: Vec<JoinHandle<()>>,
}

/// What every connection shares.
struct Stage {
    world: World,
    turns: Turns,
    log: Log,
}

impl Miniweb {
    /// Starts to play `world` on two free ports of 127.0.0.1, on the caller's
    /// runtime.
    ///
    /// # Errors
    /// A world with mistakes in it (`InvalidInput`, naming them), no free port,
    /// or no certificate.
    pub async fn start(world: World) -> io::Result<Self> {
        if !world.mistakes().is_empty() {
            let all = world.mistakes().join("; ");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, all));
        }
        let names: Vec<String> = world.names().into_iter().collect();
        let authority = Authority::new(names.iter().cloned())?;
        let tls = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let log = Log::new();
        let stage = Arc::new(Stage {
            world,
            turns: Turns::default(),
            log: log.clone(),
        });
        let acceptor = TlsAcceptor::from(authority.tls());
        Ok(Self {
            names,
            tls_address: tls.local_addr()?,
            http_address: http.local_addr()?,
            ca_pem: authority.pem().to_owned(),
            log,
            listeners: vec![
                tokio::spawn(listen(tls, Some(acceptor), Arc::clone(&stage))),
                tokio::spawn(listen(http, None, stage)),
            ],
        })
    }

    /// One `HOST:PORT:ADDR:PORT` for each name and each of 443 and 80, as the
    /// host's `--resolve` takes them.
    #[must_use]
    pub fn pins(&self) -> Vec<String> {
        self.names
            .iter()
            .flat_map(|name| {
                [
                    format!("{name}:443:{}", self.tls_address),
                    format!("{name}:80:{}", self.http_address),
                ]
            })
            .collect()
    }

    /// Every name it plays.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where HTTPS is spoken.
    #[must_use]
    pub fn tls_address(&self) -> SocketAddr {
        self.tls_address
    }

    /// Where plain HTTP is spoken.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// The certificate of its authority, for `--ca-file`.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Writes [`Self::ca_pem`] to a file.
    ///
    /// # Errors
    /// What writing the file gives.
    pub fn write_ca(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, &self.ca_pem)
    }

    /// Every request so far, open ones included, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.log.requests()
    }

    /// Those to one host whose path and query, as sent, begin so.
    #[must_use]
    pub fn requests_for(&self, host: &str, path_prefix: &str) -> Vec<LoggedRequest> {
        let mut requests = self.requests();
        requests.retain(|r| r.host == host && r.path_and_query.starts_with(path_prefix));
        requests
    }

    /// Waits until the log satisfies the condition; false if it has not
    /// within `patience`.
    pub async fn wait_until(
        &self,
        patience: Duration,
        condition: impl Fn(&[LoggedRequest]) -> bool,
    ) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if condition(&self.requests()) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            sleep(GLANCE).await;
        }
    }

    /// Stops and waits until every connection is closed. Open requests are
    /// logged as cut by the server; the whole log is returned.
    pub async fn stop(mut self) -> Vec<LoggedRequest> {
        self.log.stopping();
        for listener in std::mem::take(&mut self.listeners) {
            listener.abort();
            // An aborted task ends with an error that says just that.
            let _ = listener.await;
        }
        // Connections are aborted with their listener and dropped soon after.
        self.wait_until(Duration::from_secs(5), |requests| {
            requests.iter().all(|request| request.ended.is_some())
        })
        .await;
        self.log.requests()
    }
}

impl Drop for Miniweb {
    fn drop(&mut self) {
        self.log.stopping();
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

async fn listen(listener: TcpListener, acceptor: Option<TlsAcceptor>, stage: Arc<Stage>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    connections.spawn(converse(tcp, acceptor.clone(), Arc::clone(&stage)));
                }
                // Out of file descriptors, most likely: let some close.
                Err(_) => sleep(GLANCE).await,
            },
        }
    }
}

/// One connection, to its end. Whatever goes wrong on it is the client's
/// business and shows in the log.
async fn converse(tcp: TcpStream, acceptor: Option<TlsAcceptor>, stage: Arc<Stage>) {
    let _ = tcp.set_nodelay(true);
    let (scheme, stream) = match acceptor {
        None => (Scheme::Http, Stream::Plain(tcp)),
        Some(acceptor) => match acceptor.accept(tcp).await {
            Ok(tls) => (Scheme::Https, Stream::Tls(Box::new(tls))),
            Err(_) => return,
        },
    };
    let control = WireControl::default();
    let wire = Wire::new(stream, control.clone());
    let service =
        service_fn(|request| answer(request, scheme, Arc::clone(&stage), control.clone()));
    // Half-closed connections stay off (hyper's default): a client that hangs
    // up while its answer is pending ends the connection, which drops the
    // pending answer and its log ticket.
    let _ = http1::Builder::new()
        .half_close(false)
        .serve_connection(TokioIo::new(wire), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    scheme: Scheme,
    stage: Arc<Stage>,
    wire: WireControl,
) -> io::Result<hyper::Response<crate::outgoing::Outgoing>> {
    wire.full_speed();
    let asked = Asked::of(scheme, &request);
    let ticket = stage.log.open(&asked);
    let scripted = stage.world.answer(&asked, &stage.turns);
    let answer = behaviour::choose(&scripted, &asked);
    for cue in stage.world.cues_of(&asked).chain(&answer.cue) {
        while !cue.has_come(&stage.log.requests()) {
            sleep(GLANCE).await;
        }
    }
    let wait = stage.world.latency_of(&asked) + answer.delay;
    if !wait.is_zero() {
        sleep(wait).await;
    }
    match answer.delivery {
        Delivery::Never => std::future::pending().await,
        Delivery::Dropped => {
            ticket.end(Ended::ServerCut);
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        _ => {
            let response = behaviour::respond(answer, &asked, ticket, &wire);
            Ok(response)
        }
    }
}
