//! Connecting, encrypted or not.

use es_core::StoreError;
use tokio_postgres::{Client, Config, Connection};

use crate::PostgresOptions;
use crate::error::nothing_written;

#[cfg(feature = "tls")]
pub(crate) use encrypted::{Roots, Socket, connect};
#[cfg(not(feature = "tls"))]
pub(crate) use plain::{Socket, connect};

type Connected = (Client, Connection<tokio_postgres::Socket, Socket>);

#[cfg(feature = "tls")]
mod encrypted {
    use std::sync::Arc;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, RootCertStore};
    use tokio_postgres::config::SslMode;
    use tokio_postgres::tls::MakeTlsConnect;
    use tokio_postgres_rustls::MakeRustlsConnect;

    use super::{Config, Connected, PostgresOptions, StoreError, nothing_written};
    use crate::error::Fault;

    pub(crate) type Socket = <MakeRustlsConnect as MakeTlsConnect<tokio_postgres::Socket>>::Stream;

    /// Who vouches for the server.
    #[derive(Clone, Default)]
    pub(crate) enum Roots {
        /// Whom the operating system trusts.
        #[default]
        System,
        /// These, as PEM.
        These(Arc<[u8]>),
    }

    impl Roots {
        fn store(&self) -> Result<RootCertStore, Fault> {
            let mut store = RootCertStore::empty();
            match self {
                Self::System => {
                    let found = rustls_native_certs::load_native_certs();
                    store.add_parsable_certificates(found.certs);
                    if let (true, Some(error)) = (store.is_empty(), found.errors.into_iter().next())
                    {
                        return Err(Fault::Roots(error.into()));
                    }
                }
                Self::These(pem) => {
                    for certificate in CertificateDer::pem_slice_iter(pem) {
                        let certificate =
                            certificate.map_err(|error| Fault::Roots(error.into()))?;
                        store
                            .add(certificate)
                            .map_err(|error| Fault::Roots(error.into()))?;
                    }
                }
            }
            if store.is_empty() {
                return Err(Fault::Roots("there is none".into()));
            }
            Ok(store)
        }
    }

    pub(crate) async fn connect(
        config: &Config,
        options: &PostgresOptions,
    ) -> Result<Connected, StoreError> {
        // Who doesn't ask for encryption gets none: tried first and given up, it would protect from nobody.
        let encrypted = config.get_ssl_mode() == SslMode::Require;
        let roots = if encrypted {
            options.roots.store()?
        } else {
            RootCertStore::empty()
        };
        let mut config = config.clone();
        if !encrypted {
            config.ssl_mode(SslMode::Disable);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::Roots(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connecting = config.connect(MakeRustlsConnect::new(tls));
        connecting.await.map_err(nothing_written)
    }
}

#[cfg(not(feature = "tls"))]
mod plain {
    use tokio_postgres::NoTls;
    use tokio_postgres::config::SslMode;
    use tokio_postgres::tls::NoTlsStream;

    use super::{Config, Connected, PostgresOptions, StoreError, nothing_written};
    use crate::error::Fault;

    pub(crate) type Socket = NoTlsStream;

    pub(crate) async fn connect(
        config: &Config,
        _: &PostgresOptions,
    ) -> Result<Connected, StoreError> {
        if config.get_ssl_mode() == SslMode::Require {
            return Err(Fault::NoTls.into());
        }
        config.connect(NoTls).await.map_err(nothing_written)
    }
}
