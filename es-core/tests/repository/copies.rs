//! How often a state is cloned, which may be large.

use std::cell::Cell;

use es_core::{Aggregate, Apply, Decision, Draft, Event, NoError, Repository};
use serde::{Deserialize, Serialize};

use crate::stores::Stage;

thread_local! {
    static COPIES: Cell<u32> = const { Cell::new(0) };
}

/// How often a state of this thread was cloned since the last call.
fn copies() -> u32 {
    COPIES.replace(0)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.counted")]
struct Counted {
    by: u64,
}

#[derive(Default, Aggregate)]
#[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
#[event(Counted)]
struct Counter {
    count: u64,
}

impl Clone for Counter {
    fn clone(&self) -> Self {
        COPIES.set(COPIES.get() + 1);
        Self { count: self.count }
    }
}

impl Apply<Counted> for Counter {
    fn apply(&mut self, event: Counted) {
        self.count += event.by;
    }
}

#[tokio::test]
async fn commands_one_after_the_other_on_a_hot_aggregate_clone_nothing() {
    let counters = Repository::<Counter, _>::new(Stage::default()).with_cache(8);
    let id = "visits".to_owned();
    for by in 1..=5 {
        let executed = counters.execute(&id, |counter| Counted {
            by: by + counter.count,
        });
        executed.await.unwrap();
    }
    assert_eq!(copies(), 0);
    assert_eq!(counters.load(&id).await.unwrap().count, 57);
}

#[test]
fn a_draft_clones_the_state_once() {
    let counter = Counter { count: 3 };
    let mut draft = Draft::of(&counter);
    for _ in 0..5 {
        draft.emit(Counted { by: draft.count });
    }
    draft
        .decide(|counter| (Counted { by: 1 }, Counted { by: counter.count }))
        .unwrap();
    assert_eq!(draft.count, 193);
    assert_eq!(copies(), 1);
    assert_eq!(draft.decided().unwrap().len(), 7);
}
