//! A read model in SQLite of a log that is kept elsewhere: equal to a fold of the log, however often its process is killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use account::{Account, MoneyDeposited};
use es_core::{
    AnyStore, Cause, EventId, EventStore, LogQuery, Position, Projection, Recorded, Repository,
    Runner,
};
use es_nats::NatsStore;
use es_postgres::PostgresStore;
use es_servers::{Nats, Postgres};
use es_sqlite::{Context, SqliteHandler, SqliteReadModels};
use rusqlite::{Connection, OptionalExtension, Transaction};
use tokio::runtime::Runtime;

const CHILD: &str = "ACCOUNT_TEST_CHILD";
const KILLS: u64 = 50;
const LEASE: Duration = Duration::from_millis(30);

/// What was paid into each account, and how often.
#[derive(Projection)]
#[projection(name = "deposits", version = 1, event = DepositsEvent)]
#[event(MoneyDeposited)]
struct Deposits;

type Sums = BTreeMap<String, (i64, i64)>;

impl SqliteHandler for Deposits {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let tables = "CREATE TABLE deposits (account TEXT PRIMARY KEY, cents INTEGER NOT NULL, count INTEGER NOT NULL);
                      CREATE TABLE seen (position INTEGER NOT NULL);";
        Ok(transaction.execute_batch(tables)?)
    }

    fn handle(
        &mut self,
        event: Recorded<DepositsEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let DepositsEvent::MoneyDeposited(deposited) = event.event;
        let position = i64::try_from(context.position().number())?;
        let mut see = context.prepare_cached("INSERT INTO seen VALUES (?1)")?;
        see.execute([position])?;
        let upsert = "INSERT INTO deposits VALUES (?1, ?2, 1) ON CONFLICT (account) \
                      DO UPDATE SET cents = cents + excluded.cents, count = count + 1";
        let mut upsert = context.prepare_cached(upsert)?;
        upsert.execute((event.stream.id(), deposited.cents))?;
        Ok(())
    }
}

/// Where the log and its read model are.
struct Place {
    kind: &'static str,
    url: String,
    name: String,
    file: PathBuf,
}

impl Place {
    fn new(kind: &'static str, url: &str, folder: &Path) -> Self {
        Self {
            kind,
            url: url.to_owned(),
            name: format!("read-model-{}", EventId::random()),
            file: folder.join("models.db"),
        }
    }

    async fn store(&self) -> AnyStore {
        let (name, url) = (self.name.as_str(), self.url.as_str());
        if self.kind == "nats" {
            let store = NatsStore::options().name(name).open(url).await;
            AnyStore::new(store.unwrap())
        } else {
            let store = PostgresStore::options().schema(name).open(url).await;
            AnyStore::new(store.unwrap())
        }
    }

    fn connection(&self) -> Connection {
        let connection = Connection::open(&self.file).unwrap();
        connection.busy_timeout(Duration::from_secs(30)).unwrap();
        connection
    }

    /// How far the read model is, as it is stored.
    fn position(&self) -> Option<i64> {
        let position = "SELECT position FROM es_projections WHERE name = 'deposits'";
        let row = self.connection();
        let row = row.query_row(position, [], |row| row.get(0));
        row.optional().unwrap()
    }

    /// This test again, as a process that runs the projection and has said that it begins.
    fn victim(&self, test: &str) -> Child {
        let file = self.file.to_str().unwrap();
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, [&self.url, &self.name, file].join("\n"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        while !lines
            .next()
            .expect("the victim has ended")
            .unwrap()
            .ends_with("begun")
        {}
        victim
    }

    /// Runs the projection until it is killed.
    fn run_as_child(kind: &'static str, told: &str) {
        let told: Vec<&str> = told.split('\n').collect();
        let place = Self {
            kind,
            url: told[0].to_owned(),
            name: told[1].to_owned(),
            file: told[2].into(),
        };
        Runtime::new().unwrap().block_on(async {
            let models = SqliteReadModels::open(&place.file).await.unwrap();
            let projection = models.lease(LEASE).projection(Deposits);
            let runner = Runner::new(place.store().await, projection).batch(50);
            println!("begun");
            runner.run().await.unwrap();
        });
    }
}

/// Pays into accounts until it is ended.
async fn write(store: AnyStore, writer: i64, ended: Arc<AtomicBool>) {
    let accounts = Repository::<Account, _>::new(store);
    let id = format!("DE-{writer}");
    accounts.create(&id, Account::open("ada")).await.unwrap();
    let mut cents = writer;
    while !ended.load(Ordering::SeqCst) {
        cents += 1;
        let paying = accounts.execute(&id, |account| account.deposit(cents));
        paying.await.unwrap();
        // Enough for the runner to be busy at any time, and not more than it can take.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What a plain fold of the whole log says.
async fn folded(store: &AnyStore) -> Sums {
    let (mut sums, mut after) = (Sums::new(), Position::START);
    loop {
        let query = LogQuery::after(after).filter(Deposits::filter());
        let page = store.read_log(query).await.unwrap();
        for event in &page.events {
            if let Some(DepositsEvent::MoneyDeposited(deposited)) = event.decode().unwrap() {
                let sum = sums.entry(event.envelope.stream.id().to_owned());
                let (cents, count) = sum.or_default();
                (*cents, *count) = (*cents + deposited.cents, *count + 1);
            }
        }
        after = page.looked_to;
        if page.end {
            return sums;
        }
    }
}

/// Kills a process that runs the projection, while eight writers append, somewhere else in each round: every other one
/// while it takes charge or catches up, the rest when what it has done can be seen.
fn is_killed(place: &Place, test: &str) {
    let runtime = Runtime::new().unwrap();
    let store = runtime.block_on(place.store());
    let models = runtime.block_on(SqliteReadModels::open(&place.file));
    let models = models.unwrap().lease(LEASE);
    let ended = Arc::<AtomicBool>::default();
    let write = |writer| runtime.spawn(write(store.clone(), writer, Arc::clone(&ended)));
    let writers: Vec<_> = (0..8).map(write).collect();
    let mut moved = 0;
    for round in 0..KILLS {
        let mut victim = place.victim(test);
        let before = place.position();
        while round.is_multiple_of(2) && place.position() == before {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis((round * 7_919) % 50));
        victim.kill().unwrap();
        victim.wait().unwrap();
        moved += usize::from(place.position() > before);
    }
    ended.store(true, Ordering::SeqCst);
    runtime.block_on(async {
        for writer in writers {
            writer.await.unwrap();
        }
        let runner = Runner::new(store.clone(), models.projection(Deposits));
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        let reached = tokio::time::timeout(Duration::from_mins(2), handle.wait_for_head());
        reached.await.expect("it comes to the head").unwrap();
        handle.shutdown().await;
        running.await.unwrap().unwrap();
        let folded = folded(&store).await;
        assert_eq!(sums(&place.connection()), folded);
        let events: i64 = folded.values().map(|(_, count)| count).sum();
        println!("{events} events, {moved} of {KILLS} victims had committed");
    });
    let twice = "SELECT count(*) - count(DISTINCT position) FROM seen";
    let twice: i64 = (place.connection())
        .query_row(twice, [], |row| row.get(0))
        .unwrap();
    assert_eq!(twice, 0);
    assert!(moved >= 25, "only {moved} of {KILLS} victims had committed");
}

fn sums(connection: &Connection) -> Sums {
    let mut all = connection.prepare("SELECT * FROM deposits").unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))));
    rows.unwrap().map(Result::unwrap).collect()
}

es_servers::needs_postgres! {
    #[test]
    fn a_runner_on_postgresql_that_is_killed_50_times_makes_the_same_read_model() {
        if let Ok(told) = std::env::var(CHILD) {
            return Place::run_as_child("postgres", &told);
        }
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new("postgres", Postgres::shared().url(), folder.path());
        is_killed(&place, "a_runner_on_postgresql_that_is_killed_50_times_makes_the_same_read_model");
    }
}

es_servers::needs_nats! {
    #[test]
    fn a_runner_on_nats_that_is_killed_50_times_makes_the_same_read_model() {
        if let Ok(told) = std::env::var(CHILD) {
            return Place::run_as_child("nats", &told);
        }
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new("nats", Nats::shared().url(), folder.path());
        is_killed(&place, "a_runner_on_nats_that_is_killed_50_times_makes_the_same_read_model");
    }
}
