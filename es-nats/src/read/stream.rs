//! Reading streams. The leader is asked for a stream's last message first: what is read up to that is complete.

use es_core::{
    Direction, EventId, Revision, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
};

use super::range::Range;
use crate::error::Fault;
use crate::events::Events;
use crate::history::{Entry, Told};
use crate::kept::{Kept, Which};
use crate::log::{Log, ONE_BY_ONE, events};
use crate::subject;

impl Log {
    /// The event of a stream with this id: what is remembered of the stream tells where it is.
    pub(crate) async fn find(
        &self,
        stream: &StreamId,
        id: EventId,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let entry = self.streams.entry(stream);
        let mut history = entry.history.lock().await;
        if history.find(id).is_none() {
            let subject = subject::of_stream(&self.name, stream);
            self.refresh(&subject, &mut history).await?;
            self.streams.grown(&entry, &history);
        }
        let told = history
            .find(id)
            .and_then(|at| history.message_of(at.revision));
        drop(history);
        let Some(Told { sequence, .. }) = told else {
            return Ok(None);
        };
        let kept = self
            .wire
            .message(&self.name, &Which::at(sequence))
            .await?
            .ok_or(Fault::OutOfOrder { sequence })?;
        let mut range = Range::new(stream, 1, u64::MAX, usize::MAX);
        range.take(sequence, &kept.data)?;
        Ok(range
            .events
            .into_iter()
            .find(|event| event.envelope.id == id))
    }

    pub(crate) async fn read_stream(&self, query: StreamQuery) -> Result<StreamPage, StoreError> {
        let subject = subject::of_stream(&self.name, &query.stream);
        let entry = self.streams.entry(&query.stream);
        let Some(last) = self.last(&subject, entry.last()).await? else {
            return Ok(StreamPage::new(Vec::new(), true));
        };
        let revision = events(&last)?.head.last().number();
        let reading = Reading {
            log: self,
            subject: &subject,
            entry: &entry,
            last,
        };
        match query.direction {
            Direction::Forwards => reading.forwards(&query, revision).await,
            Direction::Backwards => reading.backwards(&query, revision).await,
        }
    }
}

/// A stream being read, and its last message.
struct Reading<'r> {
    log: &'r Log,
    subject: &'r str,
    entry: &'r Entry,
    last: Kept,
}

impl Reading<'_> {
    async fn forwards(self, query: &StreamQuery, revision: u64) -> Result<StreamPage, StoreError> {
        let from = query.from.map_or(1, Revision::number).max(1);
        let mut range = Range::new(&query.stream, from, revision, query.limit);
        if from <= revision {
            let start = self.start(from);
            let until = self.last.sequence;
            self.read(start, until, &mut range).await?;
        }
        let end = range.next > revision;
        Ok(StreamPage::new(range.events.into(), end))
    }

    async fn backwards(self, query: &StreamQuery, revision: u64) -> Result<StreamPage, StoreError> {
        let to = query.from.map_or(revision, Revision::number).min(revision);
        let limit = query.limit as u64;
        let from = to.saturating_sub(limit.saturating_sub(1)).max(1);
        if to == 0 {
            return Ok(StreamPage::new(Vec::new(), true));
        }
        let mut range = Range::new(&query.stream, from, to, query.limit).newest();
        let mut until = self.last.sequence;
        let mut start = self.start(from);
        if self.is_far(from)? {
            // Where a page far from both ends is, only the whole stream tells, once.
            let mut history = self.entry.history.lock().await;
            if history.message_of(Revision::new(to)).is_none() {
                self.log.refresh(self.subject, &mut history).await?;
                self.log.streams.grown(self.entry, &history);
            }
            let sequence = |revision| history.message_of(Revision::new(revision));
            start = sequence(from).map_or(1, |told| told.sequence);
            until = sequence(to).map_or(until, |told| told.sequence);
        }
        self.read(start, until, &mut range).await?;
        let mut page: Vec<_> = range.events.into();
        page.reverse();
        let first = page
            .last()
            .map_or(0, |event| event.envelope.revision.number());
        Ok(StreamPage::new(page, first == 1))
    }

    /// The sequence of the message in which a revision is, or one before it.
    fn start(&self, revision: u64) -> u64 {
        let history = self.entry.history.try_lock().ok();
        let told = history.and_then(|history| history.message_of(Revision::new(revision)));
        told.map_or(1, |told| told.sequence)
    }

    /// Whether more than a few messages may be between a revision and the end.
    fn is_far(&self, revision: u64) -> Result<bool, StoreError> {
        let first = events(&self.last)?.head.first.number();
        Ok(first.saturating_sub(revision) > ONE_BY_ONE)
    }

    async fn read(self, start: u64, until: u64, range: &mut Range<'_>) -> Result<(), StoreError> {
        let is_far = self.is_far(range.next)?;
        let Self {
            log,
            subject,
            entry,
            last,
        } = self;
        if !is_far && let Some(walked) = walk(log, range.next, last).await? {
            return take(log, entry, &walked, range);
        }
        let expected = range.expected();
        log.scan(subject, start, until, expected, |received| {
            let (sequence, payload) = (received.sequence, &received.message.payload);
            learn(log, entry, sequence, payload);
            range.take(sequence, payload)
        })
        .await
    }
}

/// Reads back from the last message to that with the first revision. `None` where a message doesn't lead to the one before
/// it: somebody edited the log, and what is left of it is to be read all the same.
async fn walk(log: &Log, first: u64, last: Kept) -> Result<Option<Vec<Kept>>, StoreError> {
    let mut walked = vec![last];
    loop {
        let earliest = &walked[walked.len() - 1];
        let head = events(earliest)?.head;
        if head.first.number() <= first {
            break;
        }
        if head.previous == 0
            || head.previous >= earliest.sequence
            || walked.len() as u64 > ONE_BY_ONE
        {
            return Ok(None);
        }
        let which = Which::at(head.previous);
        let before = log.wire.message(&log.name, &which).await?;
        match before.filter(|before| before.subject == earliest.subject) {
            Some(before) => walked.push(before),
            None => return Ok(None),
        }
    }
    walked.reverse();
    Ok(Some(walked))
}

/// Takes what is wanted of messages in order.
fn take(
    log: &Log,
    entry: &Entry,
    walked: &[Kept],
    range: &mut Range<'_>,
) -> Result<(), StoreError> {
    for kept in walked {
        learn(log, entry, kept.sequence, &kept.data);
        if !range.take(kept.sequence, &kept.data)? {
            break;
        }
    }
    Ok(())
}

/// Remembers a message that follows what is remembered of its stream.
fn learn(log: &Log, entry: &Entry, sequence: u64, message: &[u8]) {
    let Ok(mut history) = entry.history.try_lock() else {
        return;
    };
    let Some(events) = Events::of(message) else {
        return;
    };
    let head = events.head;
    if head.previous == history.last()
        && sequence > history.last()
        && let Some(known) = events.known()
    {
        // One that doesn't follow is told to whoever appends.
        let _ = history.add(Told { sequence, head }, known.ids, known.hash);
        log.streams.grown(entry, &history);
    }
}
