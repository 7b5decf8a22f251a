//! The log on its servers, as a handle knows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use es_core::{Clock, Position, StoreError};

use crate::error::{Fault, Trouble};
use crate::events::Events;
use crate::history::{History, Streams, Told};
use crate::kept::{Kept, Which};
use crate::message::position;
use crate::read::{Cursor, Places, Received};
use crate::schema::Opened;
use crate::subject;
use crate::wait::Watcher;
use crate::wire::Wire;

/// Up to so many messages are fetched one by one, back from the last; a consumer costs as much as a few.
pub(crate) const ONE_BY_ONE: u64 = 6;

pub(crate) struct Log {
    pub wire: Wire,
    pub name: String,
    pub replicas: usize,
    pub tamper_evident: bool,
    hashed_from: Option<u64>,
    pub clock: Arc<dyn Clock>,
    pub streams: Streams,
    pub places: Places,
    pub watcher: Watcher,
    /// The highest sequence that this handle had acknowledged or read: no answer from before it is taken.
    seen: AtomicU64,
}

impl Log {
    pub(crate) fn new(wire: Wire, opened: Opened, clock: Arc<dyn Clock>) -> Self {
        let Opened {
            name,
            replicas,
            tamper_evident,
            hashed_from,
        } = opened;
        let watcher = Watcher::new(wire.clone(), name.clone());
        Self {
            wire,
            name,
            replicas,
            tamper_evident,
            hashed_from,
            clock,
            streams: Streams::new(),
            places: Places::default(),
            watcher,
            seen: AtomicU64::new(0),
        }
    }

    pub(crate) fn saw(&self, sequence: u64) {
        self.seen.fetch_max(sequence, Ordering::Relaxed);
    }

    /// The last message with a subject, as the leader tells it. One that has less than `at_least` was the leader, and
    /// doesn't know yet that it isn't.
    pub(crate) async fn last(
        &self,
        subject: &str,
        at_least: u64,
    ) -> Result<Option<Kept>, StoreError> {
        let mut tries = self.wire.tries();
        loop {
            let last = self
                .wire
                .message(&self.name, &Which::last_of(subject))
                .await?;
            let told = last.as_ref().map_or(0, |last| last.sequence);
            if told >= at_least {
                self.saw(told);
                return Ok(last);
            }
            let behind = Fault::Behind {
                told,
                acknowledged: at_least,
            };
            tries.again(Trouble::NotSent(behind)).await?;
        }
    }

    /// From which position on every event has a hash, as the log's settings said when it was opened.
    pub(crate) fn hashed_from(&self) -> Option<Position> {
        self.hashed_from.map(|sequence| position(sequence, 0))
    }

    /// The position of the last event.
    pub(crate) async fn head(&self) -> Result<Position, StoreError> {
        let at_least = self.seen.load(Ordering::Relaxed);
        let last = self.last(&subject::of_all(&self.name), at_least).await?;
        let Some(last) = last else {
            return Ok(Position::START);
        };
        let events = events(&last)?;
        Ok(position(last.sequence, events.head.events - 1))
    }

    /// Brings what is remembered of a stream to what its leader has.
    pub(crate) async fn refresh(
        &self,
        subject: &str,
        history: &mut History,
    ) -> Result<(), StoreError> {
        if let Some(last) = self.last(subject, history.last()).await?
            && last.sequence > history.last()
        {
            self.catch_up(subject, history, last).await?;
        }
        history.known = true;
        Ok(())
    }

    /// Adds what is between what is remembered and the stream's last message, and that.
    async fn catch_up(
        &self,
        subject: &str,
        history: &mut History,
        last: Kept,
    ) -> Result<(), StoreError> {
        let first = events(&last)?.head.first.number();
        let between = first.saturating_sub(history.revision().number() + 1);
        if between <= ONE_BY_ONE {
            return self.walk_back(history, last).await;
        }
        let until = last.sequence;
        let expected = usize::try_from(between).unwrap_or(usize::MAX);
        self.scan(subject, history.last() + 1, until, expected, |received| {
            let message = Events::of(&received.message.payload);
            add(history, received.sequence, message)?;
            Ok(true)
        })
        .await
    }

    async fn walk_back(&self, history: &mut History, last: Kept) -> Result<(), StoreError> {
        let mut missing = vec![last];
        loop {
            let (sequence, previous) = {
                let earliest = &missing[missing.len() - 1];
                (earliest.sequence, events(earliest)?.head.previous)
            };
            if previous <= history.last() {
                break;
            }
            // They only lead back, and there are no more than there are revisions between.
            let kept = self.wire.message(&self.name, &Which::at(previous)).await?;
            let kept = kept.filter(|kept| {
                let leads_on = previous < sequence && missing.len() as u64 <= ONE_BY_ONE;
                leads_on && kept.subject == missing[0].subject
            });
            missing.push(kept.ok_or(Fault::OutOfOrder { sequence })?);
        }
        for kept in missing.iter().rev() {
            add(history, kept.sequence, Events::of(&kept.data))?;
        }
        Ok(())
    }

    /// Reads what has this subject from one sequence to another, which has it too, until `each` has enough. A consumer that
    /// breaks off is replaced by one that goes on.
    pub(crate) async fn scan(
        &self,
        subject: &str,
        mut start: u64,
        until: u64,
        expected: usize,
        mut each: impl FnMut(Received) -> Result<bool, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let mut tries = self.wire.tries();
        loop {
            let cursor = Cursor::open(&self.wire, &self.name, subject, start, expected).await;
            let trouble = match cursor {
                Err(trouble) => trouble,
                Ok(mut cursor) => loop {
                    let received = match cursor.next().await {
                        Ok(received) => received,
                        Err(trouble) => break trouble,
                    };
                    let sequence = received.sequence;
                    let more = sequence <= until && each(received)?;
                    if !more || sequence >= until {
                        return Ok(());
                    }
                    start = sequence + 1;
                    tries = self.wire.tries();
                },
            };
            tries.again(trouble).await?;
        }
    }
}

/// The events of a message.
pub(crate) fn events(kept: &Kept) -> Result<Events<'_>, StoreError> {
    let message = Events::of(&kept.data).ok_or(Fault::Message(kept.sequence))?;
    Ok(message)
}

fn add(
    history: &mut History,
    sequence: u64,
    message: Option<Events<'_>>,
) -> Result<(), StoreError> {
    let message = message.ok_or(Fault::Message(sequence))?;
    let head = message.head;
    let known = message.known().ok_or(Fault::Message(sequence))?;
    history.add(Told { sequence, head }, known.ids, known.hash)
}
