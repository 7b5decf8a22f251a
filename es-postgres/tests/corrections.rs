//! Read models in PostgreSQL that follow corrections: they are what the corrected history comes to, each correction once.

use std::time::Duration;

use es_core::{Cause, Entry, EventId, EventStore, Retried};
use es_postgres::tokio_postgres::{Client, NoTls, Transaction};
use es_postgres::{
    Context, PostgresHandler, PostgresOptions, PostgresProjection, PostgresReadModels,
    PostgresStore,
};
use es_servers::{Postgres, needs_postgres};
use months::{Change, Months, MonthsEvent, Totals, changes};

#[path = "../../es-testkit/tests/shared/months/mod.rs"]
mod months;

impl PostgresHandler for Months {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let tables = "CREATE TABLE months (account text, month bigint, cents bigint NOT NULL, entries bigint NOT NULL,
                                           PRIMARY KEY (account, month));
                      CREATE TABLE seen (position bigint PRIMARY KEY);";
        Ok(transaction.batch_execute(tables).await?)
    }

    async fn handle(
        &mut self,
        entry: Entry<MonthsEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        // What came twice would be refused here.
        let position = i64::try_from(context.position().number())?;
        let saw = context.prepare_cached("INSERT INTO seen VALUES ($1)");
        context.execute(&saw.await?, &[&position]).await?;
        let changes = changes(&entry);
        for Change {
            account,
            month,
            cents,
            entries,
        } in &changes
        {
            let add = context.prepare_cached(
                "INSERT INTO months AS m VALUES ($1, $2, $3, $4) ON CONFLICT (account, month) DO UPDATE SET \
                 cents = m.cents + excluded.cents, entries = m.entries + excluded.entries",
            );
            let row: [&(dyn es_postgres::tokio_postgres::types::ToSql + Sync); 4] =
                [account, month, cents, entries];
            context.execute(&add.await?, &row).await?;
        }
        if self.refuses(&changes) {
            return Err("thirteen".into());
        }
        Ok(())
    }
}

/// A schema of its own on the server that the tests share.
struct Database(Place);

struct Place {
    url: String,
    schema: String,
}

struct Models {
    client: Client,
    models: PostgresReadModels,
}

impl Place {
    async fn new() -> Self {
        let (url, schema) = (Postgres::shared().url(), EventId::random());
        let schema = format!("months_{}", schema.to_string().replace('-', ""));
        let (client, connection) = es_postgres::tokio_postgres::connect(url, NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        let create = format!("CREATE SCHEMA {schema}");
        client.batch_execute(&create).await.unwrap();
        let more = if url.contains('?') { '&' } else { '?' };
        // So that the handlers' tables are there, too.
        let url = format!("{url}{more}options=-csearch_path%3D{schema}");
        Self { url, schema }
    }

    fn options(&self) -> PostgresOptions {
        let patience = Duration::from_mins(1);
        PostgresStore::options()
            .schema(self.schema.as_str())
            .connections(2)
            .connect_timeout(patience)
            .lock_timeout(patience)
            .statement_timeout(patience)
    }

    async fn client(&self) -> Client {
        let connected = es_postgres::tokio_postgres::connect(&self.url, NoTls);
        let (client, connection) = connected.await.unwrap();
        tokio::spawn(connection);
        client
    }
}

async fn totals(client: &Client) -> Totals {
    let all = "SELECT account, month, cents, entries FROM months WHERE entries <> 0";
    let rows = client.query(all, &[]).await.unwrap();
    let row = |row: &es_postgres::tokio_postgres::Row| {
        ((row.get(0), row.get(1)), (row.get(2), row.get(3)))
    };
    rows.iter().map(row).collect()
}

impl months::Stage for Database {
    type Store = PostgresStore;
    type Models = Models;

    async fn new() -> Self {
        Self(Place::new().await)
    }

    async fn store(&self) -> PostgresStore {
        self.0.options().open(self.0.url.as_str()).await.unwrap()
    }

    async fn inline(&self, months: Months) -> PostgresStore {
        let options = self.0.options().inline(months);
        options.open(self.0.url.as_str()).await.unwrap()
    }

    async fn inline_totals(&self) -> Totals {
        totals(&self.0.client().await).await
    }

    async fn models(&self) -> Models {
        let place = Place::new().await;
        let models = place.options().open_read_models(place.url.as_str());
        Models {
            models: models.await.unwrap(),
            client: place.client().await,
        }
    }
}

impl months::Models for Models {
    type Projection = PostgresProjection<Months>;

    fn projection(&self, months: Months, lease: Duration) -> PostgresProjection<Months> {
        self.models.clone().lease(lease).projection(months)
    }

    /// In partitions by account.
    fn in_parts(&self, months: Months) -> PostgresProjection<Months> {
        self.models.projection(months).partitions(3)
    }

    async fn totals(&self) -> Totals {
        totals(&self.client).await
    }

    async fn seen(&self) -> Vec<u64> {
        let all = "SELECT position FROM seen ORDER BY position";
        let rows = self.client.query(all, &[]).await.unwrap();
        let position = |row: &es_postgres::tokio_postgres::Row| row.get::<_, i64>(0);
        rows.iter()
            .map(|row| position(row).try_into().unwrap())
            .collect()
    }

    async fn parked(&self) -> Vec<u64> {
        let parked = self.models.parked::<Months>().await.unwrap();
        parked.iter().map(|one| one.position.number()).collect()
    }

    async fn retry(&self, months: Months, store: &impl EventStore, key: &str) -> Retried {
        self.models.retry(months, store, key).await.unwrap()
    }
}

months::months!(needs_postgres, Database);
