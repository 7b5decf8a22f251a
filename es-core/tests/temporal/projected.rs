//! Projections beside the naive reference: while they follow, built anew, as of any point and over time.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use es_core::{
    Append, Appended, At, Batch, BoxFuture, ByStream, Consumer, EventId, EventStore, Fold,
    InMemory, LogPage, LogQuery, Position, Projection, Samples, StoreError, StoredEvent, StreamId,
    StreamPage, StreamQuery, Timestamp, project, timeline,
};

use crate::bank::{DAY, day};
use crate::by_stream::Moves;
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
    days: InMemory<Days>,
    moves: InMemory<ByStream<Moves>>,
    looked_to: Position,
}

impl<S: EventStore + Clone> Projected<S> {
    pub(crate) async fn new(store: S, first: u32) -> Result<Self, StoreError> {
        let head = store.head().await?;
        let store = Since(store, head);
        let (days, moves) = (following(&store).await?, following(&store).await?);
        Ok(Self {
            store,
            first,
            days,
            moves,
            looked_to: head,
        })
    }

    /// What came since is taken in, and is what the reference has.
    pub(crate) async fn follow(&mut self, log: &[Entry]) -> Result<(), String> {
        let query = LogQuery::after(self.looked_to).filter(Days::filter());
        let page = self.store.read_log(query).await.map_err(debug)?;
        self.looked_to = page.looked_to;
        let batch = Batch::new(page.events, page.looked_to, true);
        self.days.consume(&batch).await.map_err(debug)?;
        let expected = self.days(log, u32::MAX);
        same("followed", &self.days.view().read().0, &expected)?;
        self.moves.consume(&batch).await.map_err(debug)?;
        let expected = self.moves(log, u32::MAX);
        same(
            "followed by stream",
            &only(&self.moves.view().read()),
            &expected,
        )
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
            let moves: ByStream<Moves> = project(&self.store, at).await.map_err(debug)?;
            same("asked by stream", &only(&moves), &self.moves(log, by))?;
            let slips: Slips = project(&self.store, at).await.map_err(debug)?;
            same("asked, without corrections", &slips.0, &recorded(log, by))?;
            let samples = self.samples(Samples::effective);
            let samples = samples.standing_at(event.position.into());
            self.over_time(samples, |on| (log, on)).await?;
        }
        for effective in [None, Some(3), Some(6)] {
            let samples = self.samples(Samples::recorded);
            let samples = match effective {
                Some(on) => samples.standing_at(At::effective(self.day(on))),
                None => samples,
            };
            let expected = |on| {
                let known = log.partition_point(|entry| entry.recorded <= on);
                (&log[..known], effective.unwrap_or(u32::MAX))
            };
            self.over_time(samples, expected).await?;
        }
        Ok(())
    }

    /// From the first event on, in batches of three.
    async fn rebuilt(&self, stored: &[StoredEvent], log: &[Entry]) -> Result<(), String> {
        let (mut days, mut moves) = (following(&self.store).await, following(&self.store).await);
        let (days, moves): (&mut InMemory<Days>, &mut InMemory<ByStream<Moves>>) = (
            days.as_mut().map_err(debug)?,
            moves.as_mut().map_err(debug)?,
        );
        let passes = |event: &&StoredEvent| Days::filter().passes("account", &event.name);
        let events: Vec<_> = stored.iter().filter(passes).cloned().collect();
        for events in events.chunks(3) {
            let last = events.last().map_or(Position::START, |last| last.position);
            let batch = Batch::new(events.to_vec(), last, true);
            days.consume(&batch).await.map_err(debug)?;
            moves.consume(&batch).await.map_err(debug)?;
        }
        let expected = self.days(log, u32::MAX);
        same("built anew", &days.view().read().0, &expected)?;
        let expected = self.moves(log, u32::MAX);
        same(
            "built anew by stream",
            &only(&moves.view().read()),
            &expected,
        )
    }

    /// At each instant, as the reference has it of these entries by that day.
    async fn over_time<'l>(
        &self,
        samples: Samples,
        asked: impl Fn(u32) -> (&'l [Entry], u32),
    ) -> Result<(), String> {
        let value = |days: &Days| days.0.clone();
        let days = timeline(&self.store, samples.clone(), value).await;
        let moves = timeline(&self.store, samples, only).await;
        let (days, moves) = (days.map_err(debug)?, moves.map_err(debug)?);
        for (on, (days, moves)) in (0..=10).zip(days.iter().zip(&moves)) {
            let (log, by) = asked(on);
            same("over time", &days.value, &Some(self.days(log, by)))?;
            same(
                "over time by stream",
                &moves.value,
                &Some(self.moves(log, by)),
            )?;
        }
        same("samples", &(days.len(), moves.len()), &(11, 11))
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

    /// What counts, in the order of the fold.
    fn moves(&self, log: &[Entry], by: u32) -> Vec<(Timestamp, i64)> {
        let facts = facts(log, by).into_iter();
        let moves = facts.filter_map(|(on, _, cents)| Some((self.day(on), cents?)));
        moves.collect()
    }
}

/// One that looks up corrections in the store, and has begun.
async fn following<P: Fold + Clone + Default, S: EventStore + Clone>(
    store: &S,
) -> Result<InMemory<P>, StoreError> {
    let mut projection = InMemory::<P>::new().corrections_from(store.clone());
    let begun = projection.begin().await;
    begun.map_err(|error| StoreError::Backend(error.into()))?;
    Ok(projection)
}

/// What is kept of the case's stream.
fn only(moves: &ByStream<Moves>) -> Vec<(Timestamp, i64)> {
    assert!(moves.len() <= 1);
    let only = moves.iter().next();
    only.map(|(_, moves)| moves.0.clone()).unwrap_or_default()
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
