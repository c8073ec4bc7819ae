//! Certificates that are right, and those that are wrong in one way each.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// What an origin shows for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Certificate {
    /// For its names, by the authority the operator trusts.
    #[default]
    Good,
    /// For another name.
    OfAnotherName,
    /// Of a time that is over.
    Expired,
    /// Of a time that is still to come.
    NotYetValid,
    /// By an authority nobody knows.
    OfUnknownAuthority,
    /// By itself.
    SelfSigned,
    /// By the trusted authority, but by way of one that is none.
    OfNoAuthority,
}

/// The authority of a test, and what its origin needs for TLS.
pub(super) struct Papers {
    /// The trusted authority.
    pub(super) ca_pem: String,
    pub(super) tls: Arc<ServerConfig>,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, key()).expect("signed")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

impl Papers {
    /// Papers for an origin of these names that speaks `protocol` (ALPN).
    pub(super) fn new(kind: Certificate, names: &[&str], protocol: &[u8]) -> Self {
        let trusted = authority();
        let leaf_key = key();
        let names = match kind {
            Certificate::OfAnotherName => vec!["elsewhere.example".to_owned()],
            _ => names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut params = CertificateParams::new(names).expect("names");
        match kind {
            Certificate::Expired => {
                params.not_before = date_time_ymd(2019, 1, 1);
                params.not_after = date_time_ymd(2020, 1, 1);
            }
            Certificate::NotYetValid => params.not_before = date_time_ymd(2090, 1, 1),
            _ => {}
        }
        let chain = match kind {
            Certificate::OfUnknownAuthority => {
                let unknown = authority();
                let leaf = params.signed_by(&leaf_key, &unknown).expect("signed");
                vec![leaf.der().clone(), unknown.der().clone()]
            }
            Certificate::SelfSigned => {
                vec![params.self_signed(&leaf_key).expect("signed").der().clone()]
            }
            Certificate::OfNoAuthority => {
                // A leaf that signs another leaf.
                let pretender = CertificateParams::new(vec!["honest.example".to_owned()]);
                let pretender =
                    CertifiedIssuer::signed_by(pretender.expect("a name"), key(), &trusted)
                        .expect("signed");
                let leaf = params.signed_by(&leaf_key, &pretender).expect("signed");
                vec![leaf.der().clone(), pretender.der().clone()]
            }
            _ => vec![
                params
                    .signed_by(&leaf_key, &trusted)
                    .expect("signed")
                    .der()
                    .clone(),
            ],
        };
        let private = PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into();
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .expect("a certificate and its key");
        tls.alpn_protocols = vec![protocol.to_vec()];
        Self {
            ca_pem: trusted.pem(),
            tls: Arc::new(tls),
        }
    }
}
