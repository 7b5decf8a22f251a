//! Events that were edited behind the library's back, by somebody who may do anything to the database.

mod appends;
#[path = "../support/mod.rs"]
mod support;
#[path = "../../../es-testkit/tests/shared/tampering/mod.rs"]
mod tampering;

use std::path::PathBuf;

use es_core::{Digest, Timestamp};
use es_sqlite::{SqliteOptions, SqliteStore};
use es_testkit::FixedClock;
use rusqlite::Connection;
use tempfile::TempDir;

/// A file.
struct Sqlite {
    folder: TempDir,
}

fn options() -> SqliteOptions {
    let clock = FixedClock::at(Timestamp::EPOCH);
    SqliteStore::options().clock(clock).tamper_evident()
}

impl Sqlite {
    fn path(&self) -> PathBuf {
        self.folder.path().join("log.db")
    }
}

impl tampering::Database for Sqlite {
    type Store = SqliteStore;

    const COLUMNS: &str = "id, name, effective_at, payload, metadata";
    const CHANGES: &[&str] = &[
        "payload = '{\"number\":99}'",
        "metadata = '{\"actor\":\"me\"}'",
        "effective_at = 5",
        "id = x'00112233445566778899aabbccddeeff'",
        "name = (SELECT max(key) FROM names)",
        "hash = zeroblob(32)",
        "hash = NULL",
    ];
    const FIRST: &str = "stream = 1";
    const SEALS: &str = "stream = (SELECT key FROM streams WHERE category = 'es.seals')";
    const NEW_ID: &str = "randomblob(16)";
    const NO_HASH: &str = "randomblob(32)";
    const UNMARK: &str = "DELETE FROM tamper_evidence";

    async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Self { folder };
        let store = options().open(database.path()).await.unwrap();
        store.close().await.unwrap();
        database
    }

    async fn open(&self) -> SqliteStore {
        let clock = FixedClock::at(Timestamp::EPOCH);
        let options = SqliteStore::options().clock(clock);
        options.open(self.path()).await.unwrap()
    }

    async fn edit(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        let triggers = "DROP TRIGGER IF EXISTS events_are_never_changed; \
                        DROP TRIGGER IF EXISTS events_are_never_deleted; \
                        DROP TRIGGER IF EXISTS events_are_hashed;";
        connection
            .execute_batch(&format!("{triggers} {sql}"))
            .unwrap();
    }

    fn insert(position: u64, revision: u64, hash: &str) -> String {
        format!(
            "INSERT INTO events (position, stream, revision, id, name, recorded_at, payload, hash) VALUES ({position}, 1, \
             {revision}, randomblob(16), 1, 0, '{{}}', {hash})"
        )
    }

    fn hash(hash: Digest) -> String {
        format!("x'{hash}'")
    }

    fn instant(instant: Timestamp) -> String {
        instant.micros().to_string()
    }
}

/// SQLite is always there.
macro_rules! needs_nothing {
    ($($test:item)*) => { $($test)* };
}

tampering::finds!(needs_nothing, Sqlite);
