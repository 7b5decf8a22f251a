use std::fmt::{self, Debug};

use es_core::{Consumer, Failure};

use super::GivenLog;
use crate::spec::{chain, diff};

/// After how many of its events a log is broken off at most, where it is longer.
const SPLITS: usize = 16;

impl GivenLog {
    /// What a projection makes of this log, after checking that it makes the same of it however the log comes: all at once;
    /// event by event; broken off after each event, or after some of a long log, and gone on with by another process, to which
    /// all of it is delivered once more at the end; and all at once again, anew.
    ///
    /// For one with a database: `fresh` makes an empty one for each time, `projection` a consumer that keeps its read model
    /// there, and `read` says what that is. A handler that remembers something beside its tables is caught, and so is one
    /// whose result depends on the time, or on chance. What [`ProjectionSpec`](crate::ProjectionSpec) does for a fold.
    ///
    /// ```
    /// # use es_core::{Aggregate, Apply, Event, InMemory, NoError, Projection, Recorded};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    /// # #[event(name = "counter.counted")]
    /// # struct Counted { by: u64 }
    /// # #[derive(Default, Aggregate)]
    /// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
    /// # #[event(Counted)]
    /// # struct Counter;
    /// # impl Apply<Counted> for Counter {
    /// #     fn apply(&mut self, _: Counted) {}
    /// # }
    /// # #[derive(Debug, Clone, Default, Serialize, Deserialize, Projection)]
    /// # #[projection(name = "sums", version = 1)]
    /// # #[event(Counted)]
    /// # struct Sums { total: u64 }
    /// # impl Apply<Recorded<Counted>> for Sums {
    /// #     fn apply(&mut self, counted: Recorded<Counted>) { self.total += counted.by; }
    /// # }
    /// use es_core::StateStore;
    /// use es_memory::MemoryStore;
    /// use es_testkit::GivenLog;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let log = GivenLog::new().given::<Counter>(&"a".to_owned(), (Counted { by: 1 }, Counted { by: 2 }));
    /// let read = log.check(
    ///     async || MemoryStore::new(),
    ///     |database| InMemory::<Sums>::new().saved_in(database.clone()),
    ///     async |database| {
    ///         let saved = database.load_state("sums", 1).await.unwrap().unwrap();
    ///         saved.state.as_str().to_owned()
    ///     },
    /// );
    /// assert_eq!(read.await, r#"{"total":3}"#);
    /// # });
    /// # Ok::<(), es_core::Cause>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the consumer fails, another one is in charge, or what is read differs: with when, and the difference.
    pub async fn check<D, C: Consumer, R: Debug + PartialEq>(
        &self,
        fresh: impl AsyncFn() -> D,
        projection: impl Fn(&D) -> C,
        read: impl AsyncFn(&D) -> R,
    ) -> R {
        let made = async |how: &How| {
            let database = fresh().await;
            if let Err(failure) = self.deliver_so(how, || projection(&database)).await {
                panic!("{how}, the projection fails: {}", chain(&failure));
            }
            read(&database).await
        };
        let expected = made(&How::AtOnce).await;
        let others =
            (self.splits().map(How::BrokenOffAfter)).chain([How::EventByEvent, How::AtOnceAnew]);
        for how in others {
            let actual = made(&how).await;
            assert!(
                actual == expected,
                "{how}, the read model is another than at once: {}",
                diff(&expected, &actual)
            );
        }
        expected
    }

    /// After how many events the log is broken off: all numbers, or as many as are few, from first to last.
    fn splits(&self) -> impl Iterator<Item = usize> + use<> {
        let places = self.events().len().saturating_sub(1);
        let splits = places.min(SPLITS);
        (1..=splits).map(move |nth| nth * places / splits)
    }

    async fn deliver_so<C: Consumer>(
        &self,
        how: &How,
        projection: impl Fn() -> C,
    ) -> Result<(), Failure> {
        let mut consumer = projection();
        match *how {
            How::AtOnce | How::AtOnceAnew => self.try_deliver(usize::MAX, &mut consumer).await?,
            How::EventByEvent => self.try_deliver(1, &mut consumer).await?,
            How::BrokenOffAfter(events) => {
                let begun = self.until(events);
                begun.try_deliver(usize::MAX, &mut consumer).await?;
                consumer.end().await?;
                consumer = projection();
                self.try_deliver(usize::MAX, &mut consumer).await?;
                self.try_deliver(usize::MAX, &mut consumer).await?;
            }
        }
        consumer.end().await
    }
}

/// How a log comes to a projection.
enum How {
    AtOnce,
    EventByEvent,
    BrokenOffAfter(usize),
    AtOnceAnew,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtOnce => f.write_str("all at once"),
            Self::EventByEvent => f.write_str("event by event"),
            Self::BrokenOffAfter(events) => write!(f, "broken off after event {events}"),
            Self::AtOnceAnew => f.write_str("all at once, anew"),
        }
    }
}
