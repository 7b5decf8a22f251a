use es_core::{Envelope, EventStore};
use es_core::{EventId, Repository, Revision, StreamQuery, Timestamp};

use crate::bank::{Account, ada};
use crate::stores::{Stage, stream};

/// What is stored around the events from this revision on.
async fn stored(stage: &Stage, from: Revision) -> Vec<Envelope> {
    let query = StreamQuery::forwards(stream()).from(from);
    let page = stage.store.read_stream(query).await.unwrap();
    let envelopes = page.events.iter().map(|stored| stored.envelope.clone());
    envelopes.collect()
}

#[tokio::test]
async fn what_was_executed_tells_what_is_stored_around_its_events() {
    let stage = Stage::default();
    let accounts = Repository::<Account, _>::new(stage.clone());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let deposit = || {
        accounts
            .execute(&ada(), |account| (account.deposit(1), account.deposit(2)))
            .by("teller")
            .effective_at(Timestamp::EPOCH)
            .once("t1")
    };
    let executed = deposit().await.unwrap();
    let stored = stored(&stage, Revision::new(2)).await;
    assert_eq!(executed.envelopes(), stored);
    assert_eq!(executed.envelopes()[1].effective_at, Some(Timestamp::EPOCH));
    let ids: Vec<EventId> = executed.event_ids().collect();
    assert_eq!(ids, [0, 1].map(|at| EventId::derived(&stream(), "t1", at)));
    assert_eq!(executed.recorded_at(), Some(stored[1].recorded_at));
    // An earlier outcome tells the same.
    let again = deposit().await.unwrap();
    assert!(again.is_repeated());
    assert_eq!(again.envelopes(), stored);
}

#[tokio::test]
async fn a_command_that_appended_nothing_has_no_ids_and_was_not_recorded() {
    let accounts = Repository::<Account, _>::new(Stage::default());
    accounts.create(&ada(), Account::open("Ada")).await.unwrap();
    let executed = accounts.execute(&ada(), |_| ()).await.unwrap();
    assert_eq!(executed.event_ids().len(), 0);
    assert_eq!(executed.recorded_at(), None);
}
