//! Having a database require projections.

use std::time::Duration;

use es_core::{Position, StoreError, StoredEvent};
use futures_util::TryFutureExt;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::{Inline, Streams, refused};
use crate::PostgresOptions;
use crate::error::{Fault, nothing_written, run};
use crate::row::{EVENT_COLUMNS, Memory, signed};
use crate::schema::{Schema, literal};
use crate::session::{Session, milliseconds};
use crate::statements::Statements;
use crate::thread::in_time;

/// How many events are read at once while a projection is made of the log.
const PAGE: i64 = 1_000;

/// Has the database require what the options say, and no longer what they don't want. All of it or nothing.
///
/// Each answer is waited for as long as ever, but for those to a handler's `create` and `activate`: an index of all that is
/// there takes its time.
pub(crate) async fn register(options: &PostgresOptions, schema: &Schema) -> Result<(), StoreError> {
    if options.inline.is_empty() && options.not_inline.is_empty() {
        return Ok(());
    }
    let patience = options.patience().saturating_add(options.lock_timeout);
    let mut session = Session::connect(options, Box::new(|_| ())).await?;
    let beginning = begin(&mut session.client, options, schema);
    let transaction = in_time(patience, beginning).await?;
    // Until the commit nobody appends.
    let append_lock = schema.append_lock();
    in_time(patience, run(&transaction, &append_lock)).await?;
    in_time(patience, list(&transaction, options, schema)).await?;
    for inline in &options.inline.all {
        inline.register(&transaction, schema, patience).await?;
    }
    let committing = transaction.commit().map_err(nothing_written);
    in_time(patience, committing).await
}

/// Begins a transaction that others wait for who open a store here.
async fn begin<'c>(
    client: &'c mut Client,
    options: &PostgresOptions,
    schema: &Schema,
) -> Result<Transaction<'c>, StoreError> {
    let building = client.build_transaction();
    let building = building.isolation_level(IsolationLevel::ReadCommitted);
    let transaction = building.start().await.map_err(nothing_written)?;
    let timeout = milliseconds(options.lock_timeout);
    run(&transaction, &format!("SET LOCAL lock_timeout = {timeout}")).await?;
    run(&transaction, &schema.lock()).await?;
    Ok(transaction)
}

/// Makes the list of what is required, if there is none, and takes out what isn't wanted.
async fn list(
    on: &Transaction<'_>,
    options: &PostgresOptions,
    schema: &Schema,
) -> Result<(), StoreError> {
    if !schema.holds(on, "inline_projections").await? {
        let schema = schema.identifier();
        let body = format!(include_str!("../sql/inline_body.sql"), schema = schema);
        let script = format!(
            include_str!("../sql/inline.sql"),
            schema = schema,
            body = literal(&body)
        );
        run(on, &script).await?;
    }
    let forget = format!(
        "DELETE FROM {}.inline_projections WHERE name = ANY ($1)",
        schema.identifier()
    );
    let forgotten = on.execute(&forget, &[&options.not_inline]).await;
    forgotten.map(drop).map_err(nothing_written)
}

impl Inline {
    /// Makes it of the log, where it is new or of a higher version, and has it required from then on.
    async fn register(
        &self,
        on: &Transaction<'_>,
        schema: &Schema,
        patience: Duration,
    ) -> Result<(), StoreError> {
        let table = format!("{}.inline_projections", schema.identifier());
        let version = i64::from(self.version);
        match in_time(patience, self.required(on, &table)).await? {
            Some(found) if found == version => return Ok(()),
            Some(found) if found > version => {
                let (name, known) = (self.name.to_owned(), self.version);
                return Err(Fault::InlineNewer { name, found, known }.into());
            }
            _ => {}
        }
        self.handler
            .lock()
            .await
            .create(on)
            .await
            .map_err(refused)?;
        self.make(on, schema, patience).await?;
        self.handler
            .lock()
            .await
            .activate(on)
            .await
            .map_err(refused)?;
        let require = format!(
            "INSERT INTO {table} (name, version) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET version = excluded.version"
        );
        let require = async {
            let required = on.execute(&require, &[&self.name, &version]).await;
            required.map(drop).map_err(nothing_written)
        };
        in_time(patience, require).await
    }

    /// The version that the database requires, if it does.
    async fn required(&self, on: &Transaction<'_>, table: &str) -> Result<Option<i64>, StoreError> {
        let known = format!("SELECT version FROM {table} WHERE name = $1");
        let known = on.query_opt(&known, &[&self.name]).await;
        let known = known.and_then(|row| row.map(|row| row.try_get(0)).transpose());
        known.map_err(nothing_written)
    }

    /// Has the handler take in what is in the log.
    async fn make(
        &self,
        on: &Transaction<'_>,
        schema: &Schema,
        patience: Duration,
    ) -> Result<(), StoreError> {
        let page = format!(
            "SELECT {EVENT_COLUMNS} FROM {}.events WHERE position > $1 ORDER BY position LIMIT {PAGE}",
            schema.identifier()
        );
        let page = in_time(patience, on.prepare(&page).map_err(nothing_written)).await?;
        let (mut memory, statements) = (Memory::new(), Statements::default());
        let streams = Streams::new(schema);
        let mut after = Position::START;
        loop {
            let after_it = signed(after.number());
            let parameters: [&(dyn ToSql + Sync); 1] = [&after_it];
            let reading = on.query(&page, &parameters).map_err(nothing_written);
            let rows = in_time(patience, reading).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = memory.event(last)?.position;
            for row in &rows {
                let event = memory.event(row)?;
                if self.wants(&event) {
                    let mut handler = self.handler.lock().await;
                    let taking = handler.handle(on, &statements, &streams, &event, true);
                    in_time(patience, taking).await?;
                }
            }
        }
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        self.filter
            .passes(event.envelope.stream.category(), &event.name)
    }
}
