//! Projections that follow corrections, that pass over them, and as of any point.

use std::collections::BTreeMap;
use std::future::IntoFuture;

use es_core::{
    Apply, At, Checkpoint, Consumer, Corrected, EventStore, Failure, InMemory, Invalid, LogQuery,
    Position, Projection, Recorded, Revision, Runner, RunnerHandle, Samples, StoreError, Timestamp,
    project, timeline,
};

use es_memory::MemoryStore;

use crate::bank::{DAY, Deposited, Withdrawn, ada, day};
use crate::corrections::{revision, seven};
use crate::ledger::Ledgers;

/// What was paid in and out on each day, by corrections and all.
#[derive(Debug, Clone, Default, PartialEq, Projection)]
#[projection(name = "days", version = 1, corrections)]
#[event(Deposited)]
#[event(Withdrawn)]
pub(crate) struct Days(pub BTreeMap<Timestamp, i64>);

impl Days {
    fn add(&mut self, on: Timestamp, cents: i64) {
        let sum = self.0.entry(on).or_default();
        *sum += cents;
        if *sum == 0 {
            self.0.remove(&on);
        }
    }

    fn shown(&self) -> Vec<(u32, i64)> {
        let days = self.0.iter();
        days.map(|(on, cents)| ((1..=31).find(|n| day(*n) == *on).unwrap(), *cents))
            .collect()
    }
}

impl Apply<Recorded<Deposited>> for Days {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.add(deposited.effective_at, deposited.cents);
    }
}

impl Apply<Recorded<Withdrawn>> for Days {
    fn apply(&mut self, withdrawn: Recorded<Withdrawn>) {
        self.add(withdrawn.effective_at, -withdrawn.cents);
    }
}

impl Apply<Corrected<Deposited>> for Days {
    fn apply(&mut self, corrected: Corrected<Deposited>) {
        if let Some(before) = corrected.before {
            self.add(before.effective_at, -before.cents);
        }
        if let Some(after) = corrected.after {
            self.add(after.effective_at, after.cents);
        }
    }
}

impl Apply<Corrected<Withdrawn>> for Days {
    fn apply(&mut self, corrected: Corrected<Withdrawn>) {
        if let Some(before) = corrected.before {
            self.add(before.effective_at, before.cents);
        }
        if let Some(after) = corrected.after {
            self.add(after.effective_at, -after.cents);
        }
    }
}

/// How many deposits were recorded, and what they came to then.
#[derive(Debug, Clone, Default, PartialEq, Projection)]
#[projection(name = "slips", version = 1)]
#[event(Deposited)]
pub(crate) struct Slips(pub Vec<i64>);

impl Apply<Recorded<Deposited>> for Slips {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.0.push(deposited.cents);
    }
}

fn run(store: MemoryStore, projection: impl Consumer) -> RunnerHandle {
    let runner = Runner::new(store, projection).batch(2);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle
}

/// What counts in the end, by the aggregate's facts.
async fn by_facts(ledgers: &Ledgers, at: At) -> Vec<(u32, i64)> {
    use crate::ledger::LedgerEvent;
    let mut days = Days::default();
    for fact in ledgers.facts(&ada(), at).await.unwrap() {
        match fact.event {
            LedgerEvent::Deposited(Deposited { cents }) => days.add(fact.effective_at, cents),
            LedgerEvent::Withdrawn(Withdrawn { cents }) => days.add(fact.effective_at, -cents),
            LedgerEvent::Opened(_) => {}
        }
    }
    days.shown()
}

/// The page's story, and then an event of one kind in the place of one of another, taken back and done again.
async fn story() -> Ledgers {
    let (ledgers, _) = seven().await;
    let correct = || ledgers.correct(&ada()).by("auditor").because("and again");
    let withdrawn = Withdrawn { cents: 3 };
    correct().replace(revision(5), withdrawn).await.unwrap();
    correct().retract(revision(8)).await.unwrap();
    let inserted = Withdrawn { cents: 4 };
    correct().insert(inserted, day(4)).await.unwrap();
    ledgers
}

async fn head(ledgers: &Ledgers) -> Position {
    ledgers.store().head().await.unwrap()
}

#[tokio::test]
async fn one_that_follows_corrections_comes_to_what_counts_in_the_end() {
    let ledgers = story().await;
    let store = ledgers.store().clone();
    let projection = InMemory::<Days>::new().corrections_from(store.clone());
    let view = projection.view();
    let runner = run(store, projection);
    runner.wait_for(head(&ledgers).await).await.unwrap();
    assert_eq!(view.read().shown(), by_facts(&ledgers, At::NOW).await);
    assert_eq!(view.read().shown(), [(2, 150), (3, 10), (4, -4)]);
    // While it follows: readers may hold a copy, which lacks what came since and is brought up to date.
    for cents in 1..=5 {
        let held = view.read();
        let correct = ledgers.correct(&ada()).by("auditor").because("live");
        correct.insert(Deposited { cents }, day(6)).await.unwrap();
        runner.wait_for(head(&ledgers).await).await.unwrap();
        assert_ne!(*held, *view.read());
    }
    assert_eq!(view.read().shown(), by_facts(&ledgers, At::NOW).await);
}

#[tokio::test]
async fn one_that_passes_over_corrections_counts_no_fact_twice() {
    let ledgers = story().await;
    let store = ledgers.store().clone();
    let projection = InMemory::<Slips>::new();
    let view = projection.view();
    let runner = run(store.clone(), projection);
    runner.wait_for(head(&ledgers).await).await.unwrap();
    // What was deposited when it happened, and not what corrections made of it.
    assert_eq!(view.read().0, [100, 50]);
    let folded: Slips = project(&store, At::NOW).await.unwrap();
    assert_eq!(folded.0, [100, 50]);
}

#[tokio::test]
async fn it_is_asked_as_of_any_point_by_two_clocks() {
    let ledgers = story().await;
    let store = ledgers.store();
    let log = store.read_log(LogQuery::all()).await.unwrap().events;
    for event in &log {
        let (recorded, position) = (event.envelope.recorded_at, event.position);
        let by_position: Days = project(store, position).await.unwrap();
        assert_eq!(
            by_position.shown(),
            by_facts(&ledgers, position.into()).await
        );
        let by_instant: Days = project(store, recorded).await.unwrap();
        assert_eq!(
            by_instant.shown(),
            by_facts(&ledgers, recorded.into()).await
        );
        for on in 1..=5 {
            let at = At::effective(day(on)).known_at(position);
            let by_both: Days = project(store, at).await.unwrap();
            assert_eq!(by_both.shown(), by_facts(&ledgers, at).await, "{at:?}");
        }
    }
    let before: Days = project(store, Timestamp::MIN).await.unwrap();
    assert_eq!(before, Days::default());
    let refused = project::<Days, _>(store, Revision::FIRST).await;
    let Err(StoreError::Invalid(invalid)) = refused else {
        panic!("{refused:?}");
    };
    assert!(matches!(*invalid, Invalid::RevisionOfLog));
}

/// The page's story on day 1, and what came on the days after it: of day 7 and of day 5, and a correction of each.
async fn days_of_recording() -> Ledgers {
    let (ledgers, clock) = seven().await;
    let deposit = |cents, on| {
        let deposit = ledgers.execute(&ada(), move |_| Deposited { cents });
        deposit.effective_at(day(on)).into_future()
    };
    let correct = || ledgers.correct(&ada()).by("auditor").because("and again");
    clock.set(day(2));
    deposit(7, 7).await.unwrap();
    clock.set(day(3));
    deposit(9, 5).await.unwrap();
    clock.set(day(5));
    let withdrawn = Withdrawn { cents: 2 };
    let early = correct().replace_at(revision(8), withdrawn, day(6));
    early.await.unwrap();
    clock.set(day(6));
    correct().retract(revision(9)).await.unwrap();
    ledgers
}

#[tokio::test]
async fn a_timeline_of_it_is_what_it_is_at_each_instant_by_either_clock() {
    let ledgers = days_of_recording().await;
    let store = ledgers.store();
    let days = || day(0)..=day(9);
    let (effective, recorded) = (
        Samples::effective(days(), DAY),
        Samples::recorded(days(), DAY),
    );
    let known = At::known(day(4));
    let standing = At::effective(day(5));
    let cases: [(Samples, &dyn Fn(Timestamp) -> At); 4] = [
        (effective.clone(), &At::effective),
        (effective.clone().standing_at(known), &|on| {
            At::effective(on).known_at(day(4))
        }),
        (recorded.clone(), &At::known),
        (recorded.standing_at(standing), &|on| standing.known_at(on)),
    ];
    for (samples, at) in cases {
        let seen = timeline(store, samples.clone(), Days::shown).await.unwrap();
        let mut expected = Vec::new();
        for on in samples.instants() {
            let days: Days = project(store, at(on)).await.unwrap();
            assert_eq!(days.shown(), by_facts(&ledgers, at(on)).await, "{on}");
            expected.push((on, Some(days.shown())));
        }
        let seen: Vec<_> = seen.into_iter().map(|it| (it.at, it.value)).collect();
        assert_eq!(seen, expected, "{samples:?}");
    }
    let by_revision = effective.standing_at(Revision::FIRST.into());
    let refused = timeline(store, by_revision, Days::shown).await;
    assert!(
        matches!(refused, Err(StoreError::Invalid(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn without_a_store_to_look_in_it_does_not_begin() {
    let mut projection = InMemory::<Days>::new();
    let refused = projection.begin().await.unwrap_err();
    assert!(matches!(refused, Failure::Store(_)), "{refused:?}");
    assert!(
        refused.in_full().contains("`days`"),
        "{}",
        refused.in_full()
    );
    // One that passes over them needs none.
    let begun = InMemory::<Slips>::new().begin().await.unwrap();
    assert_eq!(begun, es_core::Begun::At(Checkpoint::START));
}

#[test]
fn only_one_that_follows_corrections_lets_them_pass() {
    for name in ["es.replaced", "es.inserted", "es.retracted"] {
        assert!(Days::filter().passes("account", name));
        assert!(!Slips::filter().passes("account", name));
    }
}
