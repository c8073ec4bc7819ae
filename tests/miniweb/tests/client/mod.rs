//! A tiny HTTP client of our own for the tests: raw bytes over TCP or TLS, so
//! that nothing between the test and the wire is forgiving.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::io;
use std::sync::Arc;
use std::time::Duration;

use paperfall_miniweb::Miniweb;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// What came back until the connection ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// How the connection ended, if not orderly.
    pub(crate) error: Option<io::ErrorKind>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    fn parse(raw: &[u8], error: Option<io::ErrorKind>) -> Self {
        let end = raw
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("a complete head");
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").expect("a header line"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: raw[end + 4..].to_vec(),
            error,
        }
    }
}

/// Opens a connection for a URL's scheme and host.
pub(crate) async fn connect(web: &Miniweb, scheme: &str, host: &str) -> io::Result<Box<dyn Wire>> {
    if scheme == "http" {
        return Ok(Box::new(TcpStream::connect(web.http_address()).await?));
    }
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(web.ca_pem().as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(web.tls_address()).await?;
    let name = ServerName::try_from(host.to_owned()).unwrap();
    Ok(Box::new(
        TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await?,
    ))
}

/// Sends a request line and headers; the answer is the caller's to read.
pub(crate) async fn send(
    web: &Miniweb,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
) -> io::Result<Box<dyn Wire>> {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut wire = connect(web, scheme, host).await?;
    let mut request = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    wire.write_all(request.as_bytes()).await?;
    wire.flush().await?;
    Ok(wire)
}

/// Sends a request and reads until the connection ends.
pub(crate) async fn ask(web: &Miniweb, method: &str, url: &str, headers: &[(&str, &str)]) -> Reply {
    let mut wire = send(web, method, url, headers).await.expect("a connection");
    let mut raw = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), wire.read_to_end(&mut raw))
        .await
        .expect("an answer within 20 s");
    // A server that hangs up without TLS's goodbye is what it looks like.
    Reply::parse(&raw, read.err().map(|error| error.kind()))
}

pub(crate) async fn get(web: &Miniweb, url: &str) -> Reply {
    ask(web, "GET", url, &[]).await
}
