//! Having a database require projections.

use es_core::{Position, StoreError, StoredEvent};
use tokio_postgres::{IsolationLevel, Transaction};

use super::{Inline, refused};
use crate::PostgresOptions;
use crate::error::{Fault, nothing_written, run};
use crate::row::{EVENT_COLUMNS, Memory, signed};
use crate::schema::Schema;
use crate::session::{Session, milliseconds};
use crate::statements::Statements;

/// How many events are read at once while a projection is made of the log.
const PAGE: i64 = 1_000;

/// Has the database require what the options say, and no longer what they don't want. All of it or nothing.
pub(crate) async fn register(options: &PostgresOptions, schema: &Schema) -> Result<(), StoreError> {
    if options.inline.is_empty() && options.not_inline.is_empty() {
        return Ok(());
    }
    let mut session = Session::connect(options, Box::new(|_| ())).await?;
    let building = session.client.build_transaction();
    let building = building.isolation_level(IsolationLevel::ReadCommitted);
    let transaction = building.start().await.map_err(nothing_written)?;
    let timeout = milliseconds(options.lock_timeout);
    run(&transaction, &format!("SET LOCAL lock_timeout = {timeout}")).await?;
    run(&transaction, &schema.lock()).await?;
    // Until the commit nobody appends.
    run(&transaction, &schema.append_lock()).await?;
    if !schema.holds(&transaction, "inline_projections").await? {
        let script = format!(
            include_str!("../sql/inline.sql"),
            schema = schema.identifier()
        );
        run(&transaction, &script).await?;
    }
    let forget = format!(
        "DELETE FROM {}.inline_projections WHERE name = ANY ($1)",
        schema.identifier()
    );
    let forgotten = transaction.execute(&forget, &[&options.not_inline]).await;
    forgotten.map_err(nothing_written)?;
    for inline in &options.inline.0 {
        inline.register(&transaction, schema).await?;
    }
    transaction.commit().await.map_err(nothing_written)
}

impl Inline {
    /// Makes it of the log, where it is new or of a higher version, and has it required from then on.
    async fn register(&self, on: &Transaction<'_>, schema: &Schema) -> Result<(), StoreError> {
        let table = format!("{}.inline_projections", schema.identifier());
        let known = format!("SELECT version FROM {table} WHERE name = $1");
        let known = on.query_opt(&known, &[&self.name]).await;
        let known = known.and_then(|row| row.map(|row| row.try_get(0)).transpose());
        let version = i64::from(self.version);
        match known.map_err(nothing_written)? {
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
        self.make(on, schema).await?;
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
        let required = on.execute(&require, &[&self.name, &version]).await;
        required.map(drop).map_err(nothing_written)
    }

    /// Has the handler take in what is in the log.
    async fn make(&self, on: &Transaction<'_>, schema: &Schema) -> Result<(), StoreError> {
        let page = format!(
            "SELECT {EVENT_COLUMNS} FROM {}.events WHERE position > $1 ORDER BY position LIMIT {PAGE}",
            schema.identifier()
        );
        let page = on.prepare(&page).await.map_err(nothing_written)?;
        let (mut memory, statements) = (Memory::new(), Statements::default());
        let mut after = Position::START;
        loop {
            let rows = on.query(&page, &[&signed(after.number())]).await;
            let rows = rows.map_err(nothing_written)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = memory.event(last)?.position;
            for row in &rows {
                let event = memory.event(row)?;
                if self.wants(&event) {
                    let mut handler = self.handler.lock().await;
                    handler.handle(on, &statements, &event, true).await?;
                }
            }
        }
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        self.filter
            .passes(event.envelope.stream.category(), &event.name)
    }
}
