//! Reading the log in pages. Where a page ended, the consumer is kept for the next one, with what it sent ahead.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use es_core::{Filter, LogPage, LogQuery, Position, StoreError, StoredEvent};

use super::{Cursor, MAX_BYTES, Received};
use crate::error::{Fault, Trouble};
use crate::events::Events;
use crate::log::Log;
use crate::message::{position, sequence};
use crate::subject;

/// How many events a filtered read looks at before it answers how far it came.
const STEP: usize = 50_000;
/// How many readers of the log find their places again.
const PLACES: usize = 8;

/// Where pages ended.
#[derive(Default)]
pub(crate) struct Places(Mutex<Vec<Place>>);

/// Where a page ended, and what comes after it.
pub(crate) struct Place {
    filter: Filter,
    /// Every event up to here was looked at.
    at: Position,
    /// The head as the leader last told it, and the sequence of the last message up to it that may pass.
    told: Position,
    target: u64,
    cursor: Option<Cursor>,
    /// The sequence of the last message that came.
    reached: u64,
    /// Its events that pass and weren't returned, and the position of its last event.
    rest: VecDeque<StoredEvent>,
    rest_end: Position,
}

/// A page being filled.
struct Page {
    events: Vec<StoredEvent>,
    bytes: usize,
    looked: usize,
}

/// Why reading stops.
enum Stop {
    /// The page takes no more.
    Full,
    /// Everything up to the end was looked at.
    End,
}

impl Places {
    fn take(&self, query: &LogQuery) -> Place {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = |place: &Place| place.at == query.after && place.filter == query.filter;
        match places.iter().position(found) {
            Some(index) => places.remove(index),
            None => Place::new(query),
        }
    }

    fn put(&self, place: Place) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() == PLACES {
            places.remove(0);
        }
        places.push(place);
    }
}

impl Log {
    /// If the future is dropped, so is the place; the next page makes one of its own.
    pub(crate) async fn read_log(&self, query: LogQuery) -> Result<LogPage, StoreError> {
        let mut place = self.places.take(&query);
        let mut page = Page {
            events: Vec::new(),
            bytes: 0,
            looked: 0,
        };
        let end = self.fill(&mut page, &mut place, &query).await?;
        let looked_to = place.at;
        // Within a message there is no place to go on from.
        if place.at >= place.rest_end || !place.rest.is_empty() {
            self.places.put(place);
        }
        Ok(LogPage::new(page.events, looked_to, end))
    }

    /// Whether the log, or what is asked for of it, ends with the page.
    async fn fill(
        &self,
        page: &mut Page,
        place: &mut Place,
        query: &LogQuery,
    ) -> Result<bool, StoreError> {
        let mut asked = false;
        loop {
            let end = place.told.min(query.until);
            if place.at < end {
                match self.read_to(end, page, place, query).await? {
                    Stop::Full => return Ok(false),
                    Stop::End => place.at = place.at.max(end),
                }
            } else if asked || place.at >= query.until {
                return Ok(true);
            } else {
                // What was told before may not be the head any more.
                asked = true;
                self.ask_head(place).await?;
            }
        }
    }

    async fn ask_head(&self, place: &mut Place) -> Result<(), StoreError> {
        place.told = self.head().await?;
        place.target = sequence(place.told);
        // Only after the head was told: whatever is up to it and passes isn't behind this.
        if let (Some(subject), true) = (self.category(&place.filter), place.told > place.at) {
            let last = self.last(&subject, 0).await?;
            place.target = last.map_or(0, |last| last.sequence);
        }
        Ok(())
    }

    /// The subjects of the category, if there is just one.
    fn category(&self, filter: &Filter) -> Option<String> {
        let mut categories = filter.categories();
        match (categories.next(), categories.next()) {
            (Some(category), None) => Some(subject::of_category(&self.name, category)),
            _ => None,
        }
    }

    async fn read_to(
        &self,
        end: Position,
        page: &mut Page,
        place: &mut Place,
        query: &LogQuery,
    ) -> Result<Stop, StoreError> {
        loop {
            if let Some(stop) = place.hand_over(page, query) {
                return Ok(stop);
            }
            if place.at >= end || place.reached >= place.target {
                return Ok(Stop::End);
            }
            if page.is_full(query.limit) || page.looked >= STEP {
                return Ok(Stop::Full);
            }
            let received = self.receive(place).await?;
            self.saw(received.sequence);
            page.looked += place.take_in(&self.name, &received)?;
        }
    }

    async fn receive(&self, place: &mut Place) -> Result<Received, StoreError> {
        let mut tries = self.wire.tries();
        loop {
            match self.try_receive(place).await {
                Ok(received) => return Ok(received),
                Err(trouble) => {
                    place.cursor = None;
                    tries.again(trouble).await?;
                }
            }
        }
    }

    async fn try_receive(&self, place: &mut Place) -> Result<Received, Trouble> {
        let cursor = match &mut place.cursor {
            Some(cursor) => cursor,
            none => {
                let subject = self
                    .category(&place.filter)
                    .unwrap_or_else(|| subject::of_all(&self.name));
                let start = place.reached + 1;
                let expected = place.target.saturating_sub(place.reached);
                let expected = usize::try_from(expected).unwrap_or(usize::MAX);
                let cursor = Cursor::open(&self.wire, &self.name, &subject, start, expected);
                none.insert(cursor.await?)
            }
        };
        cursor.next().await
    }
}

impl Place {
    fn new(query: &LogQuery) -> Self {
        Self {
            filter: query.filter.clone(),
            at: query.after,
            told: Position::START,
            target: 0,
            cursor: None,
            // The message in which the position is may have events after it.
            reached: sequence(query.after).saturating_sub(1),
            rest: VecDeque::new(),
            rest_end: Position::START,
        }
    }

    /// Moves events to the page, as far as the query goes and the page has room.
    fn hand_over(&mut self, page: &mut Page, query: &LogQuery) -> Option<Stop> {
        while let Some(event) = self.rest.front() {
            if event.position > query.until {
                self.at = self.at.max(query.until);
                return Some(Stop::End);
            }
            if page.is_full(query.limit) {
                return Some(Stop::Full);
            }
            if let Some(event) = self.rest.pop_front() {
                self.at = event.position;
                page.push(event);
            }
        }
        // The events after the last one that passes were looked at too.
        self.at = self.at.max(self.rest_end.min(query.until));
        None
    }

    /// Takes a message in; how many events were looked at.
    fn take_in(&mut self, log: &str, received: &Received) -> Result<usize, StoreError> {
        let Received { sequence, message } = received;
        let broken = || Fault::Message(*sequence);
        let stream = subject::stream(log, &message.subject).ok_or_else(broken)?;
        let mut events = Events::of(&message.payload).ok_or_else(broken)?;
        let head = events.head;
        for at in head.placements(*sequence) {
            let event = events.next().ok_or_else(broken)?;
            if at.position > self.at && self.filter.passes(stream.category(), event.name) {
                self.rest.push_back(event.stored(&stream, at));
            }
        }
        if !events.ended() {
            return Err(broken().into());
        }
        self.reached = *sequence;
        self.rest_end = position(*sequence, head.events - 1);
        Ok(head.events)
    }
}

impl Page {
    fn is_full(&self, limit: usize) -> bool {
        self.events.len() >= limit || self.bytes > MAX_BYTES
    }

    fn push(&mut self, event: StoredEvent) {
        self.bytes += event.payload.as_str().len() + event.envelope.metadata.as_str().len();
        self.events.push(event);
    }
}
