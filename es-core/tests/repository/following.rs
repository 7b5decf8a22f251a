use es_core::{Checkpoint, Filter, Repository, Subscription};
use es_memory::MemoryStore;
use futures_util::{FutureExt, StreamExt};

use crate::bank::{Account, ada};
use crate::stores::{deposit, stream};

#[tokio::test]
async fn a_stream_of_events_goes_on_where_the_log_ended() {
    let store = MemoryStore::new();
    let accounts = Repository::<Account, _>::new(store.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let subscription = Subscription::new(store.clone(), Filter::all(), Checkpoint::START);
    let mut events = subscription.into_stream();

    let opened = events.next().await.unwrap().unwrap();
    assert_eq!(&*opened.name, "account.opened");
    // It waits, where a stream of what is stored would end.
    assert!(events.next().now_or_never().is_none());
    deposit(&store, stream(), 5).await;
    let deposited = events.next().await.unwrap().unwrap();
    assert_eq!(&*deposited.name, "account.deposited");

    // One that was stopped after an event goes on behind it.
    let again = Subscription::new(store, Filter::all(), Checkpoint::after(&opened));
    let next = again.into_stream().next().await.unwrap().unwrap();
    assert_eq!(next, deposited);
}
