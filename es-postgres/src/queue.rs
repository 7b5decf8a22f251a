//! What waits to be written, and what of it may share a commit.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use es_core::batch::{Batch, Bounds};
use es_core::{Append, Appended, EventId, NewEvent, StoreError};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::inline::Inlines;

/// How many appends that concern a projection share a commit at most. Each has round trips of its own, and what the server
/// may take for one call is all the time that they have together.
const INLINE: usize = 64;
/// How long nobody may have come before those who were answered together are no longer expected to come together again:
/// many times what a woken task takes to ask, and a small part of what a commit costs.
const QUIET: Duration = Duration::from_micros(30);

pub(crate) enum Request {
    Append(Append, oneshot::Sender<Result<Appended, StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// What became of a request whose transaction committed.
pub(crate) enum Done {
    Append(Result<Appended, StoreError>),
    Close,
}

impl es_core::batch::Request for Request {
    type Done = Done;

    fn bytes(&self) -> usize {
        match self {
            Self::Append(append, _) => append.events.iter().map(NewEvent::bytes).sum(),
            Self::Close(_) => 0,
        }
    }

    fn answer(self, done: Done) {
        // Whoever asked may be gone.
        match (self, done) {
            (Self::Append(_, answer), Done::Append(result)) => drop(answer.send(result)),
            (Self::Close(answer), _) => drop(answer.send(Ok(()))),
            (Self::Append(_, answer), Done::Close) => drop(answer),
        }
    }

    fn fail(self, error: StoreError) {
        match self {
            Self::Append(_, answer) => drop(answer.send(Err(error))),
            // What was queued before it is answered; that is all it asks.
            Self::Close(answer) => drop(answer.send(Ok(()))),
        }
    }
}

impl Request {
    pub(crate) fn append(&self) -> Option<&Append> {
        match self {
            Self::Append(append, _) => Some(append),
            Self::Close(_) => None,
        }
    }

    /// Adds its event ids to these, unless one of them is there.
    fn adds_to(&self, ids: &mut HashSet<EventId>) -> bool {
        let events = self.append().map(|append| &append.events);
        events
            .into_iter()
            .flatten()
            .all(|event| ids.insert(event.id))
    }
}

/// What waits, in order.
pub(crate) struct Queue {
    requests: Receiver<Request>,
    inline: Inlines,
    /// One that was taken and can't share the commit.
    held: Option<Request>,
    /// How many were in the latest batch.
    expected: usize,
}

impl Queue {
    pub(crate) fn new(requests: Receiver<Request>, inline: Inlines) -> Self {
        Self {
            requests,
            inline,
            held: None,
            expected: 0,
        }
    }

    /// Waits for requests: what is there by then, as far as it may share a commit. Nothing after the end.
    pub(crate) async fn batch(&mut self) -> Option<Batch<Request>> {
        let first = match self.held.take() {
            Some(held) => held,
            None => self.requests.recv().await?,
        };
        self.gather().await;
        let concerns = |request: &Request| {
            let append = request.append();
            append.is_some_and(|append| self.inline.concern(append))
        };
        let mut ids = HashSet::new();
        first.adds_to(&mut ids);
        let mut inline = usize::from(concerns(&first));
        let batch = Batch::collect(first, Bounds::DEFAULT, || {
            let request = self.requests.try_recv().ok()?;
            inline += usize::from(concerns(&request));
            // The database looks for ids among what is committed: a repeat waits for the first to be.
            if inline <= INLINE && request.adds_to(&mut ids) {
                return Some(request);
            }
            self.held = Some(request);
            None
        });
        let closing = |request: &Request| matches!(request, Request::Close(_));
        if batch.requests().iter().any(closing) {
            // Before it is answered, so that nothing is taken after.
            self.requests.close();
        }
        self.expected = batch.requests().len();
        Some(batch)
    }

    /// Lets those come who were answered together and mostly ask again together. Without this the first of them takes a
    /// commit for itself, and the others wait for it. Who asks alone isn't kept.
    async fn gather(&self) {
        let (mut seen, mut grown) = (self.requests.len(), Instant::now());
        while seen + 1 < self.expected && grown.elapsed() < QUIET {
            // To the tasks of this thread, and to other threads: the cores may be busy.
            tokio::task::yield_now().await;
            std::thread::yield_now();
            if self.requests.len() > seen {
                (seen, grown) = (self.requests.len(), Instant::now());
            }
        }
    }
}
