use es_core::{At, EventStore, Fate, LoadError, Misplaced, Position, Revision};

use crate::bank::{
    Account, AccountEvent, Deposited, Withdrawn, ada, day, four_events, just_before, open,
};
use crate::corrections::{revision, seven};

type Impact = es_core::Impact<Account>;

fn effects(impact: &Impact) -> Vec<(Fate, Option<i64>, Option<i64>)> {
    let balance = |state: &Option<Account>| state.as_ref().map(|account| account.balance);
    impact
        .effects
        .iter()
        .map(|effect| (effect.fate, balance(&effect.before), balance(&effect.after)))
        .collect()
}

#[tokio::test]
async fn a_supposed_past_is_folded_beside_the_real_one() {
    let accounts = four_events().await;
    let impact = accounts.what_if(&ada()).without(Revision::new(2)).await;
    let impact = impact.unwrap();
    assert_eq!(
        effects(&impact),
        [
            (Fate::Goes, Some(10), Some(0)),
            (Fate::Stays, Some(30), Some(20)),
            (Fate::Stays, Some(25), Some(15)),
        ]
    );
    let diff = impact.diff().unwrap().to_string();
    assert_eq!(
        diff,
        "balance: 25 → 15\nslips.0: 10 → 20\nslips.1: 20 → -5\nslips.2: - -5\n"
    );

    let impact = accounts
        .what_if(&ada())
        .instead(Revision::new(3), Deposited { cents: 70 })
        .then(Withdrawn { cents: 1 })
        .await
        .unwrap();
    assert_eq!(
        effects(&impact),
        [
            (Fate::Goes, Some(30), Some(10)),
            (Fate::Comes, Some(30), Some(80)),
            (Fate::Stays, Some(25), Some(75)),
            (Fate::Comes, Some(25), Some(74)),
        ]
    );
    assert_eq!(impact.after.unwrap().slips, [10, 70, -5, -1]);
    let event = &impact.effects[1].event;
    assert_eq!(
        event.event,
        AccountEvent::Deposited(Deposited { cents: 70 })
    );
    assert_eq!(event.effective_at, day(1));
}

#[tokio::test]
async fn an_aggregate_without_corrections_takes_what_is_supposed_last() {
    let accounts = four_events().await;
    let asked = accounts
        .what_if(&ada())
        .also(Deposited { cents: 1 }, day(1));
    assert_eq!(asked.await.unwrap().after.unwrap().slips, [10, 20, -5, 1]);
    let then = accounts.what_if(&ada()).at(At::effective(day(1)));
    let impact = then.then(Withdrawn { cents: 1 }).await.unwrap();
    assert_eq!(impact.before.unwrap().slips, [20]);
    assert_eq!(impact.after.unwrap().slips, [20, -1]);
}

#[tokio::test]
async fn what_is_asked_is_not_written() {
    let accounts = four_events().await;
    let before = accounts.load(&ada()).await.unwrap();
    let asked = accounts.what_if(&ada()).without(Revision::new(2));
    asked.then(Withdrawn { cents: 1 }).await.unwrap();
    assert_eq!(accounts.load(&ada()).await.unwrap(), before);
    assert_eq!(accounts.store().head().await.unwrap(), Position::new(4));
}

#[tokio::test]
async fn only_what_counts_can_be_supposed_away() {
    let accounts = four_events().await;
    let asked = accounts.what_if(&ada()).without(Revision::new(5)).await;
    assert!(matches!(asked, Err(LoadError::NoSuchFact { .. })));
    let at = accounts.what_if(&ada()).at(At::effective(day(1)));
    let asked = at.without(Revision::new(2)).await;
    assert!(matches!(asked, Err(LoadError::NoSuchFact { .. })));
}

#[tokio::test]
async fn nothing_is_supposed_before_the_beginning() {
    let (ledgers, _) = seven().await;
    let what_if = || ledgers.what_if(&ada());
    let (name, opened) = ("account.deposited", "account.opened");
    let deposit = || Deposited { cents: 1 };
    for (asked, misplaced) in [
        (
            what_if().without(Revision::FIRST).await,
            Misplaced::BeforeInitial { name },
        ),
        (
            what_if().also(deposit(), just_before(day(1))).await,
            Misplaced::BeforeInitial { name },
        ),
        (
            what_if().instead(Revision::FIRST, deposit()).await,
            Misplaced::FirstNotInitial { name },
        ),
        (
            what_if().instead(revision(7), open()).await,
            Misplaced::InitialNotFirst { name: opened },
        ),
        (
            what_if().also(open(), day(3)).await,
            Misplaced::InitialNotFirst { name: opened },
        ),
        (
            what_if().then(open()).await,
            Misplaced::InitialNotFirst { name: opened },
        ),
    ] {
        assert!(
            matches!(asked, Err(LoadError::Misplaced(told)) if told == misplaced),
            "{misplaced}: {asked:?}"
        );
    }
    // Of an aggregate that doesn't exist everything is supposed.
    let accounts = four_events().await;
    let bob = "bob".to_owned();
    let asked = accounts.what_if(&bob).then(deposit()).await;
    let misplaced = Misplaced::FirstNotInitial { name };
    assert!(matches!(asked, Err(LoadError::Misplaced(told)) if told == misplaced));
    let asked = accounts.what_if(&bob).then(open()).then(deposit()).await;
    assert_eq!(asked.unwrap().after.unwrap().slips, [1]);
}

#[tokio::test]
async fn what_is_supposed_instead_of_an_event_has_its_revision() {
    let accounts = four_events().await;
    let instead = |cents| {
        let asked = accounts.what_if(&ada());
        asked.instead(Revision::new(2), Deposited { cents })
    };
    let impact = instead(1).without(Revision::new(2)).await.unwrap();
    assert_eq!(impact.after.unwrap().slips, [20, -5]);
    let again = instead(1).instead(Revision::new(2), Deposited { cents: 2 });
    assert_eq!(again.await.unwrap().after.unwrap().slips, [2, 20, -5]);
    let twice = instead(1)
        .without(Revision::new(2))
        .without(Revision::new(2));
    assert!(matches!(twice.await, Err(LoadError::NoSuchFact { .. })));
}

#[tokio::test]
async fn what_happens_next_happens_by_the_repository_s_clock() {
    let (ledgers, clock) = seven().await;
    clock.set(day(6));
    let impact = ledgers.what_if(&ada()).then(Deposited { cents: 1 });
    let impact = impact.await.unwrap();
    assert_eq!(impact.effects[0].event.effective_at, day(6));
    assert_eq!(impact.effects[0].event.recorded_at, day(6));
    assert_eq!(impact.after.unwrap().last, Some(day(6)));
}
