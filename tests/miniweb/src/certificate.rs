//! The miniature web's own certificate authority: made at start, trusted by
//! nobody else, signing one leaf per name when that name is first asked for.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

/// A fresh authority.
pub(crate) struct Authority {
    pem: String,
    tls: Arc<ServerConfig>,
}

impl Authority {
    /// Makes an authority for these names; others get no certificate.
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> io::Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(
            DnType::CommonName,
            "paperfall miniature web (test authority)",
        );
        let ca_key = KeyPair::generate().map_err(io::Error::other)?;
        let issuer = CertifiedIssuer::self_signed(params, ca_key).map_err(io::Error::other)?;
        let pem = issuer.pem();

        let leaf_key = KeyPair::generate().map_err(io::Error::other)?;
        let private =
            PrivateKeyDer::try_from(leaf_key.serialize_der()).map_err(io::Error::other)?;
        let signing = ring::sign::any_supported_type(&private).map_err(io::Error::other)?;
        let leaves = Leaves {
            issuer,
            leaf_key,
            signing,
            signed: Mutex::new(names.into_iter().map(|name| (name, None)).collect()),
        };
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(leaves));
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            pem,
            tls: Arc::new(tls),
        })
    }

    /// The authority's certificate, for the client to trust.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.tls)
    }
}

struct Leaves {
    issuer: CertifiedIssuer<'static, KeyPair>,
    leaf_key: KeyPair,
    signing: Arc<dyn tokio_rustls::rustls::sign::SigningKey>,
    /// Every name played, and its certificate once asked for.
    signed: Mutex<HashMap<String, Option<Arc<CertifiedKey>>>>,
}

impl std::fmt::Debug for Leaves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leaves").finish_non_exhaustive()
    }
}

impl Leaves {
    fn sign(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).ok()?;
        // Common names are at most 64 characters long; the SAN is what counts.
        params
            .distinguished_name
            .push(DnType::CommonName, "paperfall miniature web");
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&self.leaf_key, &self.issuer).ok()?;
        let chain = vec![leaf.der().clone(), self.issuer.der().clone()];
        Some(Arc::new(CertifiedKey::new(
            chain,
            Arc::clone(&self.signing),
        )))
    }
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = signed.get_mut(&name)?;
        if slot.is_none() {
            *slot = self.sign(&name);
        }
        slot.clone()
    }
}
