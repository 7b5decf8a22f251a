//! Whatever cryptography a program has in it: the store brings its own, and leaves the choice of the process's default to
//! the program. A process of its own, since that choice is made once.

mod support;

use async_nats::rustls::crypto::{CryptoProvider, ring};
use es_core::{Append, EventStore, Expected};
use es_nats::NatsStore;
use es_servers::Nats;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use support::{events, log, stream};

es_servers::needs_own_nats! {
    #[tokio::test]
    async fn a_store_neither_needs_nor_makes_a_default_of_the_process() {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (cert.pem(), signing_key.serialize_pem());
        let server = Nats::start_encrypted(&certificate, &key, Some(&certificate)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = [("own.crt", certificate), ("own.key", key)].map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        });
        let url = server.url().replace("nats://127.0.0.1", "tls://localhost");
        let open = || {
            let options = NatsStore::options().root_certificates(&certificate);
            options.client_certificate(&certificate, &key).open(&url)
        };
        let store = open().await.unwrap();
        store.append(Append::new(stream(1), Expected::NoStream, events(2))).await.unwrap();
        assert!(CryptoProvider::get_default().is_none());

        // Nor is one used that the program chose: this one can do nothing.
        let mut useless = ring::default_provider();
        useless.cipher_suites.clear();
        useless.install_default().unwrap();
        assert_eq!(log(&open().await.unwrap()).await.len(), 2);
    }
}
