//! Projections beside the naive reference: while they follow, built anew, as of any point and over time.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use es_core::{
    Append, Appended, At, Batch, BoxFuture, Consumer, EventId, EventStore, InMemory, LogPage,
    LogQuery, Position, Projection, Samples, StoreError, StoredEvent, StreamId, StreamPage,
    StreamQuery, Timestamp, View, project, timeline,
};

use crate::bank::{DAY, day};
use crate::projection::{Days, Slips};
use crate::reference::{Entry, Says, facts};

/// A store whose log begins after a position, so that a case isn't asked of those before it.
#[derive(Clone)]
struct Since<S>(S, Position);

impl<S: EventStore> EventStore for Since<S> {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        self.0.append(append)
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        self.0.find(stream, id)
    }

    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        self.0.read_stream(query)
    }

    fn read_log(&self, mut query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        query.after = query.after.max(self.1);
        self.0.read_log(query)
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.0.head()
    }

    fn wait_past(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.wait_past(position)
    }
}

/// A case's projections.
pub(crate) struct Projected<S> {
    store: Since<S>,
    /// The day before the first.
    first: u32,
    live: InMemory<Days>,
    view: View<Days>,
    looked_to: Position,
}

impl<S: EventStore + Clone> Projected<S> {
    pub(crate) async fn new(store: S, first: u32) -> Result<Self, StoreError> {
        let head = store.head().await?;
        let store = Since(store, head);
        let mut live = InMemory::<Days>::new().corrections_from(store.clone());
        live.begin()
            .await
            .map_err(|error| StoreError::Backend(error.into()))?;
        let view = live.view();
        Ok(Self {
            store,
            first,
            live,
            view,
            looked_to: head,
        })
    }

    /// What came since is taken in, and is what the reference has.
    pub(crate) async fn follow(&mut self, log: &[Entry]) -> Result<(), String> {
        let query = LogQuery::after(self.looked_to).filter(Days::filter());
        let page = self.store.read_log(query).await.map_err(debug)?;
        self.looked_to = page.looked_to;
        let batch = Batch::new(page.events, page.looked_to, true);
        self.live.consume(&batch).await.map_err(debug)?;
        let expected = self.days(log, u32::MAX);
        same("followed", &self.view.read().0, &expected)
    }

    /// All of it, asked in every way.
    pub(crate) async fn agree(&self, log: &[Entry]) -> Result<(), String> {
        let stored = self.store.read_log(LogQuery::all()).await.map_err(debug)?;
        self.rebuilt(&stored.events, log).await?;
        for (known, event) in (1..).zip(&stored.events) {
            let log = &log[..known];
            // Every day is asked for below, over time; here, one of them and none by turns.
            let on = u32::try_from(known).unwrap() % 9 + 1;
            let effective = (known % 2 == 0).then_some(on);
            let at = effective.map_or(At::NOW, |on| At::effective(self.day(on)));
            let at = at.known_at(event.position);
            let by = effective.unwrap_or(u32::MAX);
            let days: Days = project(&self.store, at).await.map_err(debug)?;
            same("asked", &days.0, &self.days(log, by))?;
            let slips: Slips = project(&self.store, at).await.map_err(debug)?;
            same("asked, without corrections", &slips.0, &recorded(log, by))?;
            let samples = self.samples(Samples::effective);
            let samples = samples.standing_at(event.position.into());
            self.over_time(samples, |on| self.days(log, on)).await?;
        }
        for effective in [None, Some(3), Some(6)] {
            let samples = self.samples(Samples::recorded);
            let samples = match effective {
                Some(on) => samples.standing_at(At::effective(self.day(on))),
                None => samples,
            };
            let expected = |on| {
                let known = log.partition_point(|entry| entry.recorded <= on);
                self.days(&log[..known], effective.unwrap_or(u32::MAX))
            };
            self.over_time(samples, expected).await?;
        }
        Ok(())
    }

    /// From the first event on, in batches of three.
    async fn rebuilt(&self, stored: &[StoredEvent], log: &[Entry]) -> Result<(), String> {
        let mut built = InMemory::<Days>::new().corrections_from(self.store.clone());
        built.begin().await.map_err(debug)?;
        let passes = |event: &&StoredEvent| Days::filter().passes("account", &event.name);
        let events: Vec<_> = stored.iter().filter(passes).cloned().collect();
        for events in events.chunks(3) {
            let last = events.last().map_or(Position::START, |last| last.position);
            let batch = Batch::new(events.to_vec(), last, true);
            built.consume(&batch).await.map_err(debug)?;
        }
        same(
            "built anew",
            &built.view().read().0,
            &self.days(log, u32::MAX),
        )
    }

    async fn over_time(
        &self,
        samples: Samples,
        expected: impl Fn(u32) -> BTreeMap<Timestamp, i64>,
    ) -> Result<(), String> {
        let value = |days: &Days| days.0.clone();
        let seen = timeline(&self.store, samples, value).await.map_err(debug)?;
        for (on, sample) in (0..=10).zip(&seen) {
            same("over time", &sample.value, &Some(expected(on)))?;
        }
        same("samples", &seen.len(), &11)
    }

    fn samples(&self, clock: fn(RangeInclusive<Timestamp>, Duration) -> Samples) -> Samples {
        clock(self.day(0)..=self.day(10), DAY)
    }

    fn day(&self, on: u32) -> Timestamp {
        day(self.first + on)
    }

    /// The sums of what counts, by day.
    fn days(&self, log: &[Entry], by: u32) -> BTreeMap<Timestamp, i64> {
        let mut days = BTreeMap::new();
        for (effective, _, cents) in facts(log, by) {
            *days.entry(self.day(effective)).or_default() += cents.unwrap_or(0);
        }
        days.retain(|_, cents| *cents != 0);
        days
    }
}

/// What was deposited as it was recorded, whatever was corrected.
fn recorded(log: &[Entry], by: u32) -> Vec<i64> {
    let counts = |entry: &&Entry| entry.effective.unwrap_or(entry.recorded) <= by;
    let deposits = log
        .iter()
        .filter(counts)
        .filter_map(|entry| match entry.says {
            Says::Move(cents) if cents > 0 => Some(cents),
            _ => None,
        });
    deposits.collect()
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    actual: &T,
    expected: &T,
) -> Result<(), String> {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what}: {actual:?}, expected {expected:?}"))
}

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
