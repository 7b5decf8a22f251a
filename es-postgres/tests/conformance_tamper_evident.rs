//! The laws of a store, as the PostgreSQL store keeps them where the log is tamper-evident: its function is another one.

mod support;

use std::future::{Ready, ready};

use es_core::{AnyStore, BoxFuture, Cause, StoreError};
use es_testkit::conformance::{Declared, Profile, Subject, Tampering};
use support::Database;

es_testkit::conformance!(Postgres::fresh, es_servers::needs_postgres);

/// A schema of its own in the server that this process's tests share.
struct Postgres(Database);

impl Postgres {
    fn fresh() -> Ready<Self> {
        ready(Self(Database::shared()))
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
            let options = self.0.options().tamper_evident();
            options.open(self.0.url()).await.map(AnyStore::new)
        })
    }

    fn tamper(&self, tampering: Tampering) -> BoxFuture<'_, Option<Result<(), Cause>>> {
        Box::pin(async move {
            let schema = self.0.schema();
            let sql = match tampering {
                Tampering::Change => format!("UPDATE {schema}.events SET payload = '{{}}'"),
                _ => format!("DELETE FROM {schema}.events"),
            };
            let done = self.0.client().await.execute(&sql, &[]).await;
            Some(done.map(drop).map_err(Into::into))
        })
    }
}
