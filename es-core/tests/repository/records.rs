//! What processes write into the streams of aggregates is no event of theirs.

use es_core::{
    Append, EventId, EventStore, ExecuteError, Expected, Json, NewEvent, Repository, Revision,
    StreamId,
};
use es_memory::MemoryStore;
use futures_util::TryStreamExt;

use crate::bank::{Account, Deposited};

async fn put(store: &MemoryStore, name: &str) {
    let stream: StreamId = "account/ada".parse().unwrap();
    let payload = Json::parse(r#"{"why":"not-found","reason":"it isn't there"}"#).unwrap();
    let event = NewEvent::new(EventId::random(), name, 1, payload);
    let append = Append::new(stream, Expected::Any, vec![event]);
    store.append(append).await.unwrap();
}

#[tokio::test]
async fn a_refusal_in_a_stream_moves_its_revision_and_nothing_else() {
    let store = MemoryStore::new();
    for accounts in [
        Repository::<Account, _>::new(store.clone()),
        Repository::new(store.clone()).with_cache(4),
        Repository::new(store.clone()).with_snapshots(store.clone()),
    ] {
        let ada = "ada".to_owned();
        if accounts.load(&ada).await.is_err() {
            accounts.create(&ada, Account::open("ada")).await.unwrap();
        }
        let deposit = || accounts.execute(&ada, |_| Deposited { cents: 5 });
        let before = deposit().await.unwrap().revision();
        let loaded = accounts.load(&ada).await.unwrap();
        for _ in 0..4 {
            put(&store, "es.refused").await;
        }
        let refused = accounts.load(&ada).await.unwrap();
        assert_eq!(*refused, *loaded);
        assert_eq!(refused.revision(), Revision::new(before.number() + 4));
        let after = deposit().await.unwrap();
        assert_eq!(after.revision(), refused.revision().next());
        assert_eq!(
            accounts.load(&ada).await.unwrap().balance,
            loaded.balance + 5
        );
        let past = accounts.load_at(&ada, refused.revision()).await.unwrap();
        assert_eq!(*past, *loaded);
    }
    let accounts = Repository::<Account, _>::new(store);
    let moments: Vec<_> = accounts
        .history(&"ada".to_owned())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(moments.len(), 7);
}

#[tokio::test]
async fn an_aggregate_that_only_refused_does_not_exist_and_may_be_created() {
    let (store, ada) = (MemoryStore::new(), "ada".to_owned());
    put(&store, "es.refused").await;
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.load(&ada).await.unwrap_err();
    let refused = accounts.execute(&ada, |_| ()).await.unwrap_err();
    assert!(matches!(refused, ExecuteError::NotFound { .. }));
    let either = accounts.create_or_execute(&ada, || Account::open("ada"), |_| ());
    assert_eq!(either.await.unwrap().revision(), Revision::new(2));
    // Now it does exist.
    let twice = accounts.create(&ada, Account::open("ada")).await;
    assert!(matches!(twice, Err(ExecuteError::AlreadyExists { .. })));

    let store = MemoryStore::new();
    put(&store, "es.refused").await;
    put(&store, "es.unchanged").await;
    let accounts = Repository::<Account, _>::new(store);
    let created = accounts.create(&ada, Account::open("ada")).await.unwrap();
    assert_eq!(created.revision(), Revision::new(3));
    assert_eq!(accounts.load(&ada).await.unwrap().owner, "ada");
}

#[tokio::test]
async fn a_name_of_the_library_that_nobody_knows_is_not_passed_over() {
    let (store, ada) = (MemoryStore::new(), "ada".to_owned());
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.create(&ada, Account::open("ada")).await.unwrap();
    put(&store, "es.unheard-of").await;
    accounts.load(&ada).await.unwrap_err();
}
