use es_core::{
    Direction, EventId, LogPage, LogQuery, Position, Revision, StoredEvent, StreamId, StreamPage,
    StreamQuery,
};

use crate::store::{Log, Stream};

impl Log {
    pub(crate) fn head(&self) -> Position {
        Position::new(self.events.len() as u64)
    }

    pub(crate) fn find(&self, stream: &StreamId, id: EventId) -> Option<StoredEvent> {
        let stream = self.streams.get(stream)?;
        let place = stream.places[*stream.ids.get(&id)?];
        Some(self.events[place].clone())
    }

    pub(crate) fn read_stream(&self, query: &StreamQuery) -> StreamPage {
        let Some(stream) = self.streams.get(&query.stream) else {
            return StreamPage::new(Vec::new(), true);
        };
        let wanted = stream.wanted(query.direction, query.from);
        let taken = wanted.len().min(query.limit);
        let page = |place: &usize| self.events[*place].clone();
        let events = match query.direction {
            Direction::Forwards => wanted[..taken].iter().map(page).collect(),
            Direction::Backwards => wanted.iter().rev().take(taken).map(page).collect(),
        };
        StreamPage::new(events, taken == wanted.len())
    }

    pub(crate) fn read(&self, query: &LogQuery) -> LogPage {
        let (mut events, mut looked_to) = (Vec::new(), query.after);
        let until = index(query.until.number()).min(self.events.len());
        for event in &self.events[index(query.after.number()).min(until)..until] {
            if query
                .filter
                .passes(event.envelope.stream.category(), &event.name)
            {
                if events.len() == query.limit {
                    return LogPage::new(events, looked_to, false);
                }
                events.push(event.clone());
            }
            looked_to = event.position;
        }
        LogPage::new(events, looked_to, true)
    }
}

impl Stream {
    /// The places of the events from a revision on in this direction, in the stream's order.
    fn wanted(&self, direction: Direction, from: Option<Revision>) -> &[usize] {
        match (direction, from) {
            (_, None) => &self.places,
            (Direction::Forwards, Some(from)) => {
                let before = index(from.number().saturating_sub(1));
                &self.places[before.min(self.places.len())..]
            }
            (Direction::Backwards, Some(from)) => {
                &self.places[..index(from.number()).min(self.places.len())]
            }
        }
    }
}

/// A count of events in memory; more than fit are past the end anyway.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
