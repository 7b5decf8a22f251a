//! Given-then for projections, with corrections among what is given.

mod domain;

use es_core::{
    Append, ByStream, Direction, EventStore, Expected, InMemory, LogQuery, Position, Projection,
    StreamId, StreamQuery, project,
};
use es_memory::MemoryStore;
use es_testkit::{GivenLog, ProjectionSpec};

use crate::domain::*;

#[test]
fn a_read_model_follows_each_kind_of_correction() {
    let given = || Income::given_log(slips());
    given().then_saved(income(&[(2, 100), (4, 50)]));
    given()
        .retracted::<Account>(&ada(), r(1))
        .then_saved(income(&[(4, 50)]));
    given()
        .replaced::<Account>(&ada(), r(1), deposited(70))
        .then_saved(income(&[(2, 70), (4, 50)]));
    given()
        .replaced_at::<Account>(&ada(), r(2), deposited(50), day(3))
        .then_saved(income(&[(2, 100), (3, 50)]));
    given()
        .inserted::<Account>(&ada(), deposited(9), day(1))
        .then_saved(income(&[(1, 9), (2, 100), (4, 50)]));
    // Corrections of corrections, and what happens after them.
    given()
        .replaced::<Account>(&ada(), r(1), deposited(70))
        .replaced::<Account>(&ada(), r(3), deposited(80))
        .retracted::<Account>(&ada(), r(4))
        .given::<Account>(&ada(), deposited(1))
        .then_saved(income(&[(2, 70), (4, 51)]));
    // An event that isn't listed, in place of one that is.
    given()
        .replaced::<Account>(&ada(), r(2), Withdrawn { cents: 3 })
        .then_saved(income(&[(2, 100)]));
}

#[test]
fn one_of_each_stream_is_folded_anew_where_it_was_corrected_or_came_late() {
    let bob = "bob".to_owned();
    let holds = |ada: &'static [i64], bob: &'static [i64]| {
        move |deposits: &ByStream<Deposits>| {
            let of = |id: &str| {
                let deposits = deposits.of::<Account>(&id.to_owned()).unwrap();
                deposits.map_or(&[][..], |deposits| &deposits.0)
            };
            (of("ada"), of("bob")) == (ada, bob)
        }
    };
    let given = || {
        ByStream::<Deposits>::given_log(slips().given::<Account>(&bob, deposited(1)))
            .effective_at(day(3))
            .given::<Account>(&ada(), deposited(2))
    };
    given().then_with(holds(&[100, 2, 50], &[1]));
    given()
        .replaced_at::<Account>(&ada(), r(1), deposited(70), day(5))
        .retracted::<Account>(&bob, r(1))
        .then_with(holds(&[2, 50, 70], &[]));
    // What comes after a correction that was saved, in another order than it was recorded.
    let mut expected = None;
    given()
        .inserted::<Account>(&ada(), deposited(9), day(1))
        .then_with(|deposits| {
            expected = Some(deposits.clone());
            holds(&[9, 100, 2, 50], &[1])(deposits)
        });
    given()
        .inserted::<Account>(&ada(), deposited(9), day(1))
        .then_saved(expected.unwrap());
}

#[test]
fn one_that_passes_over_corrections_keeps_what_it_saw() {
    Slips::given_log(slips())
        .replaced::<Account>(&ada(), r(1), deposited(70))
        .retracted::<Account>(&ada(), r(2))
        .then_saved(Slips(vec![100, 50]));
}

#[test]
fn a_correction_has_a_place_and_an_actor_and_no_other_effective_time_than_its_own() {
    let log = slips()
        .by("auditor")
        .effective_at(day(1))
        .replaced::<Account>(&ada(), r(1), deposited(70));
    let correction = log.events().last().unwrap();
    assert_eq!(&*correction.name, "es.replaced");
    assert_eq!(correction.envelope.revision, r(3));
    assert_eq!(correction.position, Position::new(3));
    assert_eq!(correction.envelope.effective_at, None);
    let metadata = es_core::Metadata::decode(&correction.envelope.metadata).unwrap();
    assert_eq!(metadata.actor.as_deref(), Some("auditor"));
}

#[test]
fn what_a_store_would_refuse_fails() {
    let refused = |log: fn(GivenLog) -> GivenLog| failure(|| drop(log(slips())));
    for (text, part) in [
        (
            refused(|log| log.retracted::<Account>(&ada(), r(3))),
            "there is no event at revision 3; the stream is at 2",
        ),
        (
            refused(|log| {
                log.retracted::<Account>(&ada(), r(1)).replaced::<Account>(
                    &ada(),
                    r(1),
                    deposited(1),
                )
            }),
            "the event at revision 1 is corrected already, by the one at 3",
        ),
        (
            refused(|log| log.inserted::<Account>(&ada(), Withdrawn { cents: 101 }, day(3))),
            "would break at its event 3",
        ),
        (
            refused(|log| log.retracted::<Account>(&"bob".to_owned(), r(1))),
            "account/bob has no events",
        ),
        (
            refused(|log| {
                let note = "gone".to_owned();
                log.replaced::<Account>(&ada(), r(1), Noted { note })
            }),
            "comes back as another",
        ),
    ] {
        assert!(text.contains(part), "{text}");
    }
}

fn corrected() -> GivenLog {
    slips()
        .replaced::<Account>(&ada(), r(1), deposited(70))
        .inserted::<Account>(&ada(), deposited(9), day(1))
        .retracted::<Account>(&ada(), r(3))
}

#[tokio::test]
async fn a_consumer_comes_to_the_same_at_once_in_batches_and_again() {
    let (store, log) = (MemoryStore::new(), corrected());
    let expected = income(&[(1, 9), (2, 100), (4, 50)]);
    for size in 1..=log.events().len() {
        let mut consumer = InMemory::<Income>::new();
        let view = consumer.view();
        log.deliver_in_batches(size, &mut consumer).await;
        assert_eq!(*view.read(), expected, "{size}");
    }
    let saving = |log: &GivenLog| {
        let consumer = InMemory::<Income>::new().corrections_from(log.store());
        consumer.saved_in(store.clone())
    };
    slips().deliver(&mut saving(&slips())).await;
    // It has died; the next one goes on from what it has saved.
    let mut next = saving(&log);
    let view = next.view();
    log.deliver(&mut next).await;
    assert_eq!(*view.read(), expected);
}

#[tokio::test]
async fn a_given_log_is_read_as_a_store_and_only_read() {
    let log = corrected();
    let store = log.store();
    for (position, expected) in [(2, [(2, 100), (4, 50)]), (3, [(2, 70), (4, 50)])] {
        let at = Position::new(position);
        assert_eq!(
            project::<Income, _>(&store, at).await.unwrap(),
            income(&expected)
        );
    }
    let stream = StreamId::of::<Account>(&ada()).unwrap();
    let numbers = |query: StreamQuery| {
        let store = &store;
        async move {
            let page = store.read_stream(query).await.unwrap();
            let number = |event: &es_core::StoredEvent| event.envelope.revision.number();
            (page.events.iter().map(number).collect::<Vec<_>>(), page.end)
        }
    };
    let forwards = StreamQuery::forwards(stream.clone());
    assert_eq!(
        numbers(forwards.clone().limit(5)).await,
        (vec![1, 2, 3, 4, 5], true)
    );
    assert_eq!(
        numbers(forwards.from(r(2)).limit(2)).await,
        (vec![2, 3], false)
    );
    let backwards = StreamQuery::backwards(stream.clone()).from(r(4)).limit(3);
    assert_eq!(backwards.direction, Direction::Backwards);
    assert_eq!(numbers(backwards).await, (vec![4, 3, 2], false));
    let page = store
        .read_log(LogQuery::all().filter(Slips::filter()))
        .await
        .unwrap();
    assert_eq!(
        (page.events.len(), page.looked_to, page.end),
        (2, Position::new(5), true)
    );
    let page = store.read_log(LogQuery::all().limit(2)).await.unwrap();
    assert_eq!(
        (page.events.len(), page.looked_to, page.end),
        (2, Position::new(2), false)
    );
    let event = log.events()[0].clone();
    let found = store.find(&stream, event.envelope.id).await.unwrap();
    assert_eq!(found, Some(event.clone()));
    let append = Append::new(stream, Expected::Any, Vec::new());
    assert!(store.append(append).await.is_err());
    assert_eq!(store.head().await.unwrap(), Position::new(5));
}
