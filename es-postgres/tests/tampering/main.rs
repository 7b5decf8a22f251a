//! Events that were edited behind the library's back, by somebody who may do anything to the database.

mod appends;
#[path = "../support/mod.rs"]
mod support;
#[path = "../../../es-testkit/tests/shared/tampering/mod.rs"]
mod tampering;

use es_core::{Digest, Timestamp};
use es_postgres::PostgresStore;
use es_postgres::tokio_postgres::Client;
use es_servers::needs_postgres;
use support::Database;

/// A schema, and a connection of its administrator's.
struct Postgres {
    store: PostgresStore,
    client: Client,
    _database: Database,
}

impl tampering::Database for Postgres {
    type Store = PostgresStore;

    const COLUMNS: &str = "id, name, version, effective_at, payload, metadata";
    const CHANGES: &[&str] = &[
        "payload = '{\"number\":99}'",
        "metadata = '{\"actor\":\"me\"}'",
        "effective_at = '2026-05-01T00:00:01Z'",
        "id = gen_random_uuid()",
        "name = 'task.renamed'",
        "version = 2",
        "hash = decode(repeat('00', 32), 'hex')",
        "hash = NULL",
    ];
    const FIRST: &str = "stream = 'task/0'";
    const SEALS: &str = "stream = 'es.seals/log'";
    const NEW_ID: &str = "gen_random_uuid()";
    const NO_HASH: &str = "decode(repeat('11', 32), 'hex')";
    const UNMARK: &str = "DROP TABLE tamper_evidence";

    async fn fresh() -> Self {
        let database = Database::shared();
        let opening = database.options().tamper_evident().open(database.url());
        let store = opening.await.unwrap();
        let client = database.client().await;
        let schema = format!("SET search_path = {}", database.schema());
        client.batch_execute(&schema).await.unwrap();
        Self {
            store,
            client,
            _database: database,
        }
    }

    async fn open(&self) -> PostgresStore {
        self.store.clone()
    }

    async fn edit(&self, sql: &str) {
        let free = "ALTER TABLE events DISABLE TRIGGER ALL; \
                    ALTER TABLE events DROP CONSTRAINT IF EXISTS events_are_hashed;";
        let sql = format!("{free} {sql}");
        self.client.batch_execute(&sql).await.unwrap();
    }

    fn insert(position: u64, revision: u64, hash: &str) -> String {
        format!(
            "INSERT INTO events (position, stream, revision, id, name, version, recorded_at, payload, hash) VALUES \
             ({position}, 'task/0', {revision}, gen_random_uuid(), 'task.numbered', 1, clock_timestamp(), '{{}}', {hash})"
        )
    }

    fn hash(hash: Digest) -> String {
        format!("decode('{hash}', 'hex')")
    }

    fn instant(instant: Timestamp) -> String {
        format!("'{instant}'")
    }
}

tampering::finds!(needs_postgres, Postgres);
