//! Projections inside of appends: never behind the log, and required of whoever appends.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use es_core::{
    Append, Cause, Event, EventId, EventStore, Expected, Json, LogQuery, NewEvent, Position,
    Projection, Recorded, StoreError, StoredEvent, StreamId,
};
use es_sqlite::{Context, SqliteHandler, SqliteOptions, SqliteStore};
use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};

const CHILD: &str = "ES_SQLITE_INLINE_CHILD";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "user.registered")]
struct Registered {
    email: String,
}

/// No two users have the same address.
#[derive(Projection)]
#[projection(name = "addresses", version = 1, event = AddressesEvent)]
#[event(Registered)]
struct Addresses;

#[derive(Debug, PartialEq)]
struct Taken;

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this address is taken")
    }
}

impl std::error::Error for Taken {}

impl SqliteHandler for Addresses {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = "CREATE TABLE addresses (email TEXT PRIMARY KEY, user TEXT NOT NULL, position INTEGER NOT NULL)";
        Ok(transaction.execute_batch(table)?)
    }

    fn handle(
        &mut self,
        event: Recorded<AddressesEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let AddressesEvent::Registered(registered) = &event.event;
        let position = i64::try_from(context.position().number())?;
        let mut insert =
            context.prepare_cached("INSERT OR IGNORE INTO addresses VALUES (?1, ?2, ?3)")?;
        match insert.execute((&registered.email, event.stream.id(), position))? {
            0 => Err(Taken.into()),
            _ => Ok(()),
        }
    }
}

/// The same in lower case: another version.
#[derive(Projection)]
#[projection(name = "addresses", version = 2, event = LowerEvent)]
#[event(Registered)]
struct Lower;

impl SqliteHandler for Lower {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        let table = "CREATE TABLE lower (email TEXT PRIMARY KEY, replay INTEGER NOT NULL)";
        Ok(transaction.execute_batch(table)?)
    }

    fn handle(&mut self, event: Recorded<LowerEvent>, context: &Context<'_>) -> Result<(), Cause> {
        let LowerEvent::Registered(registered) = event.event;
        // What its table refuses is a no, too.
        context.execute(
            "INSERT INTO lower VALUES (?1, ?2)",
            (registered.email.to_lowercase(), context.is_replay()),
        )?;
        Ok(())
    }
}

/// It ends the transaction that isn't its own.
#[derive(Projection)]
#[projection(name = "bold", version = 1, event = BoldEvent)]
#[event(Registered)]
struct Bold;

impl SqliteHandler for Bold {
    fn create(&mut self, _: &Transaction<'_>) -> Result<(), Cause> {
        Ok(())
    }
    fn handle(&mut self, _: Recorded<BoldEvent>, context: &Context<'_>) -> Result<(), Cause> {
        Ok(context.execute_batch("COMMIT")?)
    }
}

fn options() -> SqliteOptions {
    SqliteStore::options().busy_timeout(Duration::from_mins(1))
}

fn registered(email: &str) -> NewEvent {
    let payload = Json::parse(format!("{{\"email\":\"{email}\"}}")).unwrap();
    NewEvent::new(EventId::random(), "user.registered", 1, payload)
}

fn append(user: &str, events: Vec<NewEvent>) -> Append {
    Append::new(
        StreamId::new("user", user).unwrap(),
        Expected::NoStream,
        events,
    )
}

fn register(user: &str, email: &str) -> Append {
    append(user, vec![registered(email)])
}

async fn log(store: &SqliteStore) -> Vec<StoredEvent> {
    let query = LogQuery::all().limit(usize::MAX);
    store.read_log(query).await.unwrap().events
}

/// The addresses of the log's events in their order, with their positions.
async fn in_log(store: &SqliteStore) -> BTreeSet<(String, i64)> {
    let mut addresses = BTreeSet::new();
    let query = LogQuery::all()
        .filter(Addresses::filter())
        .limit(usize::MAX);
    for event in store.read_log(query).await.unwrap().events {
        if let Some(AddressesEvent::Registered(registered)) = event.decode().unwrap() {
            let position = i64::try_from(event.position.number()).unwrap();
            assert!(
                addresses.insert((registered.email, position)),
                "an address twice"
            );
        }
    }
    addresses
}

/// Those of the read model.
fn in_table(path: &Path) -> BTreeSet<(String, i64)> {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_mins(1)).unwrap();
    let mut all = connection
        .prepare("SELECT email, position FROM addresses")
        .unwrap();
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[track_caller]
fn is_taken(refused: Result<es_core::Appended, StoreError>) {
    let Err(StoreError::Rejected(rejection)) = refused else {
        panic!("not rejected: {refused:?}");
    };
    assert_eq!(&*rejection.projection, "addresses");
    assert_eq!(rejection.reason::<Taken>(), Some(&Taken));
}

#[tokio::test]
async fn what_it_says_no_to_is_rejected_and_nothing_of_that_append_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().inline(Addresses).open(&path).await.unwrap();
    store.append(register("1", "a@b.c")).await.unwrap();
    // Its second event is refused, and the first goes with it; the stream and the event's name were new.
    let noted = NewEvent::new(EventId::random(), "user.noted", 1, Json::EMPTY_OBJECT);
    let refused = append("2", vec![noted, registered("a@b.c")]);
    is_taken(store.append(refused).await);
    assert_eq!(store.head().await.unwrap(), Position::new(1));
    assert_eq!(in_table(&path), in_log(&store).await);
    // The stream is free, the name can be used, and positions have no gap.
    let noted = NewEvent::new(EventId::random(), "user.noted", 1, Json::EMPTY_OBJECT);
    let accepted = append("2", vec![noted, registered("d@e.f")]);
    let appended = store.append(accepted.clone()).await.unwrap();
    assert_eq!(
        (appended.position().number(), appended.revision().number()),
        (3, 2)
    );
    assert_eq!(in_table(&path), in_log(&store).await);
    // A repeat has happened: it isn't asked again.
    assert!(store.append(accepted).await.unwrap().is_repeated());
    assert_eq!(in_table(&path).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_that_share_a_commit_only_the_refused_are_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().inline(Addresses).open(&path).await.unwrap();
    // A commit under way, behind which the others gather.
    let appends = (0..200).map(|number| {
        let email = format!("{}@b.c", number / 2);
        let append = register(&number.to_string(), &email);
        let store = store.clone();
        tokio::spawn(async move { store.append(append).await })
    });
    let appends: Vec<_> = appends.collect();
    let (mut accepted, mut refused) = (0, 0);
    for append in appends {
        match append.await.unwrap() {
            Ok(_) => accepted += 1,
            refusal => {
                is_taken(refusal);
                refused += 1;
            }
        }
    }
    assert_eq!((accepted, refused), (100, 100));
    assert_eq!(in_table(&path), in_log(&store).await);
    assert_eq!(in_log(&store).await.len(), 100);
    let positions: Vec<u64> = log(&store)
        .await
        .iter()
        .map(|event| event.position.number())
        .collect();
    assert!(positions.into_iter().eq(1..=100));
}

#[tokio::test]
async fn a_process_that_has_not_registered_it_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    // It was there before.
    let without = options().open(&path).await.unwrap();
    without.append(register("1", "a@b.c")).await.unwrap();
    let with = options().inline(Addresses).open(&path).await.unwrap();
    let late = options().open(&path).await.unwrap();
    for store in [&without, &late] {
        for events in [
            vec![registered("d@e.f")],
            vec![NewEvent::new(
                EventId::random(),
                "user.noted",
                1,
                Json::EMPTY_OBJECT,
            )],
        ] {
            let refused = store.append(append("2", events)).await.unwrap_err();
            let StoreError::Backend(cause) = &refused else {
                panic!("{refused:?}");
            };
            assert!(
                cause.to_string().contains("`addresses`, version 1"),
                "{cause}"
            );
        }
    }
    assert_eq!(with.head().await.unwrap(), Position::new(1));
    assert_eq!(in_table(&path), in_log(&with).await);
    // Reading is free to all, and who has registered it appends.
    assert_eq!(log(&late).await.len(), 1);
    with.append(register("2", "d@e.f")).await.unwrap();
    // Until it isn't wanted any more.
    let released = options().not_inline("addresses").open(&path).await.unwrap();
    released.append(register("3", "a@b.c")).await.unwrap();
    without.append(register("4", "a@b.c")).await.unwrap();
}

#[tokio::test]
async fn a_new_one_is_made_of_the_log_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().open(&path).await.unwrap();
    store.append(register("1", "A@b.c")).await.unwrap();
    store.append(register("2", "a@b.c")).await.unwrap();
    let first = options().inline(Addresses).open(&path).await.unwrap();
    assert_eq!(in_table(&path), in_log(&first).await);
    // The second version says no to what is there.
    let refused = options().inline(Lower).open(&path).await.unwrap_err();
    assert!(matches!(refused, StoreError::Rejected(_)), "{refused:?}");
    let connection = Connection::open(&path).unwrap();
    let table = "SELECT count(*) FROM sqlite_schema WHERE name = 'lower'";
    let tables: i64 = connection.query_row(table, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 0);
    first.append(register("3", "d@e.f")).await.unwrap();
    is_taken(first.append(register("4", "d@e.f")).await);
}

#[tokio::test]
async fn a_higher_version_takes_the_place_and_a_lower_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let first = options().inline(Addresses).open(&path).await.unwrap();
    first.append(register("1", "A@b.c")).await.unwrap();
    let second = options().inline(Lower).open(&path).await.unwrap();
    let refused = first.append(register("2", "d@e.f")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    let refused = second.append(register("2", "a@B.c")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Rejected(_)), "{refused:?}");
    second.append(register("2", "d@e.f")).await.unwrap();
    let refused = options().inline(Addresses).open(&path).await.unwrap_err();
    assert!(matches!(refused, StoreError::Backend(_)), "{refused:?}");
    let connection = Connection::open(&path).unwrap();
    let replayed = "SELECT group_concat(replay) FROM (SELECT replay FROM lower ORDER BY email)";
    let replayed: String = connection
        .query_row(replayed, [], |row| row.get(0))
        .unwrap();
    assert_eq!(replayed, "1,0");
}

#[tokio::test]
async fn a_handler_that_ends_the_transaction_leaves_the_outcome_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let store = options().inline(Bold).open(&path).await.unwrap();
    let refused = store.append(register("1", "a@b.c")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unknown(_)), "{refused:?}");
    // And the next one is judged by what is there.
    let refused = store.append(register("1", "a@b.c")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
}

/// Four writers that all want the same addresses; what they got is told.
#[tokio::main]
async fn register_some(path: &str) {
    let store = options().inline(Addresses).open(path).await.unwrap();
    let writers = (0..4).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                let user = format!("{}-{writer}-{number}", std::process::id());
                match store
                    .append(register(&user, &format!("{number}@b.c")))
                    .await
                {
                    Ok(_) => println!("got {number}@b.c"),
                    refused => is_taken(refused),
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

fn child(test: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .stdout(Stdio::piped());
    command
}

#[test]
fn each_address_is_got_by_one_of_eight_writers_in_two_processes() {
    if let Ok(path) = std::env::var(CHILD) {
        return register_some(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let test = "each_address_is_got_by_one_of_eight_writers_in_two_processes";
    let children: Vec<_> = (0..2)
        .map(|_| child(test, &path).spawn().unwrap())
        .collect();
    let mut got = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        // The test runner's own words may stand before the first.
        let lines = said.lines().filter_map(|line| line.split_once("got "));
        got.extend(lines.map(|(_, email)| email.to_owned()));
    }
    let distinct: HashSet<_> = got.iter().collect();
    assert_eq!((got.len(), distinct.len()), (100, 100));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(options().open(&path)).unwrap();
    let in_log = runtime.block_on(in_log(&store));
    assert_eq!(in_log.len(), 100);
    assert_eq!(in_table(&path), in_log);
}

/// Registers without end.
#[tokio::main]
async fn register_without_end(path: &str) {
    let store = options().inline(Addresses).open(path).await.unwrap();
    println!("begun");
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let user = format!("{}-{writer}-{number}", std::process::id());
                    store
                        .append(register(&user, &format!("{user}@b.c")))
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[test]
fn a_crash_leaves_both_the_events_and_what_was_made_of_them_or_neither() {
    if let Ok(path) = std::env::var(CHILD) {
        return register_without_end(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(options().open(&path)).unwrap();
    let test = "a_crash_leaves_both_the_events_and_what_was_made_of_them_or_neither";
    for round in 1..=20 {
        let before = runtime.block_on(store.head()).unwrap();
        let mut victim = child(test, &path).spawn().unwrap();
        while runtime.block_on(store.head()).unwrap().number() < before.number() + 20 + round {
            assert!(victim.try_wait().unwrap().is_none(), "it has ended");
            std::thread::yield_now();
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
        let in_log = runtime.block_on(in_log(&store));
        assert_eq!(in_table(&path), in_log, "in round {round}");
    }
}
