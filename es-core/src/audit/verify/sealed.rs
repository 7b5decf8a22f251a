use std::collections::{HashMap, VecDeque};

use super::super::seal::{Noted, Sealed, seals};
use crate::{
    Digest, EventStore, Position, Revision, StoreError, StoredEvent, StreamId, StreamQuery,
};

/// The seals that the log itself holds, in order, read as they are needed.
pub(super) struct Seals {
    page: VecDeque<Sealed>,
    next: Option<StreamQuery>,
    until: Position,
    to: Position,
    /// The last one's revision and hash.
    last: Option<(Revision, Option<Digest>)>,
}

impl Seals {
    /// Those up to this position of the log.
    pub(super) fn until(until: Position) -> Result<Self, StoreError> {
        Ok(Self {
            page: VecDeque::new(),
            next: Some(StreamQuery::forwards(seals()?).limit(100)),
            until,
            to: Position::START,
            last: None,
        })
    }

    /// The next seal, as what it covers of the log is about to be seen. One that can't be read is passed over: its own hash
    /// tells what was done to it.
    pub(super) async fn next<S: EventStore + ?Sized>(
        &mut self,
        store: &S,
    ) -> Result<Option<Covered>, StoreError> {
        loop {
            while let Some(sealed) = self.page.pop_front() {
                if sealed.position > self.to {
                    self.to = sealed.position;
                    return Ok(Some(Covered::new(sealed)));
                }
            }
            let Some(query) = self.next.take() else {
                return Ok(None);
            };
            let page = store.read_stream(query.clone()).await?;
            self.next = query.after(&page);
            for event in &page.events {
                if event.position <= self.until && self.is_sound(event) {
                    self.page.extend(Sealed::decode(event));
                }
            }
        }
    }

    /// Whether a seal is as it was written, as far as the one before it tells.
    fn is_sound(&mut self, event: &StoredEvent) -> bool {
        let revision = event.envelope.revision;
        let before = match self.last.replace((revision, event.hash)) {
            None => None,
            Some((last, hash)) if last.next() == revision => hash,
            Some(_) => return true,
        };
        (event.hash).is_none_or(|hash| hash == Digest::of_stored(before, revision, event))
    }
}

/// What a seal covers, and what was seen of it.
pub(super) struct Covered {
    pub(super) sealed: Sealed,
    seen: HashMap<StreamId, (u64, Revision)>,
}

impl Covered {
    fn new(sealed: Sealed) -> Self {
        Self {
            sealed,
            seen: HashMap::new(),
        }
    }

    /// Whether the seal covers this position.
    pub(super) fn covers(&self, position: Position) -> bool {
        self.sealed.after < position && position <= self.sealed.position
    }

    /// Whether an event is the one that was sealed; `None` if there was none.
    pub(super) fn see(&mut self, event: &StoredEvent, noted: Noted) -> Option<bool> {
        let fits = self.sealed.fits(event, noted)?;
        let seen = self.seen.entry(event.envelope.stream.clone());
        let (count, last) = seen.or_insert((0, Revision::EMPTY));
        *count += 1;
        *last = event.envelope.revision;
        Some(fits)
    }

    /// For each stream that has fewer events than were sealed, the first revision that is missing at its end, or the last
    /// one of all if it isn't at the end.
    pub(super) fn missing(&self) -> Vec<(StreamId, Revision)> {
        let missing = self.sealed.streams.keys().filter_map(|name| {
            let stream: StreamId = name.parse().ok()?;
            let (count, last) = self.sealed.of_stream(name)?;
            let first = last.next().number().saturating_sub(count);
            let (seen, seen_last) = match self.seen.get(&stream) {
                Some(seen) => *seen,
                None => (0, Revision::new(first.saturating_sub(1))),
            };
            (seen < count).then(|| (stream, seen_last.next().min(last)))
        });
        missing.collect()
    }
}
