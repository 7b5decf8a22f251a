//! Read models in SQLite that follow corrections: they are what the corrected history comes to, each correction once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use es_core::{Cause, Entry, EventStore, Retried};
use es_sqlite::{
    Context, Durability, SqliteHandler, SqliteProjection, SqliteReadModels, SqliteStore,
};
use months::{Change, Months, MonthsEvent, Totals, changes};
use rusqlite::{Connection, Transaction};

#[path = "../../es-testkit/tests/shared/months/mod.rs"]
mod months;

impl SqliteHandler for Months {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        transaction.execute_batch(
            "CREATE TABLE months (account TEXT, month INTEGER, cents INTEGER NOT NULL, entries INTEGER NOT NULL,
                                  PRIMARY KEY (account, month));
             CREATE TABLE seen (position INTEGER PRIMARY KEY);",
        )?;
        Ok(())
    }

    fn handle(&mut self, entry: Entry<MonthsEvent>, context: &Context<'_>) -> Result<(), Cause> {
        // What came twice would be refused here.
        let position = i64::try_from(context.position().number())?;
        context.execute("INSERT INTO seen VALUES (?1)", [position])?;
        let changes = changes(&entry);
        for Change {
            account,
            month,
            cents,
            entries,
        } in &changes
        {
            let mut add = context.prepare_cached(
                "INSERT INTO months VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET \
                 cents = cents + excluded.cents, entries = entries + excluded.entries",
            )?;
            add.execute((account, month, cents, entries))?;
        }
        if self.refuses(&changes) {
            return Err("thirteen".into());
        }
        Ok(())
    }
}

/// A folder with a log and the files of read models.
struct Files(tempfile::TempDir, AtomicU32);

struct Models {
    file: PathBuf,
    models: SqliteReadModels,
}

fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_mins(1)).unwrap();
    connection
}

fn totals(file: &Path) -> Totals {
    let connection = open(file);
    let mut all = connection
        .prepare("SELECT account, month, cents, entries FROM months WHERE entries <> 0")
        .unwrap();
    let rows = all.query_map([], |row| {
        Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

impl months::Stage for Files {
    type Store = SqliteStore;
    type Models = Models;

    async fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), AtomicU32::new(0))
    }

    async fn store(&self) -> SqliteStore {
        let options = SqliteStore::options().durability(Durability::Normal);
        options.open(self.0.path().join("log.db")).await.unwrap()
    }

    async fn inline(&self, months: Months) -> SqliteStore {
        let options = SqliteStore::options().durability(Durability::Normal);
        let options = options.inline(months);
        options.open(self.0.path().join("log.db")).await.unwrap()
    }

    async fn inline_totals(&self) -> Totals {
        totals(&self.0.path().join("log.db"))
    }

    async fn models(&self) -> Models {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        let file = self.0.path().join(format!("models{number}.db"));
        let models = SqliteReadModels::open(&file).await.unwrap();
        Models { file, models }
    }
}

impl months::Models for Models {
    type Projection = SqliteProjection<Months>;

    fn projection(&self, months: Months, lease: Duration) -> SqliteProjection<Months> {
        self.models.clone().lease(lease).projection(months)
    }

    /// A file has one writer at a time.
    fn in_parts(&self, months: Months) -> SqliteProjection<Months> {
        self.models.projection(months)
    }

    async fn totals(&self) -> Totals {
        totals(&self.file)
    }

    async fn seen(&self) -> Vec<u64> {
        let connection = open(&self.file);
        let mut all = connection
            .prepare("SELECT position FROM seen ORDER BY position")
            .unwrap();
        let rows = all.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        rows.map(|row| row.unwrap().try_into().unwrap()).collect()
    }

    async fn parked(&self) -> Vec<u64> {
        let parked = self.models.parked::<Months>().await.unwrap();
        parked.iter().map(|one| one.position.number()).collect()
    }

    async fn retry(&self, months: Months, store: &impl EventStore, key: &str) -> Retried {
        self.models.retry(months, store, key).await.unwrap()
    }
}

/// SQLite is always there.
macro_rules! needs_nothing {
    ($($test:item)*) => { $($test)* };
}

months::months!(needs_nothing, Files);
