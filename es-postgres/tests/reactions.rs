//! Processes that turn events into commands, on PostgreSQL: once in effect, whatever dies and whoever else runs.

use std::time::Duration;

use es_core::{EventId, StateStore};
use es_postgres::{PostgresOptions, PostgresStore};
use es_servers::{Postgres, needs_postgres};

#[path = "../../es-testkit/tests/shared/reactions/mod.rs"]
mod reactions;

/// A schema of its own on the server that the tests share.
struct Database {
    url: String,
    schema: String,
}

impl reactions::Stage for Database {
    type Store = PostgresStore;

    fn new() -> Self {
        Self {
            url: Postgres::shared().url().to_owned(),
            schema: format!("reactions-{}", EventId::random()),
        }
    }

    fn at(place: &str) -> Self {
        let (schema, url) = place.split_once(' ').unwrap();
        Self {
            url: url.to_owned(),
            schema: schema.to_owned(),
        }
    }

    fn place(&self) -> String {
        format!("{} {}", self.schema, self.url)
    }

    async fn store(&self) -> PostgresStore {
        self.options().open(&self.url).await.unwrap()
    }

    async fn states(&self) -> impl StateStore {
        let models = self.options().open_read_models(self.url.as_str());
        models.await.unwrap()
    }
}

impl Database {
    fn options(&self) -> PostgresOptions {
        // A machine that is busy with other things is no fault of the store.
        let patience = Duration::from_mins(1);
        PostgresStore::options()
            .schema(self.schema.as_str())
            .connections(2)
            .connect_timeout(patience)
            .lock_timeout(patience)
            .statement_timeout(patience)
    }
}

reactions::kills!(needs_postgres, Database);
