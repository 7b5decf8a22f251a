//! What a log that is given to a projection catches, however it comes.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use es_core::{
    Aggregate, Apply, Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, Event,
    Failure, Filter, NoError, Refusal, Standing,
};
use es_testkit::GivenLog;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "counter.counted")]
struct Counted {
    by: u64,
}

#[derive(Default, Aggregate)]
#[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
#[event(Counted)]
struct Counter;

impl Apply<Counted> for Counter {
    fn apply(&mut self, _: Counted) {}
}

/// A table of the positions that were taken in, and the place beside it.
type Database = Arc<Mutex<(Vec<u64>, Option<Checkpoint>)>>;

/// What is wrong with a consumer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// It begins at the start, whatever was taken in before.
    ForgetsItsPlace,
    /// It numbers what it takes in, and counts in memory.
    CountsBesideItsTable,
    /// It takes in the first of a batch.
    TakesTheFirst,
}

struct Writing {
    database: Database,
    fault: Fault,
    count: u64,
}

impl Consumer for Writing {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new("writing", 1, Filter::all())
    }
    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        let at = match self.fault {
            Fault::ForgetsItsPlace => Checkpoint::START,
            _ => self.database.lock().unwrap().1.unwrap_or(Checkpoint::START),
        };
        Box::pin(async move { Ok(Begun::At(at)) })
    }
    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        let mut database = self.database.lock().unwrap();
        let wanted = match self.fault {
            Fault::TakesTheFirst => 1,
            _ => usize::MAX,
        };
        for event in batch.events.iter().take(wanted) {
            self.count += 1;
            database.0.push(match self.fault {
                Fault::CountsBesideItsTable => self.count,
                _ => event.position.number(),
            });
        }
        if let Some(last) = batch.events.last() {
            database.1 = Some(Checkpoint::after(last));
        }
        Box::pin(async { Ok(()) })
    }
    fn standing(&self) -> Standing {
        Standing::default()
    }
    fn keep(&mut self, _: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

async fn checked(events: u64, fault: Fault) -> Result<Vec<u64>, String> {
    let counted: Vec<_> = (1..=events).map(|by| Counted { by }).collect();
    let log = GivenLog::new().given::<Counter>(&"a".to_owned(), counted);
    let checked = log.check(
        async || Database::default(),
        |database| Writing {
            database: Arc::clone(database),
            fault,
            count: 0,
        },
        async |database| database.lock().unwrap().0.clone(),
    );
    let checked = AssertUnwindSafe(checked).catch_unwind().await;
    checked.map_err(|panic| *panic.downcast::<String>().unwrap())
}

#[tokio::test]
async fn what_a_projection_makes_is_the_same_however_a_log_comes() {
    for events in [0, 1, 2, 7, 100] {
        let read = checked(events, Fault::None).await.unwrap();
        assert!(read.into_iter().eq(1..=events));
    }
}

#[tokio::test]
async fn a_projection_that_takes_in_twice_forgets_or_passes_over_is_told_when() {
    for (fault, when) in [
        (
            Fault::ForgetsItsPlace,
            "broken off after event 1, the read model is another",
        ),
        (
            Fault::CountsBesideItsTable,
            "broken off after event 1, the read model is another",
        ),
        (
            Fault::TakesTheFirst,
            "broken off after event 1, the read model is another",
        ),
    ] {
        let told = checked(5, fault).await.unwrap_err();
        assert!(told.starts_with(when), "{fault:?}: {told}");
    }
}

#[tokio::test]
async fn one_whose_result_depends_on_something_else_is_told() {
    let log = GivenLog::new().given::<Counter>(&"a".to_owned(), Counted { by: 1 });
    let times = Mutex::new(0);
    let checked = log.check(
        async || Database::default(),
        |database| Writing {
            database: Arc::clone(database),
            fault: Fault::None,
            count: 0,
        },
        async |_| {
            let mut times = times.lock().unwrap();
            *times += 1;
            *times
        },
    );
    let panic = AssertUnwindSafe(checked).catch_unwind().await.unwrap_err();
    let told = panic.downcast::<String>().unwrap();
    assert!(
        told.starts_with("event by event, the read model is another"),
        "{told}"
    );
}
