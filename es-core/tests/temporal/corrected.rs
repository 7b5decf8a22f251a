//! What each correction changed, for whoever keeps sums of single events.

use std::collections::BTreeMap;

use es_core::{At, Corrected, EventStore, LogQuery, Recorded};

use crate::bank::{Deposited, ada};
use crate::corrections::{revision, seven};
use crate::ledger::LedgerEvent;

fn shown(fact: Option<&Recorded<LedgerEvent>>) -> Option<(u64, i64)> {
    let fact = fact?;
    match &fact.event {
        LedgerEvent::Deposited(Deposited { cents }) => Some((
            u64::try_from(fact.effective_at.micros() / 86_400_000_000).unwrap(),
            *cents,
        )),
        _ => None,
    }
}

#[tokio::test]
async fn a_correction_shows_what_it_struck_and_what_it_put_in_place() {
    let (ledgers, _) = seven().await;
    let log = ledgers
        .store()
        .read_log(LogQuery::all())
        .await
        .unwrap()
        .events;
    let mut changes = Vec::new();
    for event in &log {
        if let Some(corrected) = Corrected::by(ledgers.store(), event).await.unwrap() {
            let (before, after) = (corrected.before.as_ref(), corrected.after.as_ref());
            changes.push((
                event.envelope.revision.number(),
                shown(before),
                shown(after),
            ));
        }
    }
    assert_eq!(
        changes,
        [
            (4, Some((2, 100)), Some((2, 70))),
            (5, None, Some((3, 10))),
            (6, Some((2, 70)), Some((2, 100))),
            (7, Some((4, 50)), Some((2, 50))),
        ]
    );
}

/// Sums by day, kept event by event: with corrections undone and done they are those of the facts.
#[tokio::test]
async fn sums_that_follow_corrections_are_those_of_the_facts() {
    let (ledgers, _) = seven().await;
    let correct = ledgers.correct(&ada()).by("auditor").because("and again");
    let correct = correct
        .retract(revision(5))
        .replace(revision(7), Deposited { cents: 9 });
    correct.retract(revision(2)).await.unwrap();
    let correct = ledgers.correct(&ada()).by("auditor").because("no");
    correct.retract(revision(10)).await.unwrap();
    let mut sums: BTreeMap<u64, i64> = BTreeMap::new();
    let mut count = |fact: Option<(u64, i64)>, sign: i64| {
        if let Some((on, cents)) = fact {
            *sums.entry(on).or_default() += sign * cents;
        }
    };
    let log = ledgers
        .store()
        .read_log(LogQuery::all())
        .await
        .unwrap()
        .events;
    for event in &log {
        let corrected = Corrected::by(ledgers.store(), event).await.unwrap();
        if let Some(corrected) = corrected {
            count(shown(corrected.before.as_ref()), -1);
            count(shown(corrected.after.as_ref()), 1);
        } else {
            let decoded = event.decode::<LedgerEvent>().unwrap().unwrap();
            let recorded = Recorded::new(decoded, &event.envelope).unwrap();
            count(shown(Some(&recorded)), 1);
        }
    }
    sums.retain(|_, cents| *cents != 0);
    let mut expected: BTreeMap<u64, i64> = BTreeMap::new();
    for fact in ledgers.facts(&ada(), At::NOW).await.unwrap() {
        if let Some((on, cents)) = shown(Some(&fact)) {
            *expected.entry(on).or_default() += cents;
        }
    }
    assert_eq!(sums, expected);
    assert_eq!(expected, BTreeMap::from([(2, 109)]));
}
