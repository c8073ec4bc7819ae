//! A small HTTP server for `/metrics` and `/healthz`.
//!
//! It speaks to whoever may reach the address, so it reads little, waits
//! briefly and serves a bounded number at a time.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};

use super::handle::Metrics;

/// Connections at once; a scraper needs one.
const CONNECTIONS: usize = 16;
/// How long a client may take for its request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may last.
const CONNECTION_LIFE: Duration = Duration::from_secs(120);
/// The longest head that is read, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Why metrics cannot be served.
#[derive(Debug, Error)]
pub enum MetricsServerError {
    /// The address cannot be listened on.
    #[error("cannot serve metrics on {address}: {error}; give --metrics another address or port")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

/// Serves metrics until it is dropped.
#[derive(Debug)]
pub struct MetricsServer {
    address: SocketAddr,
    task: AbortHandle,
}

impl MetricsServer {
    /// Listens on this address; port 0 takes a free one.
    ///
    /// # Errors
    /// [`MetricsServerError`] when the address is taken or not ours.
    pub async fn start(address: SocketAddr, metrics: Metrics) -> Result<Self, MetricsServerError> {
        let refused = |error| MetricsServerError::Address { address, error };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        let task = tokio::spawn(serve(listener, metrics)).abort_handle();
        Ok(Self {
            address: bound,
            task,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, metrics: Metrics) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of descriptors, or the client left again: both pass.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let metrics = metrics.clone();
        clients.spawn(async move {
            let service = service_fn(move |request| {
                let metrics = metrics.clone();
                async move { Ok::<_, Infallible>(answer(&request, metrics).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_PATIENCE)
                .max_buf_size(HEAD_BYTES)
                .serve_connection(TokioIo::new(stream), service);
            // A client's errors are the client's.
            let _ = tokio::time::timeout(CONNECTION_LIFE, connection).await;
            drop(permit);
        });
    }
}

async fn answer(request: &Request<Incoming>, metrics: Metrics) -> Response<Full<Bytes>> {
    let known = matches!(request.uri().path(), "/metrics" | "/healthz");
    if !known {
        let body = "paperfall serves /metrics and /healthz\n".to_owned();
        return respond(StatusCode::NOT_FOUND, PLAIN, body);
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let body = "only GET and HEAD are answered here\n".to_owned();
        let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, PLAIN, body);
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    if request.uri().path() == "/healthz" {
        return match metrics.trouble() {
            None => respond(StatusCode::OK, PLAIN, "ok\n".to_owned()),
            Some(trouble) => respond(
                StatusCode::SERVICE_UNAVAILABLE,
                PLAIN,
                format!("{trouble}\n"),
            ),
        };
    }
    // Counting a large ledger's jobs blocks.
    match tokio::task::spawn_blocking(move || metrics.render()).await {
        Ok(text) => respond(StatusCode::OK, OPEN_METRICS, text),
        Err(_) => {
            let body = "the metrics could not be collected\n".to_owned();
            respond(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, body)
        }
    }
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
