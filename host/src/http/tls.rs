//! The TLS client: Mozilla's roots, plus the authorities of `--ca-file`.
//!
//! The configuration is built whole and handed to reqwest, so that nothing
//! depends on a process-wide default or on the machine's trust store.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::config::HttpSetupError;

/// The largest `--ca-file` that is read.
const CA_FILE_MAX_BYTES: u64 = 4 * 1024 * 1024;

pub(super) fn client_config(ca_files: &[PathBuf]) -> Result<ClientConfig, HttpSetupError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for path in ca_files {
        add_file(&mut roots, path)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpSetupError::Client(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), HttpSetupError> {
    let fail = |why: String| HttpSetupError::CaFile {
        path: path.to_owned(),
        why,
    };
    let mut pem = Vec::new();
    let file = File::open(path).map_err(|error| fail(error.to_string()))?;
    file.take(CA_FILE_MAX_BYTES + 1)
        .read_to_end(&mut pem)
        .map_err(|error| fail(error.to_string()))?;
    if u64::try_from(pem.len()).is_ok_and(|len| len > CA_FILE_MAX_BYTES) {
        return Err(fail("it is larger than 4 MiB".to_owned()));
    }
    let mut found = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| fail(format!("not valid PEM: {error}")))?;
        roots
            .add(certificate)
            .map_err(|error| fail(format!("a certificate in it is not valid: {error}")))?;
        found += 1;
    }
    if found == 0 {
        return Err(fail("it holds no PEM certificate".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_is_refused_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for content in ["", "hello", broken, "-----BEGIN CERTIFICATE-----\n"] {
            std::fs::write(&path, content).unwrap();
            let error = client_config(std::slice::from_ref(&path)).unwrap_err();
            assert!(error.to_string().contains("ca.pem"), "{error}");
        }
        assert!(client_config(&[dir.path().join("absent.pem")]).is_err());
        assert!(client_config(&[dir.path().to_owned()]).is_err(), "a folder");
    }
}
