//! A log that anybody may edit.

use es_core::{
    Append, Appended, BoxFuture, Digest, EventId, EventStore, Expected, Json, LogPage, LogQuery,
    NewEvent, Position, Seal, Sealer, StoreError, StoredEvent, StreamId, StreamPage, StreamQuery,
    Verification,
};
use es_memory::MemoryStore;

/// Events as somebody left them, by their positions; and from where on they have hashes, as the store says.
#[derive(Debug, Clone)]
pub(crate) struct Edited(pub(crate) Vec<StoredEvent>, pub(crate) Option<Position>);

impl Edited {
    pub(crate) async fn verify(&self, kept: &[Seal]) -> Verification {
        Verification::of(self, kept).await.unwrap()
    }

    /// The places of a stream's events.
    pub(crate) fn of_stream(&self, stream: &StreamId) -> Vec<usize> {
        let events = self.0.iter().enumerate();
        let events = events.filter(|(_, event)| event.envelope.stream == *stream);
        events.map(|(place, _)| place).collect()
    }

    /// Computes the hashes of a stream anew.
    pub(crate) fn hash_anew(&mut self, stream: &StreamId) {
        let mut previous = None;
        for place in self.of_stream(stream) {
            let event = &mut self.0[place];
            let new = as_new(event);
            event.hash = Some(Digest::of_event(
                previous,
                stream,
                event.envelope.revision,
                &new,
            ));
            previous = event.hash;
        }
    }
}

fn as_new(event: &StoredEvent) -> NewEvent {
    let (name, payload) = (event.name.clone(), event.payload.clone());
    let mut new = NewEvent::new(event.envelope.id, name, event.version, payload);
    new.metadata = event.envelope.metadata.clone();
    new.effective_at = event.envelope.effective_at;
    new
}

pub(crate) fn stream(number: usize) -> StreamId {
    StreamId::new("task", &number.to_string()).unwrap()
}

pub(crate) async fn append(store: &impl EventStore, to: usize, number: usize) {
    let payload = Json::parse(format!("{{\"number\":{number}}}")).unwrap();
    let event = NewEvent::new(EventId::random(), "task.numbered", 1, payload);
    let append = Append::new(stream(to), Expected::Any, vec![event]);
    store.append(append).await.unwrap();
}

/// A log of an event to each of these streams in turn, sealed after so many each time, with its last seal.
pub(crate) async fn written(store: MemoryStore, to: &[usize], seal_after: usize) -> (Edited, Seal) {
    let mut sealer = Sealer::open(store.clone()).await.unwrap();
    for (number, to) in to.iter().enumerate() {
        append(&store, *to, number).await;
        if (number + 1) % seal_after == 0 {
            sealer.seal().await.unwrap();
        }
    }
    let kept = sealer.seal().await.unwrap().unwrap();
    (log(&store).await, kept)
}

pub(crate) async fn log(store: &impl EventStore) -> Edited {
    let query = LogQuery::all().limit(usize::MAX);
    let events = store.read_log(query).await.unwrap().events;
    Edited(events, store.hashed_from().await.unwrap())
}

pub(crate) fn breaks(verification: &Verification) -> Vec<String> {
    let breaks = verification.breaks().iter();
    breaks.map(ToString::to_string).collect()
}

impl EventStore for Edited {
    fn append(&self, _: Append) -> BoxFuture<'_, Result<Appended, StoreError>> {
        Box::pin(async { Err(StoreError::Unavailable("it can only be read".into())) })
    }

    fn find<'a>(
        &'a self,
        stream: &'a StreamId,
        id: EventId,
    ) -> BoxFuture<'a, Result<Option<StoredEvent>, StoreError>> {
        let is = |event: &&StoredEvent| event.envelope.stream == *stream && event.envelope.id == id;
        let found = self.0.iter().find(is).cloned();
        Box::pin(async move { Ok(found) })
    }

    /// In pages of three, so that there are several.
    fn read_stream(&self, query: StreamQuery) -> BoxFuture<'_, Result<StreamPage, StoreError>> {
        let of_it = self.0.iter().filter(|event| {
            let envelope = &event.envelope;
            envelope.stream == query.stream
                && query.from.is_none_or(|from| envelope.revision >= from)
        });
        let mut events: Vec<StoredEvent> = of_it.cloned().collect();
        events.sort_by_key(|event| event.envelope.revision);
        let end = events.len() <= 3;
        events.truncate(3);
        Box::pin(async move { Ok(StreamPage::new(events, end)) })
    }

    fn read_log(&self, query: LogQuery) -> BoxFuture<'_, Result<LogPage, StoreError>> {
        let within =
            |event: &&StoredEvent| event.position > query.after && event.position <= query.until;
        let mut events: Vec<StoredEvent> = self.0.iter().filter(within).cloned().collect();
        events.sort_by_key(|event| event.position);
        let end = events.len() <= 3;
        events.truncate(3);
        let looked_to = events.last().map_or(query.after, |event| event.position);
        Box::pin(async move { Ok(LogPage::new(events, looked_to, end)) })
    }

    fn head(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        let head = self.0.iter().map(|event| event.position).max();
        Box::pin(async move { Ok(head.unwrap_or_default()) })
    }

    fn wait_past(&self, _: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::pending())
    }

    fn hashed_from(&self) -> BoxFuture<'_, Result<Option<Position>, StoreError>> {
        Box::pin(async { Ok(self.1) })
    }
}
