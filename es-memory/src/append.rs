//! Judging an append and taking it in, all under one lock: that makes it atomic, and position order the order of
//! acceptance.

use es_core::{
    Append, Appended, Digest, Envelope, EventId, Limits, NewEvent, Placement, Position, Revision,
    StoreError, StoredEvent, StreamId, Timestamp, Verdict,
};

use crate::store::{Log, Shared, Stream};

impl Shared {
    pub(crate) fn append(&self, append: Append) -> Result<Appended, StoreError> {
        append.check(&Limits::DEFAULT)?;
        let mut log = self.log();
        if let Verdict::Repeated(appended) = log.judge(&append)? {
            return Ok(appended);
        }
        let recorded_at = self.clock.now().max(log.last_recorded_at());
        let appended = log.accept(append, recorded_at);
        // Before the lock is released: whoever waits finds the events, and positions are told in order.
        self.head.tell(appended.position());
        Ok(appended)
    }
}

impl Log {
    fn judge(&self, append: &Append) -> Result<Verdict, StoreError> {
        match self.streams.get(&append.stream) {
            None => append.judge(Revision::EMPTY, |_| Ok(None)),
            Some(stream) => append.judge(stream.revision(), |id| Ok(self.placement(stream, id))),
        }
    }

    fn placement(&self, stream: &Stream, id: EventId) -> Option<Placement> {
        let event = &self.events[stream.places[*stream.ids.get(&id)?]];
        Some(Placement::new(
            event.envelope.revision,
            event.position,
            event.envelope.recorded_at,
        ))
    }

    /// Clocks step back; record time doesn't.
    fn last_recorded_at(&self) -> Timestamp {
        self.events
            .last()
            .map_or(Timestamp::MIN, |event| event.envelope.recorded_at)
    }

    fn accept(&mut self, append: Append, recorded_at: Timestamp) -> Appended {
        let Append { stream, events, .. } = append;
        let entry = self.streams.entry(stream.clone()).or_default();
        let previous = entry.places.last().and_then(|last| self.events[*last].hash);
        let hashes = match self.hashed_from {
            Some(_) => Digest::of_events(previous, &stream, entry.revision().next(), &events),
            None => Vec::new(),
        };
        let mut placements = Vec::with_capacity(events.len());
        for (place, event) in events.into_iter().enumerate() {
            entry.ids.insert(event.id, entry.places.len());
            entry.places.push(self.events.len());
            let position = Position::new(self.events.len() as u64 + 1);
            let placement = Placement::new(entry.revision(), position, recorded_at);
            let mut event = stored(&stream, event, placement);
            event.hash = hashes.get(place).copied();
            self.events.push(event);
            placements.push(placement);
        }
        Appended::new(placements)
    }
}

impl Stream {
    pub(crate) fn revision(&self) -> Revision {
        Revision::new(self.places.len() as u64)
    }
}

fn stored(stream: &StreamId, event: NewEvent, at: Placement) -> StoredEvent {
    let mut envelope = Envelope::new(event.id, stream.clone(), at.revision, at.recorded_at);
    envelope.effective_at = event.effective_at;
    envelope.metadata = event.metadata;
    StoredEvent::new(
        envelope,
        at.position,
        event.name,
        event.version,
        event.payload,
    )
}
