//! A connection with what every one of them needs: its settings, and the statements that it prepared.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use futures_util::future::try_join_all;
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Client, Connection, Statement};

use crate::PostgresOptions;
use crate::error::{Fault, nothing_written};
use crate::schema::Schema;
use crate::statements::Statements;
use crate::thread::in_time;
use crate::tls::Socket;

/// An open connection.
pub(crate) struct Session {
    pub client: Client,
    /// The statements of its kind, in its kind's order.
    pub statements: Arc<[Statement]>,
    /// Those that handlers had prepared here.
    pub handlers: Statements,
    connection: AbortHandle,
}

/// What the server tells without being asked.
pub(crate) type Notified = Box<dyn FnMut(&str) + Send>;

impl Session {
    /// Connects and prepares these statements. On the store's thread, where the connection then lives.
    pub(crate) async fn open(
        options: &PostgresOptions,
        statements: &[String],
        notified: Notified,
    ) -> Result<Self, StoreError> {
        let connecting = Self::connect(options, notified);
        // Large, and rare: what reads and finds a connection there doesn't carry it along.
        let opening = Box::pin(async {
            let mut session = connecting.await?;
            session.check(options).await?;
            let prepared = statements.iter().map(|sql| session.client.prepare(sql));
            session.statements = try_join_all(prepared)
                .await
                .map_err(nothing_written)?
                .into();
            Ok(session)
        });
        in_time(options.connect_timeout, opening).await
    }

    /// Connects without asking for a schema that is up to date.
    pub(crate) async fn connect(
        options: &PostgresOptions,
        notified: Notified,
    ) -> Result<Self, StoreError> {
        let config = options.config()?;
        // The driver's own time-out ends before a server is greeted.
        let connecting = Box::pin(crate::tls::connect(&config, options));
        let (client, connection) = in_time(options.connect_timeout, connecting).await?;
        let connection = tokio::spawn(drive(connection, notified)).abort_handle();
        Ok(Self {
            client,
            statements: Arc::new([]),
            handlers: Statements::default(),
            connection,
        })
    }

    /// Sets what a session needs, and refuses a server that would lose or change what it is given.
    pub(crate) async fn check(&self, options: &PostgresOptions) -> Result<(), StoreError> {
        // Every query of ours has its index, which a plan that was made while the table was empty wouldn't use.
        let mut settings = String::from(
            "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; \
             SET client_min_messages = warning; SET search_path = pg_catalog; SET jit = off; \
             SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan;",
        );
        for (name, timeout) in [
            ("statement_timeout", options.statement_timeout),
            ("lock_timeout", options.lock_timeout),
            (
                "idle_in_transaction_session_timeout",
                options.statement_timeout,
            ),
        ] {
            let _ = write!(settings, "SET {name} = {};", milliseconds(timeout));
        }
        self.client
            .batch_execute(&settings)
            .await
            .map_err(nothing_written)?;
        let row = self
            .client
            .query_one(
                "SELECT current_setting('fsync'), current_setting('server_encoding')",
                &[],
            )
            .await
            .map_err(nothing_written)?;
        let setting = |column| row.try_get::<_, String>(column).map_err(nothing_written);
        if setting(0)? != "on" {
            return Err(Fault::NoFsync.into());
        }
        match setting(1)? {
            encoding if encoding == "UTF8" => Ok(()),
            encoding => Err(Fault::Encoding(encoding).into()),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    /// What works for the connection, and ends with it.
    pub(crate) fn driver(&self) -> AbortHandle {
        self.connection.clone()
    }
}

impl Drop for Session {
    /// At once: an answer that nobody waits for is not read to its end.
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// As the server takes it; 0 would mean never.
pub(crate) fn milliseconds(timeout: Duration) -> u128 {
    timeout.as_millis().clamp(1, i32::MAX as u128)
}

async fn drive(mut connection: Connection<tokio_postgres::Socket, Socket>, mut notified: Notified) {
    loop {
        match std::future::poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(notification))) => notified(notification.payload()),
            Some(Ok(AsyncMessage::Notice(notice))) => {
                tracing::debug!(code = notice.code().code(), "the server noted something");
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                // Whoever uses the client is told, too.
                tracing::debug!(%error, "a connection broke");
                return;
            }
            None => return,
        }
    }
}

/// Connects to bring the database up to date. Whether its events are hashed.
pub(crate) async fn prepare(
    options: &PostgresOptions,
    schema: &Schema,
) -> Result<bool, StoreError> {
    let mut session = Session::connect(options, Box::new(|_| ())).await?;
    let patience = options.patience().saturating_add(options.lock_timeout);
    in_time(patience, session.check(options)).await?;
    in_time(patience, schema.prepare(&mut session.client)).await?;
    if options.tamper_evident {
        in_time(patience, schema.make_tamper_evident(&mut session.client)).await?;
    }
    in_time(patience, schema.is_tamper_evident(&mut session.client)).await
}
