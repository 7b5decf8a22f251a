//! What these tests project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{
    Append, Batch, Cause, Event, EventId, EventStore, Expected, Json, LogQuery, NewEvent, Position,
    Projection, Recorded, StoredEvent, StreamId,
};
use es_sqlite::{Context, SqliteHandler, SqliteReadModels, SqliteStore};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

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
}

impl SqliteHandler for Totals {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        transaction.execute_batch(
            "CREATE TABLE totals (stream TEXT PRIMARY KEY, total INTEGER NOT NULL, events INTEGER NOT NULL);
             CREATE TABLE seen (position INTEGER PRIMARY KEY);",
        )?;
        Ok(())
    }

    fn handle(&mut self, event: Recorded<TotalsEvent>, context: &Context<'_>) -> Result<(), Cause> {
        let TotalsEvent::Counted(Counted { by }) = &event.event;
        let position = i64::try_from(context.position().number())?;
        // An event that came twice would be refused here.
        context
            .prepare_cached("INSERT INTO seen VALUES (?1)")?
            .execute([position])?;
        context
            .prepare_cached(
                "INSERT INTO totals VALUES (?1, ?2, 1) ON CONFLICT (stream) \
                 DO UPDATE SET total = total + excluded.total, events = events + 1",
            )?
            .execute((event.stream.id(), by))?;
        if *by == 13 && !self.cured.load(Ordering::SeqCst) {
            return Err("thirteen".into());
        }
        Ok(())
    }
}

pub(crate) type Sums = BTreeMap<String, (i64, i64)>;

/// A folder with a log and a database of read models.
pub(crate) struct Bench {
    pub folder: TempDir,
    pub store: SqliteStore,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("log.db")).await;
        let store = store.unwrap();
        Self { folder, store }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("models.db")
    }

    pub(crate) async fn models(&self) -> SqliteReadModels {
        SqliteReadModels::open(self.file()).await.unwrap()
    }

    /// Appends one number to a stream for each.
    pub(crate) async fn count(&self, stream: &str, numbers: &[i64]) -> Position {
        count(&self.store, stream, numbers).await
    }

    /// Everything after a position, as a runner would give it.
    pub(crate) async fn batch(&self, after: u64) -> Batch {
        let query = LogQuery::after(Position::new(after)).filter(Totals::filter());
        let page = self.store.read_log(query).await.unwrap();
        Batch::new(page.events, page.looked_to, page.end)
    }

    pub(crate) fn sums(&self) -> Sums {
        sums(&self.file())
    }

    pub(crate) async fn folded(&self) -> Sums {
        folded(&self.store).await
    }
}

pub(crate) async fn count(store: &SqliteStore, stream: &str, numbers: &[i64]) -> Position {
    let event = |by: &i64| {
        let payload = Json::parse(format!("{{\"by\":{by}}}")).unwrap();
        NewEvent::new(EventId::random(), "counter.counted", 2, payload)
    };
    append(store, stream, numbers.iter().map(event).collect()).await
}

pub(crate) async fn append(store: &SqliteStore, stream: &str, events: Vec<NewEvent>) -> Position {
    let stream = StreamId::new("counter", stream).unwrap();
    let append = Append::new(stream, Expected::Any, events);
    store.append(append).await.unwrap().position()
}

/// What the read model says.
pub(crate) fn sums(file: &Path) -> Sums {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    let mut statement = connection
        .prepare("SELECT stream, total, events FROM totals")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))));
    rows.unwrap().map(Result::unwrap).collect()
}

/// What a plain fold of the whole log says.
pub(crate) async fn folded(store: &SqliteStore) -> Sums {
    let mut sums = Sums::new();
    for event in all(store).await {
        if let Some(TotalsEvent::Counted(Counted { by })) = event.decode().unwrap() {
            let sum = sums.entry(event.envelope.stream.id().to_owned());
            let (total, events) = sum.or_default();
            (*total, *events) = (*total + by, *events + 1);
        }
    }
    sums
}

async fn all(store: &SqliteStore) -> Vec<StoredEvent> {
    let (mut events, mut after) = (Vec::new(), Position::START);
    loop {
        let query = LogQuery::after(after).filter(Totals::filter());
        let page = store.read_log(query).await.unwrap();
        events.extend(page.events);
        after = page.looked_to;
        if page.end {
            return events;
        }
    }
}

/// The place of the projection, as it is stored.
pub(crate) fn position(file: &Path, version: u32) -> Option<i64> {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    let sql = "SELECT position FROM es_projections WHERE name = 'totals' AND version = ?1";
    connection.query_row(sql, [version], |row| row.get(0)).ok()
}

/// Waits for a fact; a test that is stuck says so.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_mins(1), future).await;
    waited.expect("this should have come long ago")
}
