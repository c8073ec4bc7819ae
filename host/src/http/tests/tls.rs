//! TLS: an authority of `--ca-file` is trusted, nobody unknown is.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::server::{answer, config, failure, fetch};
use crate::http::{Http, HttpErrorKind, Pin, Session};

struct TlsServer {
    port: u16,
    ca_file: PathBuf,
    _dir: tempfile::TempDir,
}

/// A server whose certificate is for `good.test`, and the file of its CA.
async fn serve() -> TlsServer {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["good.test".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, ca.pem()).unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    stream.read_u8().await.ok();
                    stream.write_all(&answer("200 OK", &[], b"safe")).await.ok();
                    stream.shutdown().await.ok();
                }
            });
        }
    });
    TlsServer {
        port,
        ca_file,
        _dir: dir,
    }
}

fn session(server: &TlsServer, ca_files: Vec<PathBuf>) -> Session {
    let pins = ["good.test", "wrong.test"]
        .map(|host| Pin::parse(&format!("{host}:443:127.0.0.1:{}", server.port)).unwrap());
    let mut config = config(pins.to_vec());
    config.ca_files = ca_files;
    Http::new(config).unwrap().session()
}

#[tokio::test]
async fn a_pinned_host_is_reached_over_tls_with_its_ca_on_the_schemes_own_port() {
    let server = serve().await;
    let session = session(&server, vec![server.ca_file.clone()]);
    let response = fetch(&session, "https://good.test/").await.unwrap();
    assert_eq!(&response.body[..], b"safe");
    assert_eq!(response.hops[0].address.unwrap().port(), server.port);
    assert_eq!(response.url.as_str(), "https://good.test/");
}

#[tokio::test]
async fn an_unknown_authority_and_a_wrong_name_are_refused() {
    let server = serve().await;
    let unknown = session(&server, Vec::new());
    let error = fetch(&unknown, "https://good.test/").await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Tls);
    assert!(error.message.contains("--ca-file"), "{error}");
    let known = session(&server, vec![server.ca_file.clone()]);
    assert_eq!(
        failure(&known, "https://wrong.test/").await,
        HttpErrorKind::Tls
    );
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .ok();
        }
    });
    let pin = Pin::parse(&format!("a.test:443:127.0.0.1:{port}")).unwrap();
    let session = super::server::session(vec![pin]);
    assert_eq!(
        failure(&session, "https://a.test/").await,
        HttpErrorKind::Tls
    );
}
