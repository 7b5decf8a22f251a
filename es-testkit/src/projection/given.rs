use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use es_core::{
    Aggregate, Batch, Begun, Checkpoint, Consumer, Decision, EventDescriptor, EventId, EventSet,
    Failure, Json, Metadata, NewEvent, Placement, Position, Revision, StoreError, StoredEvent,
    StreamId, Timestamp,
};

use crate::CountingIds;
use crate::spec::{chain, diff};

/// A log that stands in no store, to be given to a projection or to any [`Consumer`].
///
/// Each event goes into it by way of its stored form, and is compared with what comes back.
///
/// ```
/// # use es_core::{Aggregate, Apply, Event, NoError};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "counter.counted")]
/// # struct Counted { by: u64 }
/// # #[derive(Default, Aggregate)]
/// # #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError)]
/// # #[event(Counted)]
/// # struct Counter;
/// # impl Apply<Counted> for Counter {
/// #     fn apply(&mut self, _: Counted) {}
/// # }
/// use es_testkit::GivenLog;
///
/// let log = GivenLog::new()
///     .given::<Counter>(&"a".to_owned(), (Counted { by: 1 }, Counted { by: 2 }))
///     .by("ada")
///     .given::<Counter>(&"b".to_owned(), Counted { by: 3 });
/// assert_eq!(log.events().len(), 3);
/// assert_eq!(log.events()[2].position.number(), 3);
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is tested before it is given to something"]
pub struct GivenLog {
    events: Vec<StoredEvent>,
    revisions: HashMap<StreamId, Revision>,
    recorded_at: Timestamp,
    effective_at: Option<Timestamp>,
    metadata: Metadata,
}

impl Default for GivenLog {
    fn default() -> Self {
        Self::new()
    }
}

impl GivenLog {
    /// A log without events.
    pub fn new() -> Self {
        Self {
            events: Vec::new(),
            revisions: HashMap::new(),
            recorded_at: Timestamp::EPOCH,
            effective_at: None,
            metadata: Metadata::default(),
        }
    }

    /// These events of an aggregate come next.
    #[track_caller]
    pub fn given<A: Aggregate<Event: Debug + PartialEq>>(
        mut self,
        id: &A::Id,
        events: impl Decision<A>,
    ) -> Self {
        let taken = StreamId::of::<A>(id)
            .map_err(|error| chain(&error))
            .and_then(|stream| {
                let events = events
                    .decided()
                    .map_err(|rejection| format!("what is given was rejected: {rejection}"))?;
                (events.iter()).try_for_each(|event| self.take::<A>(&stream, event))
            });
        if let Err(why) = taken {
            panic!("{why}");
        }
        self
    }

    /// This comes next, as some version of the program stored it; the stream is written `category/id`.
    #[track_caller]
    pub fn given_stored(mut self, stream: &str, name: &str, version: u32, payload: &str) -> Self {
        let put = stream
            .parse::<StreamId>()
            .map_err(|error| chain(&error))
            .and_then(|stream| self.put(&stream, name, version, payload));
        if let Err(why) = put {
            panic!("{why}");
        }
        self
    }

    /// When the events are recorded that follow.
    pub fn recorded_at(mut self, time: Timestamp) -> Self {
        self.recorded_at = time;
        self
    }

    /// When the events are true in the world that follow.
    pub fn effective_at(mut self, time: Timestamp) -> Self {
        self.effective_at = Some(time);
        self
    }

    /// Who does what follows.
    pub fn by(mut self, actor: &str) -> Self {
        self.metadata.actor = Some(actor.to_owned());
        self
    }

    /// The events, in order. Their positions count from 1.
    pub fn events(&self) -> &[StoredEvent] {
        &self.events
    }

    /// The log as it was after so many events.
    pub(super) fn until(&self, events: usize) -> Self {
        let mut log = self.clone();
        log.events.truncate(events);
        log
    }

    /// Has a consumer take charge and take in what it lacks, all at once, as a runner does. One that follows corrections looks
    /// them up in this log.
    ///
    /// Called with a second consumer of the same read model, it delivers what the first one hasn't kept: that is what
    /// comes after a crash.
    ///
    /// # Panics
    ///
    /// If the consumer fails, or another one is in charge.
    pub async fn deliver(&self, consumer: &mut impl Consumer) {
        self.deliver_in_batches(usize::MAX, consumer).await;
    }

    /// The same, in batches of at most so many events.
    ///
    /// # Panics
    ///
    /// As [`deliver`](Self::deliver).
    pub async fn deliver_in_batches(&self, events: usize, consumer: &mut impl Consumer) {
        if let Err(failure) = self.try_deliver(events, consumer).await {
            let why = chain(&failure);
            panic!("`{}` fails: {why}", consumer.profile().name);
        }
    }

    /// The same, and what the consumer fails with.
    ///
    /// # Errors
    ///
    /// What the consumer fails with; what came before stays.
    ///
    /// # Panics
    ///
    /// If another consumer is in charge.
    pub async fn try_deliver(
        &self,
        events: usize,
        consumer: &mut impl Consumer,
    ) -> Result<(), Failure> {
        let profile = consumer.profile();
        consumer.read_from(Arc::new(self.store()));
        let checkpoint = match consumer.begin().await? {
            Begun::At(checkpoint) => checkpoint,
            Begun::Held { .. } => panic!("`{}` is held by another one", profile.name),
        };
        let lacks = |event: &&StoredEvent| {
            event.position > checkpoint.position
                && (profile.filter).passes(event.envelope.stream.category(), &event.name)
        };
        let lacking: Vec<StoredEvent> = self.events.iter().filter(lacks).cloned().collect();
        let head = Position::new(self.events.len() as u64);
        let batches = lacking.chunks(events.max(1)).map(|events| {
            let last = events.last().map_or(head, |event| event.position);
            Batch::new(events, last, false)
        });
        let mut batches = batches.peekable();
        while let Some(batch) = batches.next() {
            if let Some(next) = batches.peek() {
                consumer.prepare(next);
            }
            take_in(consumer, &batch).await?;
        }
        take_in(consumer, &Batch::new(Vec::new(), head, true)).await?;
        let last = self
            .events
            .last()
            .map_or(Checkpoint::START, |event| Checkpoint {
                position: event.position,
                event_id: Some(event.envelope.id),
            });
        consumer.keep(last).await
    }

    fn take<A: Aggregate<Event: Debug + PartialEq>>(
        &mut self,
        stream: &StreamId,
        event: &A::Event,
    ) -> Result<(), String> {
        let descriptor = event.descriptor();
        let payload = surviving(event)?;
        self.put(
            stream,
            descriptor.name,
            descriptor.version,
            payload.as_str(),
        )
    }

    fn put(
        &mut self,
        stream: &StreamId,
        name: &str,
        version: u32,
        payload: &str,
    ) -> Result<(), String> {
        let mut event = NewEvent::new(self.next_id(), name, version, Json::from_stored(payload));
        event.effective_at = self.effective_at;
        self.append(stream, event)
    }

    /// Puts an event at the end, with what is said of all that follow.
    pub(super) fn append(&mut self, stream: &StreamId, mut event: NewEvent) -> Result<(), String> {
        event.metadata = (self.metadata.encode()).map_err(|error: StoreError| chain(&error))?;
        let revision = self.revisions.entry(stream.clone()).or_default();
        *revision = revision.next();
        let position = Position::new(self.events.len() as u64 + 1);
        let placement = Placement::new(*revision, position, self.recorded_at);
        let stored = StoredEvent::placed(stream, event, placement);
        self.events.push(stored);
        Ok(())
    }

    pub(super) fn next_id(&self) -> EventId {
        CountingIds::nth(self.events.len() as u64 + 1)
    }
}

/// An event's stored form, from which the same event comes back.
pub(crate) fn surviving<E: EventSet + Debug + PartialEq>(event: &E) -> Result<Json, String> {
    let EventDescriptor { name, version, .. } = event.descriptor();
    let payload = event.encode().map_err(|error| {
        let why = chain(&error);
        format!("the event `{name}` can't be stored: {why}\n{event:#?}")
    })?;
    let text = payload.as_str();
    match E::decode(name, version, text) {
        Ok(Some(back)) if back == *event => Ok(payload),
        Ok(Some(back)) => Err(format!(
            "the event `{name}` was stored as\n{text}\nand comes back as another:\n{}",
            diff(event, &back)
        )),
        Err(error) => {
            let why = chain(&error);
            Err(format!(
                "the event `{name}` was stored as\n{text}\nand can't be read back: {why}"
            ))
        }
        Ok(None) => Err(format!(
            "the event `{name}` is retired, and is skipped when it is read"
        )),
    }
}

async fn take_in(consumer: &mut impl Consumer, batch: &Batch) -> Result<(), Failure> {
    let outcome = consumer.consume(batch).await;
    outcome.map_err(|refusal| refusal.failure)
}
