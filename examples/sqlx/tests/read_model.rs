//! The read model by sqlx is a fold of the log, of which each event was taken in once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use es_core::{
    Append, Batch, Begun, Cause, Consumer, Event, EventId, EventStore, Expected, FailureClass,
    Json, LogQuery, NewEvent, Position, Projection, Recorded, Runner, StreamId,
};
use es_memory::MemoryStore;
use es_servers::Postgres;
use es_sqlx_example::{SqlxHandler, SqlxProjection};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Row};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.counted")]
struct Counted {
    by: i64,
}

#[derive(Projection)]
#[projection(name = "totals", version = 1, event = TotalsEvent)]
#[event(Counted)]
struct Totals;

impl SqlxHandler for Totals {
    async fn create(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let table = "CREATE TABLE totals (stream text PRIMARY KEY, total bigint NOT NULL)";
        sqlx::query(table).execute(connection).await.map(drop)
    }

    async fn handle(
        &mut self,
        event: Recorded<TotalsEvent>,
        connection: &mut PgConnection,
    ) -> Result<(), Cause> {
        let TotalsEvent::Counted(Counted { by }) = event.event;
        let upsert = "INSERT INTO totals AS t VALUES ($1, $2) ON CONFLICT (stream)
            DO UPDATE SET total = t.total + excluded.total";
        let upsert = sqlx::query(upsert).bind(event.stream.id()).bind(by);
        upsert.execute(connection).await?;
        if by == 13 {
            return Err("thirteen".into());
        }
        Ok(())
    }

    async fn activate(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let view = "CREATE VIEW answer AS SELECT sum(total)::bigint AS total FROM totals";
        sqlx::query(view).execute(connection).await.map(drop)
    }
}

/// The same, negated, so that one can tell who answers.
#[derive(Projection)]
#[projection(name = "totals", version = 2, event = NegatedEvent)]
#[event(Counted)]
struct Negated;

impl SqlxHandler for Negated {
    async fn create(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let table = "CREATE TABLE negated (total bigint NOT NULL)";
        sqlx::query(table).execute(connection).await.map(drop)
    }

    async fn handle(
        &mut self,
        event: Recorded<NegatedEvent>,
        connection: &mut PgConnection,
    ) -> Result<(), Cause> {
        let NegatedEvent::Counted(Counted { by }) = event.event;
        let insert = sqlx::query("INSERT INTO negated VALUES ($1)").bind(-by);
        insert.execute(connection).await?;
        Ok(())
    }

    async fn activate(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let view =
            "CREATE OR REPLACE VIEW answer AS SELECT sum(total)::bigint AS total FROM negated";
        sqlx::query(view).execute(connection).await.map(drop)
    }
}

/// A schema of its own.
async fn pool() -> PgPool {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let schema = format!("sqlx_{}_{number}", std::process::id());
    let options: PgConnectOptions = Postgres::shared().url().parse().unwrap();
    let options = options.options([("search_path", schema.as_str())]);
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_with(options);
    let pool = pool.await.unwrap();
    let create = format!("CREATE SCHEMA {schema}");
    sqlx::query(sqlx::AssertSqlSafe(create))
        .execute(&pool)
        .await
        .unwrap();
    pool
}

async fn count(store: &MemoryStore, stream: &str, numbers: &[i64]) -> Position {
    let event = |by: &i64| {
        let payload = Json::parse(format!("{{\"by\":{by}}}")).unwrap();
        NewEvent::new(EventId::random(), "counter.counted", 1, payload)
    };
    let stream = StreamId::new("counter", stream).unwrap();
    let append = Append::new(stream, Expected::Any, numbers.iter().map(event).collect());
    store.append(append).await.unwrap().position()
}

/// Everything after a position, as a runner would give it.
async fn batch(store: &MemoryStore, after: u64) -> Batch {
    let page = store
        .read_log(LogQuery::after(Position::new(after)))
        .await
        .unwrap();
    Batch::new(page.events, page.looked_to, page.end)
}

async fn answer(pool: &PgPool) -> i64 {
    let row = sqlx::query("SELECT total FROM answer")
        .fetch_one(pool)
        .await
        .unwrap();
    row.try_get::<Option<i64>, _>(0)
        .unwrap()
        .unwrap_or_default()
}

async fn position(pool: &PgPool) -> i64 {
    let position = "SELECT position FROM projections ORDER BY version DESC";
    sqlx::query(position).fetch_one(pool).await.unwrap().get(0)
}

async fn projection<H: SqlxHandler>(
    pool: &PgPool,
    handler: H,
    lease: Duration,
) -> SqlxProjection<H> {
    SqlxProjection::new(pool.clone(), handler, lease)
        .await
        .unwrap()
}

const LONG: Duration = Duration::from_mins(1);

es_servers::needs_postgres! {
    #[tokio::test]
    async fn a_read_model_follows_its_log() {
        let (pool, store) = (pool().await, MemoryStore::new());
        count(&store, "a", &[1, 2, 3]).await;
        let runner = Runner::new(store.clone(), projection(&pool, Totals, LONG).await);
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        let head = count(&store, "b", &[4, 5]).await;
        handle.wait_for(head).await.unwrap();
        assert_eq!((answer(&pool).await, position(&pool).await), (15, 5));
        handle.shutdown().await;
        running.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_batch_is_taken_in_whole_or_not_at_all() {
        let (pool, store) = (pool().await, MemoryStore::new());
        count(&store, "a", &[1, 2, 13]).await;
        let mut totals = projection(&pool, Totals, LONG).await;
        totals.begin().await.unwrap();
        let refusal = totals.consume(&batch(&store, 0).await).await.unwrap_err();
        assert_eq!(refusal.failure.position(), Some(Position::new(3)));
        assert_eq!((answer(&pool).await, position(&pool).await), (0, 0));
    }

    #[tokio::test]
    async fn a_commit_of_one_that_was_held_up_is_refused_whole() {
        let (pool, store) = (pool().await, MemoryStore::new());
        count(&store, "a", &[1, 2]).await;
        let mut one = projection(&pool, Totals, Duration::ZERO).await;
        one.begin().await.unwrap();
        one.consume(&batch(&store, 0).await).await.unwrap();
        let mut other = projection(&pool, Totals, Duration::ZERO).await;
        assert!(matches!(other.begin().await.unwrap(), Begun::At(_)));
        count(&store, "a", &[3]).await;
        let more = batch(&store, 2).await;
        let refusal = one.consume(&more).await.unwrap_err();
        assert_eq!(refusal.failure.class(), FailureClass::Fenced);
        assert_eq!((answer(&pool).await, position(&pool).await), (3, 2));
        other.consume(&more).await.unwrap();
        assert_eq!((answer(&pool).await, position(&pool).await), (6, 3));
    }

    #[tokio::test]
    async fn a_new_version_is_built_beside_the_old_and_takes_its_place() {
        let (pool, store) = (pool().await, MemoryStore::new());
        count(&store, "a", &[1, 2]).await;
        let mut old = projection(&pool, Totals, LONG).await;
        old.begin().await.unwrap();
        old.consume(&batch(&store, 0).await).await.unwrap();
        let mut new = projection(&pool, Negated, LONG).await;
        new.begin().await.unwrap();
        let mut part = batch(&store, 0).await;
        part.events = part.events[..1].into();
        (part.looked_to, part.caught_up) = (Position::new(1), false);
        new.consume(&part).await.unwrap();
        assert_eq!(answer(&pool).await, 3);
        count(&store, "a", &[4]).await;
        new.consume(&batch(&store, 1).await).await.unwrap();
        assert_eq!(answer(&pool).await, -7);
        let refusal = old.consume(&batch(&store, 2).await).await.unwrap_err();
        assert_eq!(refusal.failure.class(), FailureClass::Fenced);
        assert!(matches!(old.begin().await.unwrap(), Begun::Held { .. }));
    }
}
