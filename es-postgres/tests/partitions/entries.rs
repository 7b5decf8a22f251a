//! What these tests project: each event as a row, in the order of its coming.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use es_core::{Cause, Partition, Projection, Recorded, Status};
use es_postgres::tokio_postgres::Transaction;
use es_postgres::{Context, PostgresHandler};

use crate::domain::{Bench, Counted, soon};

/// What all versions do alike.
#[derive(Clone, Default)]
pub(crate) struct Conduct {
    /// The number that is refused; none if it is 0.
    pub refuses: Arc<AtomicI64>,
    /// Whether a 99 waits in the database for a lock that the test has.
    pub waits: Arc<AtomicBool>,
}

impl Conduct {
    pub(crate) fn refusing(number: i64) -> Self {
        let conduct = Self::default();
        conduct.refuses.store(number, Ordering::SeqCst);
        conduct
    }

    async fn create(transaction: &Transaction<'_>, version: u32) -> Result<(), Cause> {
        let table = format!(
            "CREATE TABLE entries_{version} (id bigint GENERATED ALWAYS AS IDENTITY, stream text NOT NULL, \
             position bigint NOT NULL, replay boolean NOT NULL)"
        );
        Ok(transaction.batch_execute(&table).await?)
    }

    async fn activate(transaction: &Transaction<'_>, version: u32) -> Result<(), Cause> {
        let view = format!(
            "CREATE OR REPLACE VIEW entries AS SELECT {version} AS version, stream, position FROM entries_{version}"
        );
        Ok(transaction.batch_execute(&view).await?)
    }

    async fn handle(
        &self,
        (stream, by): (&str, i64),
        context: &Context<'_>,
        version: u32,
    ) -> Result<(), Cause> {
        if by == 99 && self.waits.load(Ordering::SeqCst) {
            let wait =
                "SELECT FROM pg_advisory_xact_lock_shared(24301, hashtext(current_schema()))";
            context.execute(wait, &[]).await?;
        }
        let insert =
            format!("INSERT INTO entries_{version} (stream, position, replay) VALUES ($1, $2, $3)");
        let insert = context.prepare_cached(&insert).await?;
        let position = i64::try_from(context.position().number())?;
        let replay = context.is_replay();
        context
            .execute(&insert, &[&stream, &position, &replay])
            .await?;
        if by == self.refuses.load(Ordering::SeqCst) {
            return Err("refused".into());
        }
        Ok(())
    }
}

macro_rules! versions {
    ($($name:ident $event:ident $version:literal),*) => {$(
        #[derive(Clone, Default, Projection)]
        #[projection(name = "entries", version = $version, event = $event)]
        #[event(Counted)]
        pub(crate) struct $name(pub Conduct);

        impl PostgresHandler for $name {
            async fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
                Conduct::create(transaction, $version).await
            }
            async fn handle(&mut self, event: Recorded<$event>, context: &Context<'_>) -> Result<(), Cause> {
                let $event::Counted(Counted { by }) = event.event;
                self.0.handle((event.stream.id(), by), context, $version).await
            }
            async fn activate(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
                Conduct::activate(transaction, $version).await
            }
        }
    )*};
}

versions! { First FirstEvent 1, Second SecondEvent 2, Third ThirdEvent 3 }

/// The data of a version holds each event of the log once, and those of a stream in the order of the log; and over all
/// versions each event had its effect once.
pub(crate) async fn is_exact(bench: &Bench, version: u32) {
    let log = crate::support::log(&bench.store).await;
    let all: Vec<i64> = log.iter().map(|event| at(event.position)).collect();
    let table = format!("SELECT position FROM entries_{version} ORDER BY position");
    assert_eq!(column(bench, &table).await, all);
    let disordered = format!(
        "SELECT count(*) FROM (SELECT position < lag(position) OVER (PARTITION BY stream ORDER BY id) AS back \
         FROM entries_{version}) AS steps WHERE back"
    );
    assert_eq!(bench.number(&disordered).await, 0);
    let effects: Vec<_> = (1..=version)
        .map(|version| format!("SELECT position FROM entries_{version} WHERE NOT replay"))
        .collect();
    let effects = format!("{} ORDER BY position", effects.join(" UNION ALL "));
    assert_eq!(column(bench, &effects).await, all);
}

fn at(position: es_core::Position) -> i64 {
    position.number().try_into().unwrap()
}

async fn column(bench: &Bench, sql: &str) -> Vec<i64> {
    let rows = bench.client().query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The rows of a version, in order: position, epoch and state.
pub(crate) async fn rows(bench: &Bench, version: i64) -> Vec<(i64, i64, String)> {
    let sql = "SELECT position, epoch, state FROM es_projections WHERE name = 'entries' AND version = $1 ORDER BY partition";
    let rows = bench.client().query(sql, &[&version]).await.unwrap();
    let row = |row: &es_postgres::tokio_postgres::Row| (row.get(0), row.get(1), row.get(2));
    rows.iter().map(row).collect()
}

/// A stream whose events are in this partition.
pub(crate) fn stream_in(partition: u32, count: u32) -> String {
    streams_in(partition, count).remove(0)
}

pub(crate) fn streams_in(partition: u32, count: u32) -> Vec<String> {
    let is_in =
        |stream: &String| Partition::of(&format!("counter/{stream}"), count).number() == partition;
    (0..100)
        .map(|number| number.to_string())
        .filter(is_in)
        .collect()
}

/// Waits until all of these partitions, by number, have this to say.
pub(crate) async fn until(
    handle: &es_core::RunnerHandle,
    partitions: &[u32],
    fact: impl Fn(&Status) -> bool,
) {
    soon(async {
        let all = || {
            let statuses = handle.partitions();
            let mut those = partitions.iter().map(|number| &statuses[*number as usize]);
            those.all(&fact)
        };
        while !all() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    })
    .await;
}
