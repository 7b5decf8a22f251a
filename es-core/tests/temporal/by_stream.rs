//! Read models that keep something of each stream, and fold a stream anew where it was corrected.

use es_core::{
    Apply, At, ByStream, EventStore, InMemory, Position, Projection, Recorded, Runner, StreamId,
    Timestamp, project,
};
use es_memory::MemoryStore;
use serde::{Deserialize, Serialize};

use crate::bank::{Deposited, Withdrawn, ada, day, open};
use crate::corrections::{revision, seven};
use crate::ledger::{Ledger, Ledgers};

/// What moved an account, in the order in which it is folded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Projection)]
#[projection(name = "moves", version = 1, by_stream, corrections)]
#[event(Deposited)]
#[event(Withdrawn)]
pub(crate) struct Moves(pub Vec<(Timestamp, i64)>);

impl Apply<Recorded<Deposited>> for Moves {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.0.push((deposited.effective_at, deposited.cents));
    }
}

impl Apply<Recorded<Withdrawn>> for Moves {
    fn apply(&mut self, withdrawn: Recorded<Withdrawn>) {
        self.0.push((withdrawn.effective_at, -withdrawn.cents));
    }
}

/// The same as it was recorded.
#[derive(Debug, Clone, Default, PartialEq, Projection)]
#[projection(name = "slips", version = 1, by_stream)]
#[event(Deposited)]
struct Recordings(Vec<i64>);

impl Apply<Recorded<Deposited>> for Recordings {
    fn apply(&mut self, deposited: Recorded<Deposited>) {
        self.0.push(deposited.cents);
    }
}

fn stream(id: &str) -> StreamId {
    StreamId::of::<Ledger>(&id.to_owned()).unwrap()
}

fn cents(moves: &ByStream<Moves>, id: &str) -> Option<Vec<i64>> {
    let moves = moves.get(&stream(id))?;
    Some(moves.0.iter().map(|(_, cents)| *cents).collect())
}

async fn deposit(ledgers: &Ledgers, id: &str, cents: i64, on: u32) {
    let deposit = ledgers.execute(&id.to_owned(), |_| Deposited { cents });
    deposit.effective_at(day(on)).await.unwrap();
}

/// Ada's is the page's story; bob's account is opened and gets 5, and carol's is opened.
async fn three() -> Ledgers {
    let (ledgers, _) = seven().await;
    for id in ["bob", "carol"] {
        ledgers.create(&id.to_owned(), open()).await.unwrap();
    }
    deposit(&ledgers, "bob", 5, 3).await;
    ledgers
}

async fn now(store: &MemoryStore) -> ByStream<Moves> {
    project(store, At::NOW).await.unwrap()
}

#[tokio::test]
async fn each_stream_is_folded_by_itself_and_as_its_aggregate_is() {
    let ledgers = three().await;
    let moves = now(ledgers.store()).await;
    assert_eq!(cents(&moves, "ada"), Some(vec![100, 50, 10]));
    assert_eq!(cents(&moves, "bob"), Some(vec![5]));
    assert_eq!(cents(&moves, "carol"), None);
    assert_eq!((moves.len(), moves.is_empty()), (2, false));
    let streams: Vec<_> = moves.iter().map(|(stream, _)| stream.id()).collect();
    assert_eq!(streams, ["ada", "bob"]);
    assert_eq!(
        moves.of::<Ledger>(&ada()).unwrap(),
        moves.get(&stream("ada"))
    );
    assert_eq!(ledgers.load(&ada()).await.unwrap().slips, [100, 50, 10]);
    // A late event comes where the aggregate folds it.
    deposit(&ledgers, "ada", 1, 2).await;
    let moves = now(ledgers.store()).await;
    assert_eq!(cents(&moves, "ada"), Some(vec![100, 50, 1, 10]));
    assert_eq!(cents(&moves, "bob"), Some(vec![5]));
}

#[tokio::test]
async fn a_stream_of_which_nothing_counts_any_more_is_gone() {
    let ledgers = three().await;
    let bob = "bob".to_owned();
    let correct = || {
        ledgers
            .correct(&bob)
            .by("auditor")
            .because("it was carol's")
    };
    correct().retract(revision(2)).await.unwrap();
    let moves = now(ledgers.store()).await;
    assert_eq!(cents(&moves, "bob"), None);
    assert_eq!(moves.len(), 1);
    correct().retract(revision(3)).await.unwrap();
    assert_eq!(cents(&now(ledgers.store()).await, "bob"), Some(vec![5]));
}

#[tokio::test]
async fn it_follows_while_others_read() {
    let ledgers = three().await;
    let store = ledgers.store().clone();
    let projection = InMemory::<ByStream<Moves>>::new().corrections_from(store.clone());
    let view = projection.view();
    let runner = Runner::new(store.clone(), projection).batch(2);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    handle.wait_for(head(&store).await).await.unwrap();
    assert_eq!(*view.read(), now(&store).await);
    for number in 0..6 {
        let held = view.read();
        let correct = ledgers.correct(&ada()).by("auditor").because("live");
        match number % 3 {
            0 => drop(
                correct
                    .insert(Deposited { cents: 7 }, day(1))
                    .await
                    .unwrap(),
            ),
            1 => deposit(&ledgers, "ada", 2, 2).await,
            _ => deposit(&ledgers, "bob", 3, 9).await,
        }
        handle.wait_for(head(&store).await).await.unwrap();
        assert_ne!(*held, *view.read());
        assert_eq!(*view.read(), now(&store).await, "{number}");
    }
    assert_eq!(
        cents(&view.read(), "ada"),
        Some(vec![7, 7, 100, 50, 2, 2, 10])
    );
    handle.shutdown().await;
}

#[tokio::test]
async fn what_is_saved_goes_on_where_it_was() {
    let ledgers = three().await;
    let store = ledgers.store().clone();
    let saving = || {
        let projection = InMemory::<ByStream<Moves>>::new().corrections_from(store.clone());
        projection.saved_in(store.clone())
    };
    for round in 0..2 {
        let projection = saving();
        let view = projection.view();
        let runner = Runner::new(store.clone(), projection);
        let handle = runner.handle();
        let running = tokio::spawn(runner.run());
        handle.wait_for(head(&store).await).await.unwrap();
        assert_eq!(*view.read(), now(&store).await, "{round}");
        handle.shutdown().await;
        running.await.unwrap().unwrap();
        // Before the last of what was saved.
        deposit(&ledgers, "ada", 1, 2).await;
    }
}

#[tokio::test]
async fn without_the_word_it_passes_over_corrections_in_the_order_of_the_log() {
    let ledgers = three().await;
    deposit(&ledgers, "ada", 1, 2).await;
    let slips: ByStream<Recordings> = project(ledgers.store(), At::NOW).await.unwrap();
    assert_eq!(slips.get(&stream("ada")).unwrap().0, [100, 50, 1]);
    assert_eq!(slips.get(&stream("bob")).unwrap().0, [5]);
    assert!(ByStream::<Moves>::filter().passes("account", "es.replaced"));
    assert!(!ByStream::<Recordings>::filter().passes("account", "es.replaced"));
}

async fn head(store: &MemoryStore) -> Position {
    store.head().await.unwrap()
}
