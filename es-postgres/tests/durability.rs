//! What is acknowledged is on the server's disk: by its settings, after `kill -9` of the server, and of the client.

mod support;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use es_core::{
    Appended, Checkpoint, EventId, EventStore, Filter, Next, Position, StoreError, StoredEvent,
    Subscription,
};
use es_postgres::PostgresStore;
use es_servers::{Postgres, needs_own_postgres, needs_postgres};
use support::{Database, append, log, soon, sound, stream};

needs_own_postgres! {
    #[tokio::test]
    async fn an_append_is_flushed_before_it_is_acknowledged() {
        let server = Postgres::start().unwrap();
        let database = Database::of(&server);
        let client = database.client().await;
        // What the role's default is doesn't matter.
        client.batch_execute("ALTER ROLE es SET synchronous_commit = off").await.unwrap();
        let store = database.store().await;
        let schema = database.schema();
        let note = format!(
            "CREATE TABLE {schema}.noted (setting text, written pg_lsn); CREATE FUNCTION {schema}.note() RETURNS trigger LANGUAGE plpgsql \
             AS $note$ BEGIN INSERT INTO {schema}.noted VALUES (current_setting('synchronous_commit'), pg_current_wal_insert_lsn()); RETURN NULL; END $note$; \
             CREATE TRIGGER note AFTER INSERT ON {schema}.events EXECUTE FUNCTION {schema}.note()"
        );
        client.batch_execute(&note).await.unwrap();
        for number in 1..=5 {
            store.append(append(number, 1)).await.unwrap();
            // Behind the insert stands at least the commit.
            let flushed = format!("SELECT pg_current_wal_flush_lsn() > max(written) FROM {schema}.noted");
            assert!(client.query_one(&flushed, &[]).await.unwrap().get::<_, bool>(0));
        }
        let settings = format!("SELECT string_agg(setting, ' ') FROM {schema}.noted");
        let settings: String = client.query_one(&settings, &[]).await.unwrap().get(0);
        assert_eq!(settings, "on on on on on");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_acknowledged_append_survives_kill_9_of_the_server_and_none_is_doubled() {
        const KILLS: usize = 5;
        let mut server = Postgres::start().unwrap();
        let database = Database::of(&server);
        let store = database.store().await;
        let load = Arc::new(Load::default());
        let tasks: Vec<_> = (0..8)
            .map(|task| tokio::spawn(Arc::clone(&load).append(store.clone(), task)))
            .collect();
        let follower = tokio::spawn(Arc::clone(&load).follow(store.clone()));
        let mut inside = 0;
        for kill in 1..=KILLS {
            soon("acknowledgements", load.has(kill * 100)).await;
            let before = load.unknown.load(Ordering::Relaxed);
            server = blocking(move || {
                server.kill().unwrap();
                server.restart().unwrap();
                server
            })
            .await;
            let acknowledged = load.count();
            soon("an append after the restart", load.has(acknowledged + 8)).await;
            inside += usize::from(load.unknown.load(Ordering::Relaxed) > before);
        }
        load.enough.store(true, Ordering::Relaxed);
        for task in tasks {
            soon("the tasks' end", task).await.unwrap();
        }
        load.ended.store(true, Ordering::Relaxed);
        assert!(inside > KILLS / 2, "only {inside} of {KILLS} kills met an append under way");

        let acknowledged = load.acknowledged();
        assert_eq!(sound(&store).await.len(), acknowledged.len() * EVENTS);
        let log = log(&store).await;
        let by_id: HashMap<_, _> = log.iter().map(|event| (event.envelope.id, event)).collect();
        assert_eq!(by_id.len(), log.len(), "an event is there twice");
        for (ids, appended) in &acknowledged {
            for (id, at) in ids.iter().zip(appended.placements()) {
                let event = by_id.get(id).unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
                assert_eq!((event.position, event.envelope.revision), (at.position, at.revision));
            }
        }
        let received = soon("the follower", follower).await.unwrap();
        is_the_log(&received, &log);
        println!(
            "{} appends acknowledged, {inside} of {KILLS} kills inside one",
            acknowledged.len()
        );
    }

    #[tokio::test]
    async fn a_store_finds_its_server_again() {
        let mut server = Postgres::start().unwrap();
        let database = Database::of(&server);
        let store = database.store().await;
        store.append(append(1, 1)).await.unwrap();
        let waiting = tokio::spawn({
            let store = store.clone();
            // As a subscriber waits: an error is no end.
            async move { while store.wait_past(Position::new(1)).await.is_err() {} }
        });
        server = blocking(move || {
            server.stop();
            server
        })
        .await;
        // Nothing was sent, or nobody answered.
        let refused = store.append(append(1, 1)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_) | StoreError::Unknown(_)), "{refused:?}");
        let refused = store.append(append(1, 1)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        let refused = store.head().await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        let _server = blocking(move || {
            server.restart().unwrap();
            server
        })
        .await;
        // Another process's append wakes whoever has waited through all of this.
        let other = database.store().await;
        assert_eq!(other.append(append(2, 1)).await.unwrap().position().number(), 2);
        soon("the wake-up", waiting).await.unwrap();
        assert_eq!(store.append(append(1, 1)).await.unwrap().position().number(), 3);
        assert_eq!(sound(&store).await.len(), 3);
    }
}

/// What was received is the log, each event once and in order.
fn is_the_log(received: &[StoredEvent], log: &[StoredEvent]) {
    for (received, event) in received.iter().zip(log) {
        assert_eq!(received, event);
    }
    assert_eq!(received.len(), log.len());
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// So many that a kill mostly meets an append under way.
const EVENTS: usize = 40;

/// What tasks appended while a server was killed.
#[derive(Default)]
struct Load {
    acknowledged: Mutex<Vec<(Vec<EventId>, Appended)>>,
    unknown: AtomicUsize,
    enough: AtomicBool,
    ended: AtomicBool,
}

impl Load {
    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    fn acknowledged(&self) -> Vec<(Vec<EventId>, Appended)> {
        self.acknowledged.lock().unwrap().clone()
    }

    async fn has(&self, count: usize) {
        while self.count() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Repeats each append until it is acknowledged.
    async fn append(self: Arc<Self>, store: PostgresStore, task: u64) {
        while !self.enough.load(Ordering::Relaxed) {
            let append = append(task, EVENTS);
            let ids = append.events.iter().map(|event| event.id).collect();
            let appended = loop {
                match store.append(append.clone()).await {
                    Ok(appended) => break appended,
                    Err(StoreError::Unknown(_)) => {
                        self.unknown.fetch_add(1, Ordering::Relaxed);
                    }
                    // It is away: not so fast.
                    Err(StoreError::Unavailable(_)) => {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            };
            self.acknowledged.lock().unwrap().push((ids, appended));
        }
    }

    /// Everything that a subscriber receives, who tries again after an error.
    async fn follow(self: Arc<Self>, store: PostgresStore) -> Vec<StoredEvent> {
        let mut subscription =
            Subscription::new(store.clone(), Filter::all(), Checkpoint::START).page_size(50);
        let mut received = Vec::new();
        loop {
            let ended = self.ended.load(Ordering::Relaxed);
            let next = tokio::time::timeout(Duration::from_secs(1), subscription.next());
            match next.await {
                Ok(Ok(Next::Event(event))) => received.push(event),
                Ok(Ok(Next::CaughtUp(_))) | Err(_)
                    if ended && received.len() >= self.count() * EVENTS =>
                {
                    return received;
                }
                Ok(Ok(Next::CaughtUp(_))) | Err(_) => {}
                Ok(Err(StoreError::Unavailable(_))) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok(Err(error)) => panic!("{error}"),
            }
        }
    }
}

/// Eight tasks append without end, three events each time, and say so.
#[tokio::main]
async fn append_without_end(database: &Database) {
    let store = database.store().await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let append = append(task, 3);
                    let id = append.events[0].id;
                    println!("begin {task} {number}");
                    let appended = store.append(append).await.unwrap();
                    println!("done {task} {number} {id} {}", appended.revision());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

needs_postgres! {
    #[test]
    fn an_acknowledged_append_survives_kill_9_of_the_client_and_none_is_torn() {
        if let Some(database) = Database::from_parent() {
            append_without_end(&database);
            return;
        }
        let database = Database::shared();
        let test = "an_acknowledged_append_survives_kill_9_of_the_client_and_none_is_torn";
        let (mut acknowledged, mut inside) = (Vec::new(), 0);
        for round in 0..10 {
            let mut victim = database.child(test).stdout(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
            let (mut done, mut begun) = (0, HashSet::new());
            let mut take = |line: &str, done: &mut usize| {
                let words: Vec<&str> = line.split(' ').collect();
                match words[..] {
                    ["begin", task, _] => drop(begun.insert(task.to_owned())),
                    ["done", task, _, id, revision] => {
                        *done += 1;
                        begun.remove(task);
                        acknowledged.push([task, id, revision].map(str::to_owned));
                    }
                    _ => {}
                }
            };
            // Another moment in each round.
            while done < 100 + 7 * round {
                let line = lines.next().expect("the victim ended by itself").unwrap();
                take(&line, &mut done);
            }
            victim.kill().unwrap();
            victim.wait().unwrap();
            // What it said before it died is in the pipe; its last line may be cut off.
            let mut left: Vec<String> = lines.map_while(Result::ok).collect();
            left.pop();
            for line in left {
                take(&line, &mut done);
            }
            inside += usize::from(!begun.is_empty());
        }
        assert!(inside >= 5, "only {inside} of 10 kills met an append under way");

        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = database.store().await;
            // Waits for its turn, and so for what the victims left to be finished.
            store.append(append(99, 3)).await.unwrap();
            sound(&store).await;
            let log = log(&store).await;
            let by_id: HashMap<_, _> =
                log.iter().map(|event| (event.envelope.id.to_string(), event)).collect();
            for [task, id, revision] in &acknowledged {
                let event = by_id.get(id).unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
                assert_eq!(event.envelope.stream, stream(task.parse().unwrap()));
                assert_eq!((event.envelope.revision.number() + 2).to_string(), *revision);
            }
            // Three events to an append, all or none.
            for append in log.chunks(3) {
                let numbers: Vec<&str> = append.iter().map(|event| event.payload.as_str()).collect();
                assert_eq!(numbers, ["{\"number\":0}", "{\"number\":1}", "{\"number\":2}"]);
            }
        });
        println!("{} appends acknowledged, {inside} of 10 kills inside one", acknowledged.len());
    }
}
