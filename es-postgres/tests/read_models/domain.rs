//! What these tests project.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use es_core::{
    Append, Batch, Cause, Event, EventId, EventStore, Expected, Json, LogQuery, NewEvent, Position,
    Projection, Recorded, StoreError, StreamId,
};
use es_postgres::tokio_postgres::{Client, NoTls, Transaction};
use es_postgres::{Context, PostgresHandler, PostgresOptions, PostgresReadModels, PostgresStore};
use es_servers::Postgres;
use serde::{Deserialize, Serialize};

const CHILD: &str = "ES_POSTGRES_MODELS_CHILD";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.counted", version = 2)]
pub(crate) struct Counted {
    #[event(since = 2, renamed_from = "n")]
    pub by: i64,
}

/// The sum of each stream. It refuses thirteens, until it is cured.
#[derive(Clone, Default, Projection)]
#[projection(name = "totals", version = 1, event = TotalsEvent)]
#[event(Counted)]
pub(crate) struct Totals {
    pub cured: Arc<AtomicBool>,
    pub at_99: At99,
}

/// What it does with a 99, to be met inside a transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum At99 {
    /// What it does with every number.
    #[default]
    Counts,
    /// It waits in the database for a lock that the test has, and counts then.
    WaitsAndCounts,
    /// It counts, and then waits for nothing.
    CountsAndSleeps,
}

/// Whether somebody waits for the lock of a test, which is its schema's.
pub(crate) const WAITS: &str = "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND classid = 24301 \
    AND objid = (hashtext(current_schema())::bigint & 4294967295)::oid AND NOT granted";

impl PostgresHandler for Totals {
    async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let tables = "CREATE TABLE totals (stream text PRIMARY KEY, total bigint NOT NULL, events bigint NOT NULL);
                      CREATE TABLE seen (position bigint);";
        Ok(transaction.batch_execute(tables).await?)
    }

    async fn handle(
        &mut self,
        event: Recorded<TotalsEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let TotalsEvent::Counted(Counted { by }) = &event.event;
        if *by == 99 && self.at_99 == At99::WaitsAndCounts {
            let wait =
                "SELECT FROM pg_advisory_xact_lock_shared(24301, hashtext(current_schema()))";
            context.execute(wait, &[]).await?;
        }
        let position = i64::try_from(context.position().number())?;
        let saw = context
            .prepare_cached("INSERT INTO seen VALUES ($1)")
            .await?;
        context.execute(&saw, &[&position]).await?;
        let upsert = "INSERT INTO totals AS t VALUES ($1, $2, 1) ON CONFLICT (stream) \
                      DO UPDATE SET total = t.total + excluded.total, events = t.events + 1";
        let upsert = context.prepare_cached(upsert).await?;
        context.execute(&upsert, &[&event.stream.id(), by]).await?;
        if *by == 13 && !self.cured.load(Ordering::SeqCst) {
            return Err("thirteen".into());
        }
        if *by == 99 && self.at_99 == At99::CountsAndSleeps {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

pub(crate) type Sums = BTreeMap<String, (i64, i64)>;

/// A schema of its own with a log and read models.
pub(crate) struct Bench {
    pub store: PostgresStore,
    place: Place,
    client: Client,
}

/// Where it is.
#[derive(Clone)]
pub(crate) struct Place {
    url: String,
    schema: String,
}

impl Place {
    /// In the server at this URL.
    pub(crate) fn of(url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = format!("models_{}_{number}", std::process::id());
        let more = if url.contains('?') { '&' } else { '?' };
        // So that the handlers' tables are there, too.
        let url = format!("{url}{more}options=-csearch_path%3D{schema}");
        Self { url, schema }
    }

    /// The one that this process's parent made, if it is a child, and what it is to do there.
    pub(crate) fn from_parent() -> Option<(Self, String)> {
        let told = std::env::var(CHILD).ok()?;
        let mut told = told.split('\n').map(str::to_owned);
        let (url, schema) = (told.next()?, told.next()?);
        Some((Self { url, schema }, told.next()?))
    }

    /// This process's test again, as a child that works here.
    pub(crate) fn child(&self, test: &str, task: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{}\n{}\n{task}", self.url, self.schema));
        command
    }

    fn options(&self) -> PostgresOptions {
        PostgresStore::options()
            .schema(self.schema.as_str())
            .application_name(self.schema.as_str())
            .connections(2)
            .connect_timeout(Duration::from_mins(1))
            .lock_timeout(Duration::from_mins(1))
            .statement_timeout(Duration::from_mins(2))
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        self.options().open(self.url.as_str()).await.unwrap()
    }

    pub(crate) async fn models(&self) -> PostgresReadModels {
        self.try_models().await.unwrap()
    }

    pub(crate) async fn try_models(&self) -> Result<PostgresReadModels, StoreError> {
        self.options().open_read_models(self.url.as_str()).await
    }

    pub(crate) async fn client(&self) -> Client {
        let connected = es_postgres::tokio_postgres::connect(&self.url, NoTls).await;
        let (client, connection) = connected.unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::new_with("").await
    }

    /// One in whose schema this was done before.
    pub(crate) async fn new_with(script: &str) -> Self {
        let place = Place::of(Postgres::shared().url());
        let script = format!("CREATE SCHEMA IF NOT EXISTS {}; {script}", place.schema);
        let before = place.client().await;
        before.batch_execute(&script).await.unwrap();
        // The library's tables are there from here on.
        place.models().await;
        Self {
            store: place.store().await,
            client: place.client().await,
            place,
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn models(&self) -> PostgresReadModels {
        self.place.models().await
    }

    /// Appends these numbers to a stream.
    pub(crate) async fn count(&self, stream: &str, numbers: &[i64]) -> Position {
        count(&self.store, stream, numbers).await
    }

    /// Everything after a position, as a runner would give it.
    pub(crate) async fn batch(&self, after: u64) -> Batch {
        let query = LogQuery::after(Position::new(after)).filter(Totals::filter());
        let page = self.store.read_log(query).await.unwrap();
        Batch::new(page.events, page.looked_to, page.end)
    }

    /// What the read model says.
    pub(crate) async fn sums(&self) -> Sums {
        let all = "SELECT stream, total, events FROM totals";
        let rows = self.client.query(all, &[]).await.unwrap();
        let row = |row: &es_postgres::tokio_postgres::Row| (row.get(0), (row.get(1), row.get(2)));
        rows.iter().map(row).collect()
    }

    /// What a plain fold of the whole log says.
    pub(crate) async fn folded(&self) -> Sums {
        let mut sums = Sums::new();
        for event in crate::support::log(&self.store).await {
            if &*event.name == "noise.made" {
                continue;
            }
            if let Some(TotalsEvent::Counted(Counted { by })) = event.decode().unwrap() {
                let sum = sums.entry(event.envelope.stream.id().to_owned());
                let (total, events) = sum.or_default();
                (*total, *events) = (*total + by, *events + 1);
            }
        }
        sums
    }

    /// The read model is a fold of the log, of which each event was taken in once.
    pub(crate) async fn is_exact(&self) {
        assert_eq!(self.sums().await, self.folded().await);
        let twice = "SELECT count(*) - count(DISTINCT position) FROM seen";
        assert_eq!(self.number(twice).await, 0);
    }

    /// Takes the lock for which a 99 waits.
    pub(crate) async fn lock(&self) {
        let lock = "SELECT FROM pg_advisory_lock(24301, hashtext(current_schema()))";
        self.client.execute(lock, &[]).await.unwrap();
    }

    pub(crate) async fn unlock(&self) {
        let unlock = "SELECT FROM pg_advisory_unlock(24301, hashtext(current_schema()))";
        self.client.execute(unlock, &[]).await.unwrap();
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// The place of the projection, as it is stored.
    pub(crate) async fn position(&self, version: i64) -> Option<i64> {
        let sql = "SELECT position FROM es_projections WHERE name = 'totals' AND version = $1";
        let row = self.client.query_opt(sql, &[&version]).await.unwrap();
        row.map(|row| row.get(0))
    }
}

pub(crate) async fn count(store: &impl EventStore, stream: &str, numbers: &[i64]) -> Position {
    let event = |by: &i64| {
        let payload = Json::parse(format!("{{\"by\":{by}}}")).unwrap();
        NewEvent::new(EventId::random(), "counter.counted", 2, payload)
    };
    append(store, stream, numbers.iter().map(event).collect()).await
}

pub(crate) async fn append(
    store: &impl EventStore,
    stream: &str,
    events: Vec<NewEvent>,
) -> Position {
    let stream = StreamId::new("counter", stream).unwrap();
    let append = Append::new(stream, Expected::Any, events);
    store.append(append).await.unwrap().position()
}

/// Waits for a fact; a test that is stuck says so.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(2), future).await;
    waited.expect("this should have come long ago")
}
