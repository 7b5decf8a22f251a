//! The other side of the benchmarks: tokio-postgres with the store's columns, indexes and settings, and nothing around it.

#![allow(dead_code, reason = "each benchmark uses a part")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use es_core::EventId;
use es_postgres::tokio_postgres::types::ToSql;
use es_postgres::tokio_postgres::{self as driver, Client, NoTls, Statement};
use es_servers::Postgres;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// As `src/sql/1.sql` and `2.sql` make it, where nothing is hashed. The triggers cost an insert nothing and are left out.
const TABLE: &str = r#"
    DROP SCHEMA IF EXISTS bare CASCADE;
    CREATE SCHEMA bare;
    CREATE TABLE bare.events (
        position bigint PRIMARY KEY CHECK (position > 0),
        stream text COLLATE "C" NOT NULL CHECK (strpos(stream, '/') > 1),
        revision bigint NOT NULL CHECK (revision > 0),
        id uuid NOT NULL,
        name text COLLATE "C" NOT NULL CHECK (name <> ''),
        version bigint NOT NULL CHECK (version > 0),
        recorded_at timestamptz NOT NULL,
        effective_at timestamptz,
        payload text COLLATE "C" NOT NULL,
        metadata text COLLATE "C",
        hash bytea CHECK (octet_length(hash) = 32),
        UNIQUE (stream, revision),
        UNIQUE (stream, id)
    );
"#;

const INSERT: &str = "INSERT INTO bare.events VALUES ($1, $2, $3, $4, 'account.deposited', 1, clock_timestamp(), NULL, $5, NULL, NULL)";

const INSERT_MANY: &str = "INSERT INTO bare.events \
    SELECT i.position, i.stream, i.revision, i.id, 'account.deposited', 1, clock_timestamp(), NULL, i.payload, NULL, NULL \
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::text[]) AS i (position, stream, revision, id, payload)";

/// A server of this process's own, on the disk of the target folder, that syncs.
pub(crate) fn server() -> Postgres {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let settings = ["shared_buffers=256MB", "max_wal_size=4GB", "autovacuum=off"];
    Postgres::start_with(&settings, Some(folder)).expect("a server")
}

pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = driver::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// One append: its stream, the revision before it, and the payloads.
pub(crate) struct Job {
    pub stream: Arc<str>,
    pub revision: i64,
    pub payloads: Vec<String>,
}

/// A connection with its statements.
pub(crate) struct Bare {
    client: Client,
    insert: Statement,
    insert_many: Statement,
    position: Arc<AtomicI64>,
}

/// Makes the table anew.
pub(crate) async fn table(url: &str) -> Arc<AtomicI64> {
    let client = connect(url).await;
    client.batch_execute(TABLE).await.expect("the table");
    Arc::default()
}

impl Bare {
    pub(crate) async fn open(url: &str, position: &Arc<AtomicI64>) -> Self {
        let client = connect(url).await;
        let insert = client.prepare(INSERT).await.expect("a statement");
        let insert_many = client.prepare(INSERT_MANY).await.expect("a statement");
        let position = Arc::clone(position);
        Self {
            client,
            insert,
            insert_many,
            position,
        }
    }

    fn next_position(&self) -> i64 {
        self.position.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Inserts an append of one event, which commits by itself: one round trip.
    pub(crate) async fn insert(&self, job: &Job) {
        let parameters: [&(dyn ToSql + Sync); 5] = [
            &self.next_position(),
            &&*job.stream,
            &(job.revision + 1),
            &Uuid::from(EventId::random()),
            &job.payloads[0],
        ];
        let inserted = self.client.execute(&self.insert, &parameters).await;
        assert_eq!(inserted.expect("it is inserted"), 1);
    }

    /// Inserts all of these, which commit together: one round trip.
    pub(crate) async fn insert_many(&self, jobs: &[Job]) {
        let (mut positions, mut streams, mut revisions) = (Vec::new(), Vec::new(), Vec::new());
        let (mut ids, mut payloads) = (Vec::<Uuid>::new(), Vec::new());
        for job in jobs {
            for (revision, payload) in (job.revision + 1..).zip(&job.payloads) {
                positions.push(self.next_position());
                streams.push(&*job.stream);
                revisions.push(revision);
                ids.push(EventId::random().into());
                payloads.push(payload.as_str());
            }
        }
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&positions, &streams, &revisions, &ids, &payloads];
        let inserted = self.client.execute(&self.insert_many, &parameters).await;
        assert_eq!(inserted.expect("they are inserted"), positions.len() as u64);
    }

    /// A task that inserts together what waits, and answers each. As the store does, it lets those come who asked
    /// together before.
    pub(crate) fn group_commit(self) -> mpsc::Sender<(Job, oneshot::Sender<()>)> {
        let (queue, mut jobs) = mpsc::channel::<(Job, oneshot::Sender<()>)>(1_024);
        tokio::spawn(async move {
            let mut expected = 0;
            while let Some(first) = jobs.recv().await {
                let (mut seen, mut grown) = (jobs.len(), Instant::now());
                while seen + 1 < expected && grown.elapsed() < Duration::from_micros(30) {
                    tokio::task::yield_now().await;
                    std::thread::yield_now();
                    if jobs.len() > seen {
                        (seen, grown) = (jobs.len(), Instant::now());
                    }
                }
                let (mut batch, mut answers) = (vec![first.0], vec![first.1]);
                while let Ok((job, answer)) = jobs.try_recv() {
                    batch.push(job);
                    answers.push(answer);
                }
                expected = batch.len();
                self.insert_many(&batch).await;
                for answer in answers {
                    let _ = answer.send(());
                }
            }
        });
        queue
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
