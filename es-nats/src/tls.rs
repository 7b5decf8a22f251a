//! Encryption: whom we trust, what we show, and by which cryptography.
//!
//! The driver's own configuration takes the process's default provider of cryptography, and panics where a program has two
//! and chose none. Ours names its provider. As the driver's does, it reads its files for each connection: certificates are
//! renewed while a program runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_nats::ConnectOptions;
use async_nats::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use async_nats::rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use async_nats::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use async_nats::rustls::pki_types::pem::PemObject;
use async_nats::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use async_nats::rustls::sign::CertifiedKey;
use async_nats::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::error::Fault;

/// What the options say of encryption.
#[derive(Clone, Default)]
pub(crate) struct Tls {
    pub required: bool,
    /// PEM files; where there is none, whom the operating system trusts.
    pub roots: Vec<PathBuf>,
    /// PEM files of a certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// Says it to the driver. Files that can't be read are told now, and not by each attempt to connect.
    pub(crate) fn tell(&self, options: ConnectOptions) -> Result<ConnectOptions, Fault> {
        let trust = Trust::new(self.roots.clone());
        if !self.roots.is_empty() {
            trust.roots().map_err(|_| Fault::Certificate)?;
        }
        let provider = Arc::clone(&trust.provider);
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| Fault::Certificate)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust));
        let config = match &self.client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let own = Own {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    provider,
                };
                own.read().map_err(|_| Fault::Certificate)?;
                config.with_client_cert_resolver(Arc::new(own))
            }
        };
        // Whether a server asks for encryption is known when it answers.
        let options = options.tls_client_config(config);
        Ok(if self.required {
            options.require_tls(true)
        } else {
            options
        })
    }
}

/// Judges the server's certificate as rustls does, by roots that are read when there is one to judge: most connections to
/// a server nearby aren't encrypted, and reading all that a system trusts takes longer than they do.
#[derive(Debug)]
struct Trust {
    files: Vec<PathBuf>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    fn new(files: Vec<PathBuf>) -> Self {
        Self {
            files,
            provider: Arc::new(ring::default_provider()),
        }
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        if self.files.is_empty() {
            // What can't be read vouches for nobody.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        for file in &self.files {
            for certificate in certificates(file)? {
                roots.add(certificate)?;
            }
        }
        if roots.is_empty() {
            return Err(CertificateError::UnknownIssuer.into());
        }
        Ok(roots)
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (roots, provider) = (Arc::new(self.roots()?), Arc::clone(&self.provider));
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|_| CertificateError::UnknownIssuer)?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// The certificate that we show.
#[derive(Debug)]
struct Own {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
}

impl Own {
    fn read(&self) -> Result<CertifiedKey, Error> {
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(unreadable)?;
        CertifiedKey::from_der(certificates(&self.certificate)?, key, &self.provider)
    }
}

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // One that is being replaced isn't shown; the server refuses us, and we come again.
        self.read().ok().map(Arc::new)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The certificates of a PEM file, of which there is one at least.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if all.is_empty() {
        return Err(Error::NoCertificatesPresented);
    }
    Ok(all)
}

fn unreadable<E>(_: E) -> Error {
    Error::General("a PEM file can't be read".into())
}
