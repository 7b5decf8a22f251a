//! The laws of a store, as the PostgreSQL store keeps them, and as it does where the log is tamper-evident.

mod support;

use std::future::{Ready, ready};

use es_core::{AnyStore, BoxFuture, Cause, StoreError};
use es_testkit::conformance::{Declared, Profile, Subject, Tampering};
use support::Database;

es_testkit::conformance!(Postgres::fresh, es_servers::needs_postgres);

mod tamper_evident {
    es_testkit::conformance!(super::Postgres::tamper_evident, es_servers::needs_postgres);
}

/// A schema of its own in the server that this process's tests share.
struct Postgres {
    database: Database,
    tamper_evident: bool,
}

impl Postgres {
    fn fresh() -> Ready<Self> {
        ready(Self {
            database: Database::shared(),
            tamper_evident: false,
        })
    }

    fn tamper_evident() -> Ready<Self> {
        ready(Self {
            database: Database::shared(),
            tamper_evident: true,
        })
    }
}

impl Subject for Postgres {
    /// Record time is the server's, so that it is one clock for all processes.
    fn profile(&self) -> Profile {
        Profile::new()
            .declares(Declared::OwnClock)
            .patience(std::time::Duration::from_mins(5))
    }

    /// Each handle has connections and a thread of its own, like those of another process.
    fn handle(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
        Box::pin(async {
            let options = self.database.options();
            let options = if self.tamper_evident {
                options.tamper_evident()
            } else {
                options
            };
            options.open(self.database.url()).await.map(AnyStore::new)
        })
    }

    fn tamper(&self, tampering: Tampering) -> BoxFuture<'_, Option<Result<(), Cause>>> {
        Box::pin(async move {
            let schema = self.database.schema();
            let sql = match tampering {
                Tampering::Change => format!("UPDATE {schema}.events SET payload = '{{}}'"),
                _ => format!("DELETE FROM {schema}.events"),
            };
            let done = self.database.client().await.execute(&sql, &[]).await;
            Some(done.map(drop).map_err(Into::into))
        })
    }
}
