use std::time::Duration;

use es_core::{
    Aggregate, Apply, Event, NoError, Process, Processes, React, Reaction, Recorded, Repository,
    Runner, Since,
};
use serde::{Deserialize, Serialize};

use crate::bench::{new, place, soon};
use crate::domain::Placed;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "visit.counted")]
struct Counted {}

/// Each order is a visit, which is over at once.
#[derive(Debug, Clone, Default, Aggregate, Process)]
#[aggregate(name = "visits", id = String, event = VisitsEvent, error = NoError)]
#[event(Counted)]
#[process(restarts)]
#[input(Placed, starts)]
struct Visits {
    count: u64,
}

/// The first order alone is one.
#[derive(Debug, Clone, Default, Aggregate, Process)]
#[aggregate(name = "first-visit", id = String, event = FirstVisitEvent, error = NoError)]
#[event(Counted)]
#[input(Placed, starts)]
struct FirstVisit {
    count: u64,
}

macro_rules! counts {
    ($($process:ty),*) => {
        $(impl Apply<Counted> for $process {
            fn apply(&mut self, _: Counted) {
                self.count += 1;
            }
        }

        impl React<Placed> for $process {
            fn key(placed: &Recorded<Placed>) -> Option<String> {
                Some(placed.wallet.clone())
            }
            fn react(&self, _: &Recorded<Placed>) -> Result<Reaction<Self>, NoError> {
                Ok(Reaction::of(self).emit(Counted {}).end())
            }
        })*
    };
}

counts!(Visits, FirstVisit);

/// How many starts were ignored of three.
async fn ignored<P: Process<Id = String>>(store: &es_memory::MemoryStore) -> u64 {
    let processes = Processes::<P>::new(store.clone(), store.clone(), Since::Beginning);
    let processes = processes.every(Duration::from_millis(2));
    let view = processes.view();
    let runner = Runner::new(store.clone(), processes);
    let handle = runner.handle();
    tokio::spawn(runner.run());
    for order in 1..=3 {
        place(store, &format!("{}-{order}", P::CATEGORY), "ada", 1).await;
    }
    soon(handle.wait_for_head()).await.unwrap();
    assert_eq!(view.overview().open, 0);
    view.overview().ignored
}

#[tokio::test]
async fn a_start_after_the_end_is_ignored_unless_the_process_restarts() {
    let ada = "ada".to_owned();
    let (_, store) = new();
    assert_eq!(ignored::<Visits>(&store).await, 0);
    let visits = Repository::<Visits, _>::new(store);
    // The state goes on with what the runs before have folded.
    assert_eq!(visits.load(&ada).await.unwrap().count, 3);

    let (_, store) = new();
    assert_eq!(ignored::<FirstVisit>(&store).await, 2);
    let visits = Repository::<FirstVisit, _>::new(store);
    assert_eq!(visits.load(&ada).await.unwrap().count, 1);
}
