//! Encrypted connections: the server has to prove who it is, and may ask who we are.

mod support;

use std::path::PathBuf;
use std::time::Duration;

use es_core::{Append, EventStore, Expected, StoreError};
use es_nats::{NatsOptions, NatsStore};
use es_servers::Nats;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use support::{events, log, stream};
use tempfile::TempDir;

/// A certificate for this name, with its key.
fn certificate(name: &str) -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

fn bank() -> NatsOptions {
    NatsStore::options().name("bank")
}

/// The server by its name, which its certificate is for.
fn url(server: &Nats, scheme: &str) -> String {
    let (_, port) = server.url().rsplit_once(':').unwrap();
    format!("{scheme}://localhost:{port}")
}

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn keep(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

async fn is_refused(options: NatsOptions, url: &str, told: &str) {
    let refused = options.open(url).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    assert!(format!("{refused:?}").contains(told), "{refused:?}");
}

es_servers::needs_own_nats! {
    #[tokio::test]
    async fn a_store_talks_encrypted_to_a_server_that_it_trusts_only() {
        let (trusted, key) = certificate("localhost");
        let server = Nats::start_encrypted(&trusted, &key, None).unwrap();
        let files = Files::new();
        let roots = files.keep("trusted.crt", &trusted);
        for scheme in ["tls", "nats"] {
            let options = bank().root_certificates(&roots).require_tls();
            let store = options.open(url(&server, scheme)).await.unwrap();
            store.append(Append::new(stream(1), Expected::Any, events(2))).await.unwrap();
        }

        // Whom nobody vouches for, another with that name, and one who calls himself otherwise.
        let (other, _) = certificate("localhost");
        let other = files.keep("other.crt", &other);
        let (named, elsewhere) = (url(&server, "tls"), server.url().replace("nats:", "tls:"));
        is_refused(bank(), &named, "vouches").await;
        is_refused(bank().root_certificates(&other), &named, "vouches").await;
        is_refused(bank().root_certificates(&roots), &elsewhere, "vouches").await;
        is_refused(bank().root_certificates(files.0.path().join("none.crt")), &named, "Certificate").await;
        let empty = files.keep("empty.crt", "no certificate");
        is_refused(bank().root_certificates(&empty), &named, "Certificate").await;
        // A server that encrypts is never talked to in the open, whatever the address says.
        is_refused(bank(), &url(&server, "nats"), "vouches").await;

        let store = bank().root_certificates(&roots).open(&named).await.unwrap();
        assert_eq!(log(&store).await.len(), 4);
    }

    #[tokio::test]
    async fn who_shows_a_certificate_that_the_server_trusts_is_let_in() {
        let (trusted, key) = certificate("localhost");
        let (ada, adas_key) = certificate("ada");
        let server = Nats::start_encrypted(&trusted, &key, Some(&ada)).unwrap();
        let files = Files::new();
        let roots = files.keep("trusted.crt", &trusted);
        let bank = || bank().root_certificates(&roots);
        let url = url(&server, "tls");
        let shown = (files.keep("ada.crt", &ada), files.keep("ada.key", &adas_key));
        let store = bank().client_certificate(&shown.0, &shown.1).open(&url).await.unwrap();
        store.append(Append::new(stream(1), Expected::NoStream, events(2))).await.unwrap();

        // Nothing is shown, somebody else's certificate, and one whose key is another's. The server's refusal may be lost: it
        // comes when the connection is made, and closes it.
        let (eve, eves_key) = certificate("ada");
        let (eve, eves_key) = (files.keep("eve.crt", &eve), files.keep("eve.key", &eves_key));
        for options in [bank(), bank().client_certificate(&eve, &eves_key)] {
            let refused = options.open(&url).await.unwrap_err();
            assert!(
                matches!(refused, StoreError::Backend(_) | StoreError::Unavailable(_)),
                "{refused:?}"
            );
        }
        is_refused(bank().client_certificate(&shown.0, &eves_key), &url, "Certificate").await;
        assert_eq!(log(&store).await.len(), 2);
    }

    #[tokio::test]
    async fn a_certificate_that_is_renewed_while_the_store_is_open_is_shown_from_then_on() {
        let (trusted, key) = certificate("localhost");
        let (ada, adas_key) = certificate("ada");
        let (old, olds_key) = certificate("ada");
        let mut server = Nats::start_encrypted(&trusted, &key, Some(&ada)).unwrap();
        let files = Files::new();
        let roots = files.keep("trusted.crt", &trusted);
        let shown = (files.keep("ada.crt", &ada), files.keep("ada.key", &adas_key));
        let options = bank().root_certificates(&roots).timeout(Duration::from_secs(2));
        let options = options.client_certificate(&shown.0, &shown.1);
        let store = options.open(url(&server, "tls")).await.unwrap();
        store.append(Append::new(stream(1), Expected::NoStream, events(2))).await.unwrap();

        files.keep("ada.crt", &old);
        files.keep("ada.key", &olds_key);
        server.restart().unwrap();
        let append = Append::new(stream(2), Expected::NoStream, events(2));
        let refused = store.append(append.clone()).await.unwrap_err();
        // The first may have been on its way when the server ended.
        assert!(
            matches!(refused, StoreError::Unavailable(_) | StoreError::Unknown(_)),
            "{refused:?}"
        );
        files.keep("ada.crt", &ada);
        files.keep("ada.key", &adas_key);
        let renewed = async {
            while store.append(append.clone()).await.is_err() {}
        };
        tokio::time::timeout(Duration::from_mins(1), renewed).await.expect("let in again");
        assert_eq!(log(&store).await.len(), 4);
    }
}
