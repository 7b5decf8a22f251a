//! Encrypted connections: the server has to prove who it is.
#![cfg(feature = "tls")]

mod support;

use es_core::{EventStore, StoreError};
use es_servers::{Postgres, needs_own_postgres};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use support::{Database, append, sound, told};

/// A certificate for this name, with its key.
fn certificate(name: &str) -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

needs_own_postgres! {
    #[tokio::test]
    async fn a_store_talks_encrypted_to_a_server_that_it_trusts_only() {
        let (trusted, key) = certificate("localhost");
        let server = Postgres::start_encrypted(&trusted, &key).unwrap();
        let database = Database::of(&server);
        let url = format!("{}?sslmode=require", database.url().replace("127.0.0.1", "localhost"));
        let options = database.options().root_certificates(&trusted);
        let store = options.clone().open(&url).await.unwrap();
        store.append(append(1, 3)).await.unwrap();
        assert_eq!(sound(&store).await.len(), 3);
        let encrypted = "SELECT count(*) FILTER (WHERE ssl) > 0 AND count(*) FILTER (WHERE NOT ssl) = 0 \
                         FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'es-postgres'";
        let client = database.client().await;
        assert!(client.query_one(encrypted, &[]).await.unwrap().get::<_, bool>(0));

        // Whom nobody vouches for, one who calls himself otherwise, and a root that is none.
        let (other, _) = certificate("localhost");
        let elsewhere = url.replace("localhost", "127.0.0.1");
        for (options, url) in [
            (database.options(), &url),
            (database.options().root_certificates(other), &url),
            (database.options().root_certificates("no certificate"), &url),
            (options, &elsewhere),
        ] {
            let refused = options.open(url).await.unwrap_err();
            assert!(
                matches!(refused, StoreError::Unavailable(_) | StoreError::Backend(_)),
                "{}",
                told(&refused)
            );
        }
    }

    #[tokio::test]
    async fn who_asks_for_encryption_is_never_served_without() {
        let server = Postgres::start().unwrap();
        let database = Database::of(&server);
        let url = format!("{}?sslmode=require", database.url());
        let (any, _) = certificate("127.0.0.1");
        let refused = database.options().root_certificates(any).open(url).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
}
