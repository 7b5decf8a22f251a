use std::collections::HashMap;

use super::correction::{Correction, is_correction};
use super::struck::Struck;
use crate::{
    Direction, EventStore, Failure, Position, Projection, Revision, StoreError, StoredEvent,
    StreamId, StreamPage, StreamQuery, Undecodable, spans,
};

/// The facts that corrections changed, as they were and as they are: read from the streams, before a handler takes the
/// corrections in.
///
/// Filled by whoever keeps projections in a database, which a handler that writes into it may not wait for; asked by
/// [`ProjectionEvents::input`](crate::ProjectionEvents::input). What a correction changed is said by the entries up to it,
/// which never change: it is the same whenever it is looked up, and by whomever.
///
/// A whole batch is looked up by [`of`](Self::of). Who has no [`EventStore`] to ask, as inside of a transaction, reads page by
/// page what [is lacking](Self::lacks):
///
/// ```
/// use es_core::{CorrectedFacts, StoreError, StoredEvent, StreamPage, StreamQuery};
///
/// fn looked_up(
///     event: &StoredEvent,
///     read: impl Fn(&StreamQuery) -> Result<StreamPage, StoreError>,
/// ) -> Result<CorrectedFacts, StoreError> {
///     let mut facts = CorrectedFacts::default();
///     while let Some(query) = facts.lacks(event) {
///         let page = read(&query)?;
///         facts.put(&query, page);
///     }
///     Ok(facts)
/// }
/// ```
#[derive(Debug, Default)]
pub struct CorrectedFacts {
    /// What was read, so that corrections of one stream share it.
    streams: HashMap<StreamId, Stretch>,
    struck: HashMap<Position, Result<Struck, Box<Undecodable>>>,
}

impl CorrectedFacts {
    /// What the corrections among these events changed, read from the log that they are of; nothing is read for a projection
    /// that passes over corrections.
    ///
    /// A correction that can't be read fails when it is taken in, and not here: so it may be parked.
    ///
    /// # Errors
    ///
    /// The log's own; [`StoreError::Backend`] if there are corrections and nobody has said which log it is.
    pub async fn of<P: Projection>(
        log: Option<&dyn EventStore>,
        events: &[StoredEvent],
    ) -> Result<Self, Failure> {
        let mut facts = Self::default();
        if !P::CORRECTIONS {
            return Ok(facts);
        }
        for event in events.iter().filter(|event| is_correction(&event.name)) {
            let log = log.ok_or_else(|| untold(P::NAME))?;
            facts.read(log, event).await?;
        }
        Ok(facts)
    }

    /// Reads what a correction changed.
    pub(crate) async fn read<S: EventStore + ?Sized>(
        &mut self,
        store: &S,
        event: &StoredEvent,
    ) -> Result<(), StoreError> {
        while let Some(query) = self.lacks(event) {
            let page = spans::read_stream(store, query.clone()).await?;
            self.put(&query, page);
        }
        Ok(())
    }

    /// What is to be read next of its stream, to know what an event corrected; `None` once that is known, or if it corrects
    /// nothing.
    pub fn lacks(&mut self, event: &StoredEvent) -> Option<StreamQuery> {
        if !is_correction(&event.name) || self.struck.contains_key(&event.position) {
            return None;
        }
        let stream = &event.envelope.stream;
        let stretch = self.streams.entry(stream.clone()).or_default();
        let struck = match stretch.reach_end(event) {
            Ok(Reached::Lacks(query)) => return Some(query),
            Ok(Reached::Entries(entries)) => Struck::among(entries),
            Err(error) => Err(error),
        };
        let struck = match struck {
            Err(StoreError::Undecodable(error)) => Err(error),
            // No other error comes of entries that are at hand.
            struck => Ok(struck.ok()?),
        };
        self.struck.insert(event.position, struck);
        None
    }

    /// Takes in what was read.
    pub fn put(&mut self, query: &StreamQuery, page: StreamPage) {
        let stretch = self.streams.entry(query.stream.clone()).or_default();
        stretch.put(query.direction, page.events);
    }

    /// What a correction changed, if it was looked up.
    pub(crate) fn struck(
        &self,
        correction: &StoredEvent,
    ) -> Option<&Result<Struck, Box<Undecodable>>> {
        self.struck.get(&correction.position)
    }

    pub(crate) fn into_struck(
        mut self,
        correction: &StoredEvent,
    ) -> Result<Option<Struck>, StoreError> {
        let struck = self.struck.remove(&correction.position).transpose();
        struck.map_err(StoreError::Undecodable)
    }
}

/// A projection that follows corrections and has nowhere to look them up.
pub(crate) fn untold(projection: &str) -> Failure {
    let cause = format!(
        "the projection `{projection}` follows corrections and wasn't told which log it reads: a `Runner` tells it, and \
         whoever feeds it by hand calls `Consumer::read_from`"
    );
    StoreError::Backend(cause.into()).into()
}

/// Entries of a stream, without a gap between them.
#[derive(Debug, Default)]
struct Stretch {
    entries: Vec<StoredEvent>,
    /// Whether the store has no more, where there should be.
    ended: bool,
}

enum Reached<'s> {
    Entries(&'s [StoredEvent]),
    Lacks(StreamQuery),
}

impl Stretch {
    /// The entries up to and including a correction, from the one on at which what is corrected ends: whether an entry counts
    /// is said only by later ones, and what a correction changes stands on the way of the targets from it down.
    fn reach_end(&mut self, correction: &StoredEvent) -> Result<Reached<'_>, StoreError> {
        let (stream, revision) = (
            &correction.envelope.stream,
            correction.envelope.revision.number(),
        );
        let last = self.first() + self.entries.len() as u64;
        if self.entries.is_empty() || self.ended && revision > last {
            self.entries = vec![correction.clone()];
        } else if revision == last {
            self.entries.push(correction.clone());
        } else if revision > last {
            let query = StreamQuery::forwards(stream.clone()).from(Revision::new(last));
            return Ok(Reached::Lacks(at_most(query, revision - last)));
        }
        let first = self.first();
        let mut lowest = revision;
        while lowest >= first {
            let Some(entry) = self.entries.get(index(lowest - first)) else {
                break;
            };
            let target = Correction::of(entry)?.and_then(|it| it.target());
            match target.map(|target| target.revision.number()) {
                Some(target) if (1..lowest).contains(&target) => lowest = target,
                // One that points nowhere is refused by whoever asks what counts.
                _ => break,
            }
        }
        if lowest < first && !self.ended {
            let query = StreamQuery::backwards(stream.clone()).from(Revision::new(first - 1));
            return Ok(Reached::Lacks(at_most(query, first - lowest)));
        }
        let from = index(lowest.max(first) - first);
        let until = index(revision.max(first) - first);
        let entries = self.entries.get(from..=until);
        Ok(Reached::Entries(entries.unwrap_or_default()))
    }

    /// The revision of the first entry.
    fn first(&self) -> u64 {
        let first = self.entries.first();
        first.map_or(0, |first| first.envelope.revision.number())
    }

    fn put(&mut self, direction: Direction, mut read: Vec<StoredEvent>) {
        let before = self.entries.len();
        let (first, next) = (self.first(), self.first() + before as u64);
        match direction {
            Direction::Forwards => {
                let following =
                    |(next, entry): &(u64, StoredEvent)| entry.envelope.revision.number() == *next;
                let read = (next..).zip(read).take_while(following);
                self.entries.extend(read.map(|(_, entry)| entry));
            }
            Direction::Backwards => {
                let last = read.first().map(|last| last.envelope.revision.number() + 1);
                if last == Some(first) {
                    read.reverse();
                    self.entries.splice(0..0, read);
                }
            }
        }
        self.ended = self.entries.len() == before;
    }
}

/// A place within a stretch, which is in memory.
fn index(after: u64) -> usize {
    usize::try_from(after).unwrap_or(usize::MAX)
}

fn at_most(query: StreamQuery, wanted: u64) -> StreamQuery {
    let limit = query.limit.min(index(wanted));
    query.limit(limit)
}
