//! The hashes of a tamper-evident log are right, whoever appends and however many at once.

use es_core::{Append, EventId, EventStore, Expected, Position, StoreError, Verification};
use es_nats::{NatsOptions, NatsStore};
use es_servers::Nats;
use serde_json::{Value, json};

use crate::log::breaks;
use crate::support::{cluster, events, fresh_name, log, stream};

fn options(name: &str) -> NatsOptions {
    NatsStore::options().name(name)
}

async fn open(options: NatsOptions) -> NatsStore {
    options.open(Nats::shared().url()).await.unwrap()
}

/// How many events the log has, none of them without a hash, after nothing was found.
async fn is_clean(store: &NatsStore) -> u64 {
    let verification = Verification::of(store, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!(verification.unhashed(), 0);
    verification.events()
}

/// Several handles at once, each with appends of several events, many to one stream, refused ones and repeats.
async fn hashes_what_is_appended_at_once(addresses: &str, replicas: usize) {
    let name = fresh_name();
    let options = options(&name).replicas(replicas);
    let asked = options.clone().tamper_evident().open(addresses);
    let handles = [
        asked.await.unwrap(),
        // Who doesn't ask for it hashes all the same.
        options.open(addresses).await.unwrap(),
    ];
    for round in 0..4_usize {
        let appends = (0..64_usize).map(|number| {
            let (stream, expected) = match number % 4 {
                0 => (stream(number), Expected::Any),
                1 => (stream(1), Expected::Any),
                2 => (stream(2), Expected::NoStream),
                _ => (stream(1_000 + 64 * round + number), Expected::NoStream),
            };
            let mut events = events(1 + number % 3);
            if number % 5 == 0 {
                // Known from the round before.
                events[0].id = EventId::derived(&stream, "again", 0);
                events.truncate(1);
            }
            let store = handles[number / 4 % 2].clone();
            tokio::spawn(async move { store.append(Append::new(stream, expected, events)).await })
        });
        for append in appends.collect::<Vec<_>>() {
            match append.await.unwrap() {
                Ok(_) | Err(StoreError::Conflict(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    // In each round at least 16 appends that are no repeats, to one stream or to new ones.
    assert!(is_clean(&handles[0]).await > 4 * 32);
    let of_one = log(&handles[1]).await;
    let of_one = of_one
        .iter()
        .filter(|event| event.envelope.stream == stream(1));
    assert!(of_one.count() > 4 * 16);
}

/// Changes what the log's settings say of it.
pub(crate) async fn describe(name: &str, description: &str) {
    let client = async_nats::connect(Nats::shared().url()).await.unwrap();
    let ask = async |what: &str, body: Value| {
        let subject = format!("$JS.API.STREAM.{what}.{name}");
        let answer = client.request(subject, body.to_string().into()).await;
        serde_json::from_slice::<Value>(&answer.unwrap().payload).unwrap()
    };
    let mut config = ask("INFO", json!({})).await["config"].clone();
    config["description"] = json!(description);
    let updated = ask("UPDATE", config).await;
    assert_eq!(updated.get("error"), None);
}

async fn is_made_tamper_evident_by_who_administers_it() {
    let name = fresh_name();
    let plain = open(options(&name)).await;
    let append = |to, count| Append::new(stream(to), Expected::Any, events(count));
    plain.append(append(1, 2)).await.unwrap();
    let asked = options(&name).tamper_evident();
    let refused = asked.clone().open(Nats::shared().url()).await.unwrap_err();
    let told = format!("{refused:?}");
    assert!(matches!(refused, StoreError::Backend(_)), "{told}");
    assert!(
        told.contains("description") && told.contains("tamper-evident"),
        "{told}"
    );
    assert_eq!(log(&plain).await.len(), 2);
    drop(plain);

    describe(&name, "The bank's, tamper-evident since May").await;
    let store = open(asked.clone()).await;
    // From when on events have hashes isn't said.
    assert_eq!(store.hashed_from().await.unwrap(), None);
    store.append(append(1, 2)).await.unwrap();
    store.append(append(2, 1)).await.unwrap();
    let verification = Verification::of(&store, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    assert_eq!((verification.events(), verification.unhashed()), (5, 2));

    describe(&name, "The bank's, tamper-evident from 2: since May").await;
    let store = open(asked).await;
    let from = store.hashed_from().await.unwrap();
    assert_eq!(from, Some(log(&store).await[2].position));
    let verification = Verification::of(&store, &[]).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
    // As if events from the second on had been written without.
    describe(&name, "The bank's, tamper-evident from 1").await;
    let verification = Verification::of(&open(options(&name)).await, &[]).await;
    assert_eq!(breaks(&verification.unwrap()), ["task/1 1: changed"]);
}

async fn goes_on_with_hashes() {
    let name = fresh_name();
    let store = open(options(&name).tamper_evident()).await;
    let append = |expected| Append::new(stream(1), expected, events(2));
    let appended = store.append(append(Expected::NoStream)).await.unwrap();
    describe(&name, "").await;
    // By a handle that knew the stream, and by one that comes to know it.
    let exact = Expected::Exact(appended.revision());
    store.append(append(exact)).await.unwrap();
    let fresh = open(options(&name)).await;
    fresh.append(append(Expected::Any)).await.unwrap();
    assert_eq!(is_clean(&fresh).await, 6);
}

/// What takes no more than a message has room for, with the hashes in it.
async fn refuses_what_is_too_large_with_its_hashes() {
    let name = fresh_name();
    let store = open(options(&name).tamper_evident()).await;
    // Each takes 39 bytes beside its texts, of which there are 25 to 29, and 32 more.
    let many = Append::new(stream(1), Expected::Any, events(13_000));
    let refused = store.append(many).await.unwrap_err();
    assert!(matches!(refused, StoreError::Invalid(_)), "{refused:?}");
    assert_eq!(store.head().await.unwrap(), Position::START);
    let plain = open(options(&fresh_name())).await;
    let many = Append::new(stream(1), Expected::Any, events(13_000));
    plain.append(many).await.unwrap();
}

es_servers::needs_own_nats! {
    /// There an append may be on its way while another is judged.
    #[tokio::test(flavor = "multi_thread")]
    async fn whatever_is_appended_at_once_to_a_cluster_the_hashes_are_right() {
        hashes_what_is_appended_at_once(&cluster().url(), 3).await;
    }
}

es_servers::needs_nats! {
    #[tokio::test(flavor = "multi_thread")]
    async fn whatever_is_appended_at_once_the_hashes_are_right() {
        hashes_what_is_appended_at_once(Nats::shared().url(), 1).await;
    }

    #[tokio::test]
    async fn a_log_that_was_made_without_hashes_is_not_opened_as_if_it_had_them() {
        is_made_tamper_evident_by_who_administers_it().await;
    }

    #[tokio::test]
    async fn a_stream_that_has_hashes_goes_on_with_them() {
        goes_on_with_hashes().await;
    }

    #[tokio::test]
    async fn an_append_that_is_too_large_with_its_hashes_is_refused() {
        refuses_what_is_too_large_with_its_hashes().await;
    }
}
