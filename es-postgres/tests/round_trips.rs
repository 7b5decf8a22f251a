//! What a command costs: counted by a proxy between the store and its server.

mod support;

use es_core::{Aggregate, Apply, Event, NoError, Repository};
use es_servers::needs_postgres;
use serde::{Deserialize, Serialize};
use support::Database;
use support::proxy::Proxy;

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
        let waiting = support::wait_for(support::pid(&holding).await, 1);
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
