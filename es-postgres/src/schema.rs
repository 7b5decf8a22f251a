//! The tables and the function, and bringing a database to them.

use es_core::{Position, StoreError};
use tokio_postgres::{Client, GenericClient, IsolationLevel, Transaction};

use crate::error::{Fault, nothing_written};

/// "es" and a number: the first half of our advisory locks, to tell them from those of other programs.
const LOCK: i32 = 0x6573_0001;
/// The longest name that PostgreSQL doesn't cut off, in bytes.
const LONGEST_NAME: usize = 63;

/// The schema that holds a store, quoted for SQL.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    /// As an identifier: `"bank"`.
    identifier: String,
    /// As a string: `'bank'`.
    literal: String,
}

impl Schema {
    pub(crate) fn new(name: &str) -> Result<Self, Fault> {
        let right = (1..=LONGEST_NAME).contains(&name.len())
            && !name.contains('\0')
            && !name.starts_with("pg_");
        if !right {
            return Err(Fault::SchemaName);
        }
        Ok(Self {
            identifier: format!("\"{}\"", name.replace('"', "\"\"")),
            literal: literal(name),
        })
    }

    /// As it stands before the name of a table.
    pub(crate) fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The expression for the channel on which appends are told: short enough, and one for each schema of the database.
    pub(crate) fn channel(&self) -> String {
        format!("'es_' || md5({})", self.literal)
    }

    /// Each brings the schema one version further; they are never changed, only added to.
    fn migrations(&self) -> [String; 3] {
        let schema = &self.identifier;
        let body = format!(
            include_str!("sql/body.sql"),
            schema = schema,
            table = self.table(),
            lock = LOCK,
            channel = self.channel(),
        );
        let append = format!(
            include_str!("sql/append.sql"),
            schema = schema,
            body = literal(&body),
        );
        [
            format!(include_str!("sql/1.sql"), schema = schema),
            format!(include_str!("sql/2.sql"), schema = schema, append = append,),
            format!(include_str!("sql/3.sql"), schema = schema),
        ]
    }

    /// The statement that appends one event, if nobody else does meanwhile.
    pub(crate) fn append_lone(&self) -> String {
        format!(
            include_str!("sql/lone.sql"),
            schema = self.identifier,
            table = self.table(),
            lock = LOCK,
            channel = self.channel(),
        )
    }

    /// The table of events, as a string.
    fn table(&self) -> String {
        literal(&format!("{}.events", self.identifier))
    }

    /// Has the table refuse what isn't hashed from now on, whoever appends it.
    pub(crate) async fn make_tamper_evident(&self, client: &mut Client) -> Result<(), StoreError> {
        if self.is_tamper_evident(client).await? {
            return Ok(());
        }
        let mut transaction = self.locked(client).await?;
        // Another process may have done it meanwhile.
        if !self.is_tamper_evident(&mut transaction).await? {
            let script = format!(
                include_str!("sql/tamper_evident.sql"),
                lock = LOCK,
                table = self.table(),
                schema = self.identifier,
            );
            let done = transaction.batch_execute(&script).await;
            done.map_err(nothing_written)?;
        }
        transaction.commit().await.map_err(nothing_written)
    }

    pub(crate) async fn is_tamper_evident(
        &self,
        client: &mut impl GenericClient,
    ) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {}::regclass AND conname = 'events_are_hashed')",
            self.table()
        );
        let row = client.query_one(&sql, &[]).await;
        row.and_then(|row| row.try_get(0)).map_err(nothing_written)
    }

    /// From which position on events have a hash, as was noted when the log became tamper-evident.
    pub(crate) async fn hashed_from(
        &self,
        client: &impl GenericClient,
    ) -> Result<Option<Position>, StoreError> {
        if !self.holds(client, "tamper_evidence").await? {
            return Ok(None);
        }
        let sql = format!("SELECT since FROM {}.tamper_evidence", self.identifier);
        let row = client.query_opt(&sql, &[]).await.map_err(nothing_written)?;
        let since: Option<i64> = row
            .map(|row| row.try_get(0))
            .transpose()
            .map_err(nothing_written)?;
        Ok(since.map(|since| Position::new(since.try_into().unwrap_or_default())))
    }

    /// The statement that has others wait until the transaction ends that brings the schema up to date.
    pub(crate) fn lock(&self) -> String {
        format!(
            "SELECT pg_advisory_xact_lock({LOCK}, hashtext({}))",
            self.literal
        )
    }

    /// The statement that has appends wait until the transaction ends: the lock that they take themselves.
    pub(crate) fn append_lock(&self) -> String {
        let table = self.table();
        format!("SELECT pg_advisory_xact_lock({LOCK}, {table}::regclass::oid::integer)")
    }

    /// Whether a table of this name is there.
    pub(crate) async fn holds(
        &self,
        client: &impl GenericClient,
        table: &str,
    ) -> Result<bool, StoreError> {
        // From the catalogue as it is now: `to_regclass` may remember that there was none before we waited.
        let there = format!(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {})",
            self.literal,
            literal(table)
        );
        let row = client.query_one(&there, &[]).await;
        row.and_then(|row| row.try_get(0)).map_err(nothing_written)
    }

    /// Brings the database up to date; other processes that do the same wait.
    pub(crate) async fn prepare(&self, client: &mut Client) -> Result<(), StoreError> {
        let newer = |found, known| Fault::Newer { found, known };
        let table = "es_migrations";
        self.migrate(client, table, &self.migrations(), newer).await
    }

    /// Does those of the migrations that this table doesn't say were done; other processes that do the same wait.
    pub(crate) async fn migrate(
        &self,
        client: &mut Client,
        table: &str,
        migrations: &[String],
        newer: fn(i32, i32) -> Fault,
    ) -> Result<(), StoreError> {
        let known = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
        let checked = |found| {
            if found > known {
                return Err(newer(found, known));
            }
            Ok(found)
        };
        // What is up to date needs neither a lock nor the right to change it.
        if checked(self.version(client, table).await?)? == known {
            return Ok(());
        }
        let mut transaction = self.locked(client).await?;
        let done = checked(self.version(&mut transaction, table).await?)?;
        for (version, migration) in (1..).zip(migrations) {
            if version <= done {
                continue;
            }
            let script = format!(
                "{migration}
                CREATE TABLE IF NOT EXISTS {schema}.{table}
                    (version integer PRIMARY KEY, migrated_at timestamptz NOT NULL DEFAULT clock_timestamp());
                INSERT INTO {schema}.{table} (version) VALUES ({version});",
                schema = self.identifier
            );
            transaction
                .batch_execute(&script)
                .await
                .map_err(nothing_written)?;
        }
        transaction.commit().await.map_err(nothing_written)
    }

    /// A transaction that others wait for who bring the schema up to date.
    async fn locked<'c>(&self, client: &'c mut Client) -> Result<Transaction<'c>, StoreError> {
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::ReadCommitted)
            .start()
            .await
            .map_err(nothing_written)?;
        transaction
            .batch_execute(&self.lock())
            .await
            .map_err(nothing_written)?;
        Ok(transaction)
    }

    /// The version that this table says the schema has; 0 where there is nothing of ours.
    async fn version(
        &self,
        client: &mut impl GenericClient,
        table: &str,
    ) -> Result<i32, StoreError> {
        if !self.holds(client, table).await? {
            return Ok(0);
        }
        let version = format!(
            "SELECT coalesce(max(version), 0) FROM {}.{table}",
            self.identifier
        );
        let row = client
            .query_one(&version, &[])
            .await
            .map_err(nothing_written)?;
        row.try_get(0).map_err(nothing_written)
    }
}

/// A string as SQL writes it, whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}
