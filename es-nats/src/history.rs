//! What a handle remembers of streams, so that an append is judged by its ids without reading its stream again.
//!
//! It is never relied on alone: an append names the message that it was judged after, and the server takes it only if that
//! is still the stream's last.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use es_core::{Digest, EventId, Placement, Revision, StoreError, StreamId, Timestamp};
use lru::LruCache;

use crate::error::Fault;
use crate::message::{Head, position};

/// How many streams are remembered, and how many ids of events in all of them. An id takes about 50 bytes.
const STREAMS: NonZeroUsize = NonZeroUsize::new(65_536).unwrap();
const IDS: usize = 1 << 20;

/// A stream from its first message to one that was once its last.
#[derive(Default)]
pub(crate) struct History {
    /// Whether it was read at all: an empty one that wasn't says nothing.
    pub known: bool,
    messages: Vec<Told>,
    /// The last event's.
    hash: Option<Digest>,
    ids: HashMap<EventId, u64>,
}

/// A message of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub sequence: u64,
    pub head: Head,
}

impl History {
    /// The sequence of the last message, 0 for none.
    pub(crate) fn last(&self) -> u64 {
        self.messages.last().map_or(0, |told| told.sequence)
    }

    pub(crate) fn revision(&self) -> Revision {
        let last = self.messages.last();
        last.map_or(Revision::EMPTY, |told| told.head.last())
    }

    /// The last event's hash, if it has one.
    pub(crate) fn hash(&self) -> Option<Digest> {
        self.hash
    }

    pub(crate) fn recorded_at(&self) -> Timestamp {
        let last = self.messages.last();
        last.map_or(Timestamp::MIN, |told| told.head.recorded_at)
    }

    /// Adds the message after the last one.
    pub(crate) fn add(
        &mut self,
        told: Told,
        ids: impl IntoIterator<Item = EventId>,
        hash: Option<Digest>,
    ) -> Result<(), StoreError> {
        let Told { sequence, head } = told;
        if head.previous != self.last() || head.first != self.revision().next() {
            return Err(Fault::OutOfOrder { sequence }.into());
        }
        self.known = true;
        self.messages.push(told);
        self.hash = hash;
        self.ids.extend(ids.into_iter().zip(head.first.number()..));
        Ok(())
    }

    /// Where an event is, by its id.
    pub(crate) fn find(&self, id: EventId) -> Option<Placement> {
        let revision = Revision::new(*self.ids.get(&id)?);
        let told = self.message_of(revision)?;
        let index = revision.number() - told.head.first.number();
        let index = usize::try_from(index).ok()?;
        let position = position(told.sequence, index);
        Some(Placement::new(revision, position, told.head.recorded_at))
    }

    /// The message in which a revision stands, if it is known.
    pub(crate) fn message_of(&self, revision: Revision) -> Option<Told> {
        let after = |told: &Told| told.head.first <= revision;
        let index = self.messages.partition_point(after).checked_sub(1)?;
        let told = self.messages[index];
        (revision <= told.head.last()).then_some(told)
    }

    fn size(&self) -> usize {
        self.ids.len()
    }
}

/// A remembered stream. Appends to it take turns: each has to know what the one before it came to.
#[derive(Default)]
pub(crate) struct Entry {
    pub history: tokio::sync::Mutex<History>,
    /// How many of its ids are counted.
    size: AtomicUsize,
    /// Whether it isn't among those that are remembered any more, so that nothing of it is counted.
    forgotten: AtomicBool,
    /// The sequence of its last message, also while an append is under way.
    last: AtomicU64,
}

impl Entry {
    /// The sequence of the last message that is known, 0 for none: no answer from before it is taken.
    pub(crate) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }
}

/// The streams that were last used.
pub(crate) struct Streams(Mutex<Remembered>);

struct Remembered {
    entries: LruCache<StreamId, Arc<Entry>>,
    ids: usize,
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Remembered {
            entries: LruCache::new(STREAMS),
            ids: 0,
        }))
    }

    pub(crate) fn entry(&self, stream: &StreamId) -> Arc<Entry> {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = remembered.entries.get(stream) {
            return Arc::clone(entry);
        }
        let entry = Arc::<Entry>::default();
        let gone = remembered.entries.push(stream.clone(), Arc::clone(&entry));
        remembered.forgot(gone);
        entry
    }

    /// Notes and counts what a stream has grown by, and forgets others where that is too much.
    pub(crate) fn grown(&self, entry: &Entry, history: &History) {
        entry.last.fetch_max(history.last(), Ordering::Relaxed);
        let size = history.size();
        let grown = size.saturating_sub(entry.size.load(Ordering::Relaxed));
        if grown == 0 {
            return;
        }
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.forgotten.load(Ordering::Relaxed) {
            return;
        }
        entry.size.store(size, Ordering::Relaxed);
        remembered.ids += grown;
        while remembered.ids > IDS && remembered.entries.len() > 1 {
            let gone = remembered.entries.pop_lru();
            remembered.forgot(gone);
        }
    }
}

impl Remembered {
    fn forgot(&mut self, gone: Option<(StreamId, Arc<Entry>)>) {
        if let Some((_, entry)) = gone {
            entry.forgotten.store(true, Ordering::Relaxed);
            let size = entry.size.load(Ordering::Relaxed);
            self.ids = self.ids.saturating_sub(size);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use es_core::{EventId, Revision, StreamId, Timestamp};

    use super::{Head, History, IDS, Streams, Told};

    fn told(sequence: u64, previous: u64, first: u64, events: usize) -> Told {
        let head = Head {
            previous,
            first: Revision::new(first),
            recorded_at: Timestamp::EPOCH,
            events,
        };
        Told { sequence, head }
    }

    fn ids(from: u32, count: u32) -> Vec<EventId> {
        let id = |n: u32| EventId::from_bytes(u128::from(n).to_be_bytes());
        (from..from + count).map(id).collect()
    }

    #[test]
    fn an_id_leads_to_its_place() {
        let mut history = History::default();
        history.add(told(4, 0, 1, 1), ids(1, 1), None).unwrap();
        history.add(told(9, 4, 2, 3), ids(2, 3), None).unwrap();
        let place = history.find(ids(3, 1)[0]).unwrap();
        assert_eq!(place.revision.number(), 3);
        assert_eq!(place.position.number(), (9 << 16) + 1);
        assert!(history.find(ids(9, 1)[0]).is_none());
        assert_eq!((history.last(), history.revision().number()), (9, 4));
        assert!(history.message_of(Revision::new(5)).is_none());
        assert!(history.message_of(Revision::EMPTY).is_none());
    }

    #[test]
    fn a_message_that_does_not_follow_is_refused() {
        let mut history = History::default();
        history.add(told(4, 0, 1, 2), ids(1, 2), None).unwrap();
        for wrong in [told(9, 0, 3, 1), told(9, 4, 2, 1), told(9, 4, 4, 1)] {
            assert!(history.add(wrong, ids(7, 1), None).is_err());
        }
        assert_eq!((history.last(), history.revision().number()), (4, 2));
        assert!(history.find(ids(7, 1)[0]).is_none());
    }

    #[test]
    fn what_was_acknowledged_is_told_while_an_append_is_under_way() {
        let streams = Streams::new();
        let entry = streams.entry(&StreamId::new("s", "1").unwrap());
        let mut history = entry.history.try_lock().unwrap();
        history.add(told(4, 0, 1, 2), ids(1, 2), None).unwrap();
        streams.grown(&entry, &history);
        assert!(entry.history.try_lock().is_err());
        assert_eq!(entry.last(), 4);
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let streams = Streams::new();
        let stream = |n: u32| StreamId::new("s", &n.to_string()).unwrap();
        let half = u32::try_from(IDS / 2).unwrap();
        for n in 0..3 {
            let entry = streams.entry(&stream(n));
            let mut history = History::default();
            history
                .add(told(1, 0, 1, IDS / 2), ids(0, half), None)
                .unwrap();
            streams.grown(&entry, &history);
            streams.grown(&entry, &history);
        }
        let remembered = streams.0.lock().unwrap();
        assert_eq!((remembered.entries.len(), remembered.ids), (2, IDS));
        assert!(!remembered.entries.contains(&stream(0)));
        drop(remembered);
        let again = streams.entry(&stream(2));
        assert!(Arc::ptr_eq(&again, &streams.entry(&stream(2))));
    }

    /// Whoever holds a stream that was forgotten meanwhile goes on with it, and nobody would ever subtract its ids.
    #[test]
    fn what_was_forgotten_is_not_counted() {
        let streams = Streams::new();
        let stream = |n: u32| StreamId::new("s", &n.to_string()).unwrap();
        let held = streams.entry(&stream(0));
        let mut history = History::default();
        history.add(told(1, 0, 1, 2), ids(0, 2), None).unwrap();
        streams.grown(&held, &history);
        let mut large = History::default();
        let all = u32::try_from(IDS).unwrap();
        large.add(told(2, 0, 1, IDS), ids(10, all), None).unwrap();
        streams.grown(&streams.entry(&stream(1)), &large);
        history.add(told(3, 1, 3, 5), ids(3, 5), None).unwrap();
        streams.grown(&held, &history);
        let remembered = streams.0.lock().unwrap();
        assert!(!remembered.entries.contains(&stream(0)));
        assert_eq!((remembered.entries.len(), remembered.ids), (1, IDS));
    }
}
