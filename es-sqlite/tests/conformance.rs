//! The laws of a store, as the SQLite store keeps them, and as it does where the log is tamper-evident.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use es_core::{AnyStore, BoxFuture, Cause, StoreError, Timestamp};
use es_sqlite::SqliteStore;
use es_testkit::FixedClock;
use es_testkit::conformance::{Profile, Subject, Tampering};
use tempfile::TempDir;

es_testkit::conformance!(Sqlite::fresh);

mod tamper_evident {
    es_testkit::conformance!(super::Sqlite::tamper_evident);
}

struct Sqlite {
    folder: TempDir,
    clock: Arc<FixedClock>,
    tamper_evident: bool,
}

impl Sqlite {
    fn fresh() -> Ready<Self> {
        ready(Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            clock: Arc::new(FixedClock::at(Timestamp::EPOCH)),
            tamper_evident: false,
        })
    }

    fn tamper_evident() -> Ready<Self> {
        ready(Self {
            tamper_evident: true,
            ..Self::fresh().into_inner()
        })
    }
}

impl Subject for Sqlite {
    fn profile(&self) -> Profile {
        Profile::new()
            .clock(&self.clock)
            .patience(Duration::from_mins(5))
    }

    /// Each handle has connections and threads of its own, like those of another process.
    fn handle(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
        Box::pin(async {
            // On a busy machine a disk can take seconds to sync, and the rows' own patience tells when a store hangs.
            let options = SqliteStore::options()
                .readers(2)
                .busy_timeout(Duration::from_mins(4))
                .clock(Arc::clone(&self.clock));
            let options = if self.tamper_evident {
                options.tamper_evident()
            } else {
                options
            };
            options
                .open(self.folder.path().join("log.db"))
                .await
                .map(AnyStore::new)
        })
    }

    fn tamper(&self, tampering: Tampering) -> BoxFuture<'_, Option<Result<(), Cause>>> {
        Box::pin(async move {
            let sql = match tampering {
                Tampering::Change => "UPDATE events SET payload = '{}'",
                _ => "DELETE FROM events",
            };
            let path = self.folder.path().join("log.db");
            let done =
                rusqlite::Connection::open(path).and_then(|connection| connection.execute(sql, []));
            Some(done.map(drop).map_err(Into::into))
        })
    }
}
