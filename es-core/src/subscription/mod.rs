mod past;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::stream::{self, StreamExt};

use crate::{
    Checkpoint, EventStore, Filter, LogPage, LogQuery, Position, StoreError, StoredEvent, spans,
};

/// Follows the log: first what is stored, then what is appended, without a gap or a duplicate between the two.
///
/// It pulls, so that a slow subscriber loses nothing, and it keeps no state in the store, so that one that was
/// dropped or restarted goes on from the [`Checkpoint`] it kept.
///
/// Also found as *catch-up subscription*, *all-stream subscription* or *tailing cursor* in other libraries.
///
/// ```no_run
/// # use es_core::{EventStore, Filter, Checkpoint, Next, StoreError, Subscription};
/// # async fn follow(store: impl EventStore) -> Result<(), StoreError> {
/// let mut subscription = Subscription::new(store, Filter::all().category("account"), Checkpoint::START);
/// loop {
///     match subscription.next().await? {
///         Next::Event(event) => println!("{} {}", event.position, event.name),
///         Next::CaughtUp(position) => println!("caught up to {position}"),
///     }
/// }
/// # }
/// ```
pub struct Subscription<S> {
    store: Arc<S>,
    filter: Filter,
    page: VecDeque<StoredEvent>,
    /// The page after this one, already asked for: the store reads while the subscriber works.
    ahead: Option<Ahead>,
    checkpoint: Checkpoint,
    /// The last event that was looked up where the subscriber had looked to, passing the filter or not.
    anchor: Checkpoint,
    /// When that was known; nothing after an error.
    checked: Option<Instant>,
    check_every: Duration,
    looked_to: Position,
    end: bool,
    told: bool,
    page_size: usize,
}

/// A page under way, or there.
enum Ahead {
    /// Never locked: the `Mutex` makes the subscription `Sync`, which a boxed future isn't.
    Reading(Mutex<BoxFuture<'static, Result<LogPage, StoreError>>>),
    Read(Result<LogPage, StoreError>),
}

/// What a [`Subscription`] has next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// An event.
    Event(StoredEvent),
    /// There is none: everything that the log held was looked at, up to this position. Told once each time; what is asked
    /// for next is waited for.
    CaughtUp(Position),
}

impl Next {
    /// The event, if it is one.
    pub fn event(self) -> Option<StoredEvent> {
        match self {
            Self::Event(event) => Some(event),
            Self::CaughtUp(_) => None,
        }
    }

    /// Whether the subscription has caught up.
    pub fn is_caught_up(&self) -> bool {
        matches!(self, Self::CaughtUp(_))
    }
}

impl<S: EventStore> Subscription<S> {
    /// Follows the events that pass `filter`, beginning after `checkpoint`.
    pub fn new(store: S, filter: Filter, checkpoint: Checkpoint) -> Self {
        let looked_to = checkpoint.position;
        let page = VecDeque::new();
        Self {
            store: Arc::new(store),
            filter,
            page,
            ahead: None,
            checkpoint,
            anchor: checkpoint,
            checked: None,
            check_every: Duration::from_secs(1),
            looked_to,
            end: false,
            told: false,
            page_size: 4_000,
        }
    }

    /// Reads pages of at most so many events; 4,000 if nothing is said. Each page costs a round trip.
    pub fn page_size(self, events: usize) -> Self {
        Self {
            page_size: events.max(1),
            ..self
        }
    }

    /// How often it makes sure, when it reads on, that the log is still the one that it has read; each second if nothing is
    /// said, and always after an error. A server that fails over to a replica which lacks the last events, or that is
    /// restored from a dump, gives their positions to others. It costs a round trip.
    pub fn check_every(self, interval: Duration) -> Self {
        Self {
            check_every: interval,
            ..self
        }
    }

    /// The next event, waiting for it, or, once each time, that there is none yet. It never ends.
    ///
    /// Cancel-safe: dropping the future before it is ready loses no event. After an error the next call tries again.
    ///
    /// # Errors
    ///
    /// [`StoreError::LogDiverged`] if the last event that was looked at, or the checkpoint's, isn't where it was.
    pub async fn next(&mut self) -> Result<Next, StoreError> {
        let next = self.read_on().await;
        if next.is_err() {
            self.checked = None;
        }
        next
    }

    async fn read_on(&mut self) -> Result<Next, StoreError> {
        loop {
            if let Some(event) = self.page.pop_front() {
                self.checkpoint = Checkpoint::after(&event);
                self.told = false;
                return Ok(Next::Event(event));
            }
            if self.end {
                if !self.told {
                    self.told = true;
                    return Ok(Next::CaughtUp(self.looked_to));
                }
                self.store.wait_past(self.looked_to).await?;
            }
            self.check().await?;
            let page = self.next_page().await?;
            // From here on nothing awaits: either the page and how far it goes are both kept, or neither.
            // A wake-up that moved nothing isn't a second catching up.
            self.told &= page.events.is_empty() && page.looked_to == self.looked_to;
            (self.end, self.looked_to) = (page.end, page.looked_to);
            self.page = page.events.into();
            if !self.end {
                self.read_ahead();
            }
        }
    }

    /// The next events, those that are at hand but at most `limit`, waiting for the first; none, once each time that it
    /// has caught up with the log.
    ///
    /// Cancel-safe as [`next`](Self::next) is, and cheaper for many events.
    pub async fn next_batch(&mut self, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let Next::Event(first) = self.next().await? else {
            return Ok(Vec::new());
        };
        let more = self.page.len().min(limit.saturating_sub(1));
        let mut events = Vec::with_capacity(more + 1);
        events.push(first);
        events.extend(self.page.drain(..more));
        if let Some(last) = events.last() {
            self.checkpoint = Checkpoint::after(last);
        }
        Ok(events)
    }

    /// The events alone, as a stream that never ends: where to go on after one, [`Checkpoint::after`] it says.
    ///
    /// After an error the stream tries again when it is polled again; whoever doesn't want that stops polling.
    pub fn into_stream(self) -> BoxStream<'static, Result<StoredEvent, StoreError>> {
        let next = |mut subscription: Self| async move {
            loop {
                match subscription.next().await {
                    Ok(Next::Event(event)) => return Some((Ok(event), subscription)),
                    Ok(Next::CaughtUp(_)) => {}
                    Err(error) => return Some((Err(error), subscription)),
                }
            }
        };
        stream::unfold(self, next).boxed()
    }

    async fn next_page(&mut self) -> Result<LogPage, StoreError> {
        // It stays in `self` while it is awaited, so that dropping this future loses nothing.
        if self.ahead.is_none() {
            self.ahead = Some(Ahead::Reading(Mutex::new(self.read())));
        }
        if let Some(Ahead::Reading(reading)) = &mut self.ahead {
            let read = poll_fn(|context| {
                let reading = reading.get_mut().unwrap_or_else(PoisonError::into_inner);
                reading.as_mut().poll(context)
            });
            self.ahead = Some(Ahead::Read(read.await));
        }
        match self.ahead.take() {
            Some(Ahead::Read(read)) => read,
            _ => Err(StoreError::Backend("a page wasn't read".into())),
        }
    }

    /// Asks for the page after this one. A future does nothing before it is polled, so it is, once.
    fn read_ahead(&mut self) {
        let mut reading = self.read();
        let mut nobody = Context::from_waker(Waker::noop());
        self.ahead = Some(match reading.as_mut().poll(&mut nobody) {
            Poll::Ready(read) => Ahead::Read(read),
            Poll::Pending => Ahead::Reading(Mutex::new(reading)),
        });
    }

    fn read(&self) -> BoxFuture<'static, Result<LogPage, StoreError>> {
        let query = LogQuery::after(self.looked_to)
            .filter(self.filter.clone())
            .limit(self.page_size);
        let store = Arc::clone(&self.store);
        Box::pin(async move { spans::read_log(&*store, query).await })
    }

    /// The last event that [`next`](Self::next) returned, to be kept and given to [`new`](Self::new).
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// How far the subscriber has looked: every event at or below that passes the filter was returned.
    pub fn looked_to(&self) -> Position {
        if self.page.is_empty() {
            self.looked_to
        } else {
            self.checkpoint.position
        }
    }
}

impl<S> fmt::Debug for Subscription<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("filter", &self.filter)
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}
