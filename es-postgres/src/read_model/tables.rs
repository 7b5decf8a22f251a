use std::sync::Arc;
use std::time::Duration;

use es_core::{Failure, StoreError};
use tokio::task::AbortHandle;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::fence::{database, unopened};
use super::sql::Sql;
use crate::PostgresOptions;
use crate::error::{Fault, nothing_written};
use crate::schema::Schema;
use crate::session::{Session, milliseconds};
use crate::statements::Statements;
use crate::thread::Thread;

/// A server isn't asked to end a session that is idle for less: handlers may have to think.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// What was done to the library's own tables in a database of read models.
const DONE: &str = "es_read_models";

/// Each brings the tables one version further; they are never changed, only added to. The first finds the tables there in a
/// database that is older than versions of them.
fn migrations(schema: &Schema) -> [String; 2] {
    let schema = schema.identifier();
    [
        format!(include_str!("../sql/read_models_1.sql"), schema = schema),
        format!(include_str!("../sql/read_models_2.sql"), schema = schema),
    ]
}

/// Brings the tables up to date; other processes that do the same wait.
pub(super) async fn prepare(options: &PostgresOptions, schema: &Schema) -> Result<(), StoreError> {
    let mut session = Session::connect(options, Box::new(|_| ())).await?;
    // A batch of an older program that is under way is waited for, but not for ever.
    let settings = format!(
        "SET client_min_messages = warning; SET lock_timeout = {};",
        milliseconds(options.lock_timeout)
    );
    let set = session.client.batch_execute(&settings).await;
    set.map_err(nothing_written)?;
    let newer = |found, known| Fault::NewerModels { found, known };
    let migrations = migrations(schema);
    let migrated = schema.migrate(&mut session.client, DONE, &migrations, newer);
    migrated.await
}

/// What all connections to a database of read models have in common.
pub(super) struct Shared {
    pub(super) options: PostgresOptions,
    pub(super) sql: Sql,
    pub(super) thread: Thread,
}

/// A database whose connection is opened when it is needed, and anew when it broke.
pub(super) struct Database {
    shared: Arc<Shared>,
    /// For how long the server lets a transaction be idle: what it locks holds up whoever takes over.
    idle: Duration,
    opened: Option<Opened>,
}

/// An open connection.
pub(super) struct Opened {
    session: Session,
}

impl Database {
    pub(super) fn new(shared: Arc<Shared>, lease: Duration) -> Self {
        Self {
            shared,
            idle: lease.max(SHORTEST_IDLE),
            opened: None,
        }
    }

    /// Another connection to it.
    pub(super) fn another(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            idle: self.idle,
            opened: None,
        }
    }

    /// What it has in common with others.
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) async fn opened(&mut self) -> Result<(&mut Opened, &Sql), Failure> {
        let opened = match self.opened.take().filter(Opened::is_open) {
            Some(opened) => opened,
            None => self.open().await.map_err(unopened)?,
        };
        Ok((self.opened.insert(opened), &self.shared.sql))
    }

    async fn open(&self) -> Result<Opened, StoreError> {
        let (shared, idle) = (Arc::clone(&self.shared), self.idle);
        let opening = async move {
            let session = Session::connect(&shared.options, Box::new(|_| ())).await?;
            let settings = format!(
                "SET default_transaction_isolation = 'read committed'; SET lock_timeout = {}; \
                 SET idle_in_transaction_session_timeout = {}; SET client_min_messages = warning;",
                milliseconds(shared.options.lock_timeout),
                milliseconds(idle),
            );
            let set = session.client.batch_execute(&settings).await;
            set.map_err(nothing_written)?;
            Ok(Opened { session })
        };
        self.shared.thread.run(opening).await
    }
}

impl Opened {
    fn is_open(&self) -> bool {
        self.session.is_open()
    }

    /// What works for this connection, and ends with it.
    pub(super) fn driver(&self) -> AbortHandle {
        self.session.driver()
    }

    pub(super) fn client(&self) -> (&Client, &Statements) {
        (&self.session.client, &self.session.handlers)
    }

    /// In the only isolation level that sees what another process wrote meanwhile.
    pub(super) async fn begin(&mut self) -> Result<(Transaction<'_>, &Statements), Failure> {
        let building = self.session.client.build_transaction();
        let building = building.isolation_level(IsolationLevel::ReadCommitted);
        let transaction = building.start().await.map_err(database)?;
        Ok((transaction, &self.session.handlers))
    }
}
