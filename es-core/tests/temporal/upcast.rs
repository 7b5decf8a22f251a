//! Facts inside corrections, in the names and versions of programs of before.

use es_core::{
    Append, At, Corrected, DecodeError, EventId, EventStore, Expected, Json, LoadError, LogQuery,
    NewEvent, Recorded, Samples, StoreError, StoredEvent, StreamId, Timestamp, project,
};
use es_memory::MemoryStore;
use futures_util::TryStreamExt;

use crate::bank::{DAY, Deposited, ada, clocked, day};
use crate::corrections::revision;
use crate::ledger::{Ledger, LedgerEvent, Ledgers};
use crate::projection::Days;

async fn append(
    store: &MemoryStore,
    name: &str,
    version: u32,
    payload: &str,
    on: Option<u32>,
) -> EventId {
    let id = EventId::random();
    let mut event = NewEvent::new(id, name, version, Json::parse(payload).unwrap());
    event.effective_at = on.map(day);
    let stream = StreamId::new("account", &ada()).unwrap();
    let append = Append::new(stream, Expected::Any, vec![event]);
    store.append(append).await.unwrap();
    id
}

/// What an older program wrote, which kept cents as `amt`, took out and granted gifts:
///
/// | revision | what | effective |
/// |---|---|---|
/// | 1 | opened | day 1 |
/// | 2 | `account.deposited`, version 1: 100 | day 2 |
/// | 3 | `account.taken-out`: 30 | day 3 |
/// | 4 | revision 2 replaced by `account.deposited`, version 1: 70 | |
/// | 5 | `account.taken-out` inserted: 5 | day 2 |
/// | 6 | `account.gift-granted` inserted, of which nobody knows any more what it was | day 2 |
async fn old() -> Ledgers {
    let (store, _) = clocked();
    append(&store, "account.opened", 1, r#"{"owner":"Ada"}"#, Some(1)).await;
    let deposited = append(&store, "account.deposited", 1, r#"{"amt":100}"#, Some(2)).await;
    append(&store, "account.taken-out", 1, r#"{"cents":30}"#, Some(3)).await;
    let seventy = format!(
        r#"{{"revision":2,"event_id":"{deposited}","name":"account.deposited","version":1,"payload":{{"amt":70}}}}"#
    );
    append(&store, "es.replaced", 1, &seventy, None).await;
    let five = r#"{"name":"account.taken-out","version":1,"payload":{"cents":5}}"#;
    append(&store, "es.inserted", 1, five, Some(2)).await;
    let gift = r#"{"name":"account.gift-granted","version":7,"payload":{"what":["a","pony"]}}"#;
    append(&store, "es.inserted", 1, gift, Some(2)).await;
    Ledgers::new(store)
}

fn cents(event: &LedgerEvent) -> i64 {
    match event {
        LedgerEvent::Opened(_) => 0,
        LedgerEvent::Deposited(Deposited { cents }) => *cents,
        LedgerEvent::Withdrawn(withdrawn) => -withdrawn.cents,
    }
}

async fn log(store: &MemoryStore) -> Vec<StoredEvent> {
    store.read_log(LogQuery::all()).await.unwrap().events
}

#[tokio::test]
async fn they_are_read_by_whatever_loads() {
    let ledgers = old().await;
    let now = ledgers.load(&ada()).await.unwrap();
    assert_eq!((&now.slips[..], now.balance), (&[70, -5, -30][..], 35));
    assert_eq!(now.revision(), revision(6));
    let on_day_2 = ledgers.load_effective(&ada(), day(2)).await.unwrap();
    assert_eq!(on_day_2.slips, [70, -5]);
    let both = At::effective(day(2)).known_at(revision(4));
    assert_eq!(ledgers.load_at(&ada(), both).await.unwrap().slips, [70]);
    let before = ledgers.load_at(&ada(), revision(3)).await.unwrap();
    assert_eq!(before.slips, [100, -30]);
    let diff = ledgers
        .diff(&ada(), revision(3), revision(6))
        .await
        .unwrap();
    assert_eq!(diff.to_string().lines().next(), Some("balance: 70 → 35"));
    let samples = Samples::effective(day(1)..=day(3), DAY);
    let balance = |ledger: &Ledger| ledger.balance;
    let timeline = ledgers.timeline(&ada(), samples, balance).await.unwrap();
    let values: Vec<_> = timeline.into_iter().map(|sample| sample.value).collect();
    assert_eq!(values, [Some(0), Some(65), Some(35)]);
}

#[tokio::test]
async fn they_are_read_by_whatever_shows_events() {
    let ledgers = old().await;
    let facts = ledgers.facts(&ada(), At::NOW).await.unwrap();
    let facts: Vec<_> = (facts.iter())
        .map(|fact| (fact.revision.number(), cents(&fact.event)))
        .collect();
    // A retired one is no event any more.
    assert_eq!(facts, [(1, 0), (4, 70), (5, -5), (3, -30)]);
    let moments: Vec<_> = ledgers.history(&ada()).try_collect().await.unwrap();
    let moments: Vec<_> = (moments.iter())
        .map(|moment| (cents(&moment.event.event), moment.state.balance))
        .collect();
    assert_eq!(moments, [(0, 0), (70, 70), (-5, 65), (-30, 35)]);
    let mut seen = Vec::new();
    let see = |event: &Recorded<LedgerEvent>, state: &Ledger| {
        seen.push((cents(&event.event), state.balance));
    };
    ledgers.visit(&ada(), At::NOW, see).await.unwrap();
    assert_eq!(seen, moments);
    let impact = ledgers.what_if(&ada()).without(revision(4)).await.unwrap();
    let effects: Vec<_> = (impact.effects.iter())
        .map(|effect| cents(&effect.event.event))
        .collect();
    assert_eq!(effects, [70, -5, -30]);
    assert_eq!(impact.after.unwrap().slips, [-5, -30]);
}

#[tokio::test]
async fn they_are_read_by_whoever_follows_corrections() {
    let ledgers = old().await;
    let mut changes = Vec::new();
    for event in &log(ledgers.store()).await {
        let corrected = Corrected::<LedgerEvent>::by(ledgers.store(), event).await;
        if let Some(Corrected { before, after, .. }) = corrected.unwrap() {
            let shown = |fact: Option<Recorded<LedgerEvent>>| fact.map(|fact| cents(&fact.event));
            changes.push((shown(before), shown(after)));
        }
    }
    assert_eq!(
        changes,
        [(Some(100), Some(70)), (None, Some(-5)), (None, None)]
    );
    let Days(days) = project(ledgers.store(), At::NOW).await.unwrap();
    let days: Vec<(Timestamp, i64)> = days.into_iter().collect();
    assert_eq!(days, [(day(2), 65), (day(3), -30)]);
}

#[tokio::test]
async fn a_fact_that_a_retired_one_replaces_counts_no_more() {
    let ledgers = old().await;
    let id = log(ledgers.store()).await[2].envelope.id;
    let gift = format!(
        r#"{{"revision":3,"event_id":"{id}","name":"account.gift-granted","version":1,"payload":null}}"#
    );
    append(ledgers.store(), "es.replaced", 1, &gift, None).await;
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [70, -5]);
    let last = log(ledgers.store()).await.pop().unwrap();
    let corrected = Corrected::<LedgerEvent>::by(ledgers.store(), &last).await;
    let Corrected { before, after, .. } = corrected.unwrap().unwrap();
    assert_eq!(
        (before.map(|fact| cents(&fact.event)), after),
        (Some(-30), None)
    );
}

#[tokio::test]
async fn one_that_nobody_can_read_is_an_error_at_its_correction() {
    for (name, version, payload, reason) in [
        ("account.borrowed", 1, "{}", DecodeError::UnknownName),
        (
            "account.deposited",
            3,
            "{}",
            DecodeError::NewerVersion { known: 2 },
        ),
        ("account.deposited", 0, "{}", DecodeError::VersionZero),
    ] {
        let ledgers = old().await;
        let inserted = format!(r#"{{"name":"{name}","version":{version},"payload":{payload}}}"#);
        append(ledgers.store(), "es.inserted", 1, &inserted, Some(2)).await;
        let loaded = ledgers.load(&ada()).await;
        let Err(LoadError::Store(StoreError::Undecodable(error))) = loaded else {
            panic!("{loaded:?}");
        };
        assert_eq!((error.revision, error.reason), (revision(7), reason));
        // What was known before it can be read as ever.
        let before = ledgers.load_at(&ada(), revision(6)).await.unwrap();
        assert_eq!(before.balance, 35);
    }
}
