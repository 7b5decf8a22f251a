//! What processes write into a stream that takes corrections.

use es_core::{
    Append, At, CorrectError, EventId, EventStore, Expected, Json, NewEvent, Revision, StreamId,
};
use es_memory::MemoryStore;

use crate::bank::{Deposited, ada, clocked, day, open};
use crate::ledger::Ledgers;

async fn refuse(store: &MemoryStore) {
    let stream = StreamId::new("account", &ada()).unwrap();
    let payload = Json::parse(r#"{"why":"rejected","reason":"no"}"#).unwrap();
    let event = NewEvent::new(EventId::random(), "es.refused", 1, payload);
    let append = Append::new(stream, Expected::Any, vec![event]);
    store.append(append).await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_no_fact() {
    let (store, clock) = clocked();
    let ledgers = Ledgers::new(store.clone()).with_clock(std::sync::Arc::clone(&clock));
    refuse(&store).await;
    ledgers.create(&ada(), open()).await.unwrap();
    for (cents, on) in [(50, 4), (100, 2)] {
        refuse(&store).await;
        let deposit = ledgers.execute(&ada(), |_| Deposited { cents });
        deposit.effective_at(day(on)).await.unwrap();
    }
    refuse(&store).await;
    let loaded = ledgers.load(&ada()).await.unwrap();
    assert_eq!(loaded.slips, [100, 50]);
    assert_eq!(loaded.revision(), Revision::new(7));
    let early = At::effective(day(3));
    assert_eq!(ledgers.load_at(&ada(), early).await.unwrap().slips, [100]);
    // It can't be corrected, and corrections go on around it.
    let correct = || ledgers.correct(&ada()).by("auditor").because("a slip");
    let refusal = correct().retract(Revision::new(3)).await;
    assert!(
        matches!(refusal, Err(CorrectError::NoSuchRevision { .. })),
        "{refusal:?}"
    );
    correct()
        .replace(Revision::new(4), Deposited { cents: 60 })
        .await
        .unwrap();
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [100, 60]);
}
