//! TLS to the database: whom we believe.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::Protection;

/// Why there is nobody who could vouch for a server.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoIssuers {
    #[error("the certificates in {path}, the sslrootcert of DATABASE_URL, cannot be read: {why}")]
    Unreadable { path: String, why: String },
    #[error(
        "this system knows no issuers of certificates: install ca-certificates, or name a PEM file with \
         sslrootcert=PATH in DATABASE_URL"
    )]
    NoneKnown,
}

/// TLS 1.2 or 1.3 as the protection asks for it; where it is clear text, nobody is believed.
pub(super) fn connector(
    protection: Protection,
    issuers: Option<&Path>,
) -> Result<ClientConfig, NoIssuers> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers for both");
    let believed = match protection {
        Protection::Unverified => {
            let anybody = Arc::new(Anybody(provider));
            let builder = builder
                .dangerous()
                .with_custom_certificate_verifier(anybody);
            return Ok(builder.with_no_client_auth());
        }
        Protection::Verified => match issuers {
            Some(path) => of_file(path)?,
            None => of_system()?,
        },
        Protection::Local | Protection::ClearText => RootCertStore::empty(),
    };
    Ok(builder
        .with_root_certificates(believed)
        .with_no_client_auth())
}

fn of_file(path: &Path) -> Result<RootCertStore, NoIssuers> {
    let unreadable = |why: String| NoIssuers::Unreadable {
        path: path.display().to_string(),
        why,
    };
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path);
    for certificate in certificates.map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        let added = store.add(certificate);
        added.map_err(|error| unreadable(error.to_string()))?;
    }
    match store.is_empty() {
        true => Err(unreadable("there are none in it".to_owned())),
        false => Ok(store),
    }
}

/// One that cannot be read does no harm, as long as others can.
fn of_system() -> Result<RootCertStore, NoIssuers> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match store.is_empty() {
        true => Err(NoIssuers::NoneKnown),
        false => Ok(store),
    }
}

/// Believes everybody who has the key of the certificate that they show.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
