//! What a command costs: counted by a proxy between the store and its server.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{Aggregate, Apply, Event, NoError, Repository};
use es_servers::needs_postgres;
use serde::{Deserialize, Serialize};
use support::Database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.counted")]
struct Counted {}

#[derive(Debug, Default, Clone, PartialEq, Aggregate)]
#[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
#[event(Counted)]
struct Counter {
    count: u64,
}

impl Apply<Counted> for Counter {
    fn apply(&mut self, _: Counted) {
        self.count += 1;
    }
}

/// Passes everything on, and counts how often the server is asked again after it answered.
struct Proxy {
    url: String,
    round_trips: Arc<AtomicUsize>,
}

impl Proxy {
    async fn start(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let (_, server) = database.url().split_once("//").unwrap();
        let server = server.split(['/', '?']).next().unwrap();
        let server = server.rsplit('@').next().unwrap().to_owned();
        let url = database.url().replace(&server, &here.to_string());
        let round_trips = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&round_trips);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, Some(Arc::clone(&counted))));
                tokio::spawn(pass(from_server, to_client, None));
            }
        });
        Self { url, round_trips }
    }

    /// How many round trips something takes.
    async fn count<T>(&self, work: impl Future<Output = T>) -> usize {
        let before = self.round_trips.load(Ordering::SeqCst);
        work.await;
        self.round_trips.load(Ordering::SeqCst) - before
    }
}

/// Each `Sync` that a client sends is a round trip: it waits for the answer before it goes on.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: Option<Arc<AtomicUsize>>) {
    let (mut buffer, mut stream) = (vec![0; 65_536], Vec::new());
    let mut started = false;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if let Some(count) = &count {
            stream.extend_from_slice(&buffer[..length]);
            while let Some(message) = next(&mut stream, &mut started) {
                // `Sync` of the extended protocol, `Query` of the simple one.
                if message == b'S' || message == b'Q' {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Takes a whole message from what a client sent: its type, 0 for those at the beginning, which have none.
fn next(stream: &mut Vec<u8>, started: &mut bool) -> Option<u8> {
    let (message, at) = if *started {
        (*stream.first()?, 1)
    } else {
        (0, 0)
    };
    let length = stream.get(at..at + 4)?.try_into().unwrap();
    let end = at + usize::try_from(u32::from_be_bytes(length)).unwrap();
    if stream.len() < end {
        return None;
    }
    stream.drain(..end);
    *started = true;
    Some(message)
}

needs_postgres! {
    #[tokio::test]
    async fn a_command_costs_one_round_trip_on_a_hot_aggregate_and_two_on_a_cold_one() {
        let database = Database::shared();
        let proxy = Proxy::start(&database).await;
        let store = database.options().open(&proxy.url).await.unwrap();
        let hot = Repository::<Counter, _>::new(store.clone()).with_cache(100);
        let cold = Repository::<Counter, _>::new(store);
        let count = async |counters: &Repository<Counter, _>, id: &str| {
            counters.execute(&id.to_owned(), |_| Counted {}).await.unwrap();
        };
        // Connections are opened, and statements prepared, once.
        assert!(proxy.count(count(&hot, "a")).await > 2);

        assert_eq!(proxy.count(count(&hot, "a")).await, 1);
        assert_eq!(proxy.count(count(&hot, "a")).await, 1);
        assert_eq!(proxy.count(count(&hot, "b")).await, 2);
        assert_eq!(proxy.count(count(&cold, "a")).await, 2);
        assert_eq!(cold.load(&"a".to_owned()).await.unwrap().count, 4);
    }

    #[tokio::test]
    async fn appends_that_wait_together_share_a_round_trip() {
        let database = Database::shared();
        let proxy = Proxy::start(&database).await;
        let store = database.options().open(&proxy.url).await.unwrap();
        es_core::EventStore::append(&store, support::append(0, 1)).await.unwrap();
        let appends = (0..64).map(|number| {
            es_core::EventStore::append(&store, support::append(number, 1))
        });
        let round_trips = proxy.count(futures_util::future::join_all(appends)).await;
        // The first may go alone, before the others are queued.
        assert!((1..=2).contains(&round_trips), "{round_trips} round trips");
    }

    #[tokio::test]
    async fn a_lone_append_costs_one_round_trip_and_one_more_if_it_is_refused() {
        use es_core::{Append, EventStore, Expected, Revision, StoreError};
        let database = Database::shared();
        let proxy = Proxy::start(&database).await;
        let store = database.options().open(&proxy.url).await.unwrap();
        let one = |expected| Append::new(support::stream(1), expected, support::events(1));
        let first = one(Expected::NoStream);
        let appended = store.append(first.clone()).await.unwrap();
        let costs = async |append: Append, wanted: usize| {
            let (mut outcome, store) = (None, &store);
            let round_trips = proxy.count(async { outcome = Some(store.append(append).await) }).await;
            assert_eq!(round_trips, wanted);
            outcome.unwrap()
        };
        let second = costs(one(Expected::Exact(Revision::FIRST)), 1).await.unwrap();
        assert_eq!(second.revision(), Revision::new(2));
        let third = costs(one(Expected::Any), 1).await.unwrap();
        assert_eq!(third.revision(), Revision::new(3));
        let refused = costs(one(Expected::Exact(Revision::FIRST)), 2).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Conflict(conflict) if conflict.actual == Revision::new(3)),
            "{refused:?}"
        );
        let repeated = costs(first, 2).await.unwrap();
        assert!(repeated.is_repeated());
        assert_eq!(repeated.placements(), appended.placements());
        assert_eq!(support::sound(&store).await.len(), 3);
    }

    /// The statement for a lone event saw the log before another process's append, which it then waited for.
    #[tokio::test]
    async fn a_lone_append_that_was_overtaken_is_judged_anew() {
        use es_core::{Append, EventStore, Expected, Revision};
        let database = Database::shared();
        let proxy = Proxy::start(&database).await;
        let (ours, theirs) = (database.options().open(&proxy.url).await.unwrap(), database.store().await);
        let one = |expected| Append::new(support::stream(1), expected, support::events(1));
        ours.append(one(Expected::NoStream)).await.unwrap();
        let (mut client, watch) = (database.client().await, database.client().await);
        let holding = client.transaction().await.unwrap();
        theirs.append_in(&holding, one(Expected::Any)).await.unwrap();
        let holder = holding.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get::<_, i32>(0);
        let waiting = format!(
            "SELECT count(*) > 0 FROM pg_locks w JOIN pg_locks h USING (locktype, classid, objid, database) \
             WHERE NOT w.granted AND h.granted AND locktype = 'advisory' AND h.pid = {holder}"
        );
        let mut appended = None;
        let appending = async { appended = Some(ours.append(one(Expected::Any)).await.unwrap()) };
        let overtaking = async {
            support::until(&watch, &waiting).await;
            holding.commit().await.unwrap();
        };
        let round_trips = proxy.count(async { tokio::join!(appending, overtaking); }).await;
        assert_eq!((appended.unwrap().revision(), round_trips), (Revision::new(3), 2));
        // Whoever has company goes by the function for a while, and asks once.
        let next = proxy.count(async { drop(ours.append(one(Expected::Any)).await.unwrap()) }).await;
        assert_eq!(next, 1);
        assert_eq!(support::sound(&ours).await.len(), 4);
    }
}
