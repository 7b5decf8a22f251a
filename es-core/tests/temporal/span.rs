use es_core::{At, LoadError, Recorded, Revision};

use crate::bank::{AccountEvent, ada, day, four_events};

fn revisions(events: &[Recorded<AccountEvent>]) -> Vec<u64> {
    events.iter().map(|event| event.revision.number()).collect()
}

#[tokio::test]
async fn a_span_holds_what_counts_at_its_end_and_not_at_its_beginning() {
    let accounts = four_events().await;
    let known = |revision| At::known(Revision::new(revision));
    for (from, to, expected) in [
        (known(0), known(4), &[1, 2, 3, 4][..]),
        (known(1), known(3), &[2, 3]),
        (known(3), known(1), &[]),
        (At::known(day(2)), At::known(day(3)), &[3]),
        (At::effective(day(1)), At::effective(day(2)), &[2]),
        (At::effective(day(0)), At::effective(day(1)), &[1, 3]),
        (At::effective(day(2)), At::NOW, &[4]),
        (
            At::effective(day(1)).known_at(Revision::new(2)),
            At::effective(day(1)).known_at(Revision::new(3)),
            &[3],
        ),
    ] {
        let events = accounts.between(&ada(), from, to).await.unwrap();
        assert_eq!(revisions(&events), expected, "{from:?} to {to:?}");
    }
    let to_come = accounts.between(&ada(), known(1), known(5)).await;
    assert!(matches!(to_come, Err(LoadError::NoSuchRevision { .. })));
}

#[tokio::test]
async fn facts_are_what_the_state_is_made_of() {
    let accounts = four_events().await;
    let facts = accounts.facts(&ada(), At::effective(day(2))).await.unwrap();
    assert_eq!(revisions(&facts), [1, 2, 3]);
    assert_eq!(facts[2].effective_at, day(1));
    let nobody = accounts.facts(&"nobody".to_owned(), At::NOW).await;
    assert_eq!(nobody.unwrap(), []);
}

#[tokio::test]
async fn a_visitor_sees_each_event_with_the_state_after_it() {
    let accounts = four_events().await;
    let mut seen = Vec::new();
    accounts
        .visit(&ada(), At::NOW, |event, account| {
            seen.push((event.revision.number(), account.balance));
        })
        .await
        .unwrap();
    assert_eq!(seen, [(1, 0), (2, 10), (3, 30), (4, 25)]);

    seen.clear();
    let at = At::effective(day(1));
    let see = |event: &Recorded<AccountEvent>, account: &crate::bank::Account| {
        seen.push((event.revision.number(), account.balance));
    };
    accounts.visit(&ada(), at, see).await.unwrap();
    assert_eq!(seen, [(1, 0), (3, 20)]);
}
