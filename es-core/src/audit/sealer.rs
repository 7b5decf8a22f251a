use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use super::seal::{Range, Running, Sealed, seals};
use super::{Digest, Seal};
use crate::{
    Append, Checkpoint, EventId, EventStore, Expected, LogQuery, Position, Revision, StoreError,
    StoredEvent, StreamId, StreamQuery,
};

/// How many events a seal covers at most; it notes some bytes of each.
const COVERS: usize = 1_000;

/// Seals a log: folds each event's position, record time and hash into a running hash, and appends that to a reserved
/// stream, `es.seals/log`, as the event `es.sealed`.
///
/// A [`Seal`] that is kept elsewhere, where whoever can edit the database can't edit it, is what shows that nothing before
/// it was edited: see [`Verification`](crate::Verification). It works on every store; where the log isn't tamper-evident,
/// what is stored of an event stands for its hash.
///
/// One sealer to a log is enough. Of several each goes on from what the others sealed.
///
/// ```
/// # use es_core::{EventStore, Sealer, StoreError};
/// async fn print_the_head(store: impl EventStore) -> Result<(), StoreError> {
///     if let Some(seal) = Sealer::open(store).await?.seal().await? {
///         println!("{seal}");
///     }
///     Ok(())
/// }
/// ```
pub struct Sealer<S> {
    store: S,
    stream: StreamId,
    /// The last seal, and its revision.
    last: Option<Seal>,
    revision: Revision,
    running: Running,
    range: Range,
    /// The last event that was taken in.
    taken: Option<StoredEvent>,
    looked_to: Position,
}

impl<S: EventStore> Sealer<S> {
    /// Goes on from the last seal in the log.
    ///
    /// # Errors
    ///
    /// [`StoreError::LogDiverged`] if the event up to which the log was sealed isn't there any more;
    /// [`StoreError::Backend`] if the last seal can't be read. A [`Verification`](crate::Verification) tells more.
    pub async fn open(store: S) -> Result<Self, StoreError> {
        let mut sealer = Self {
            store,
            stream: seals()?,
            last: None,
            revision: Revision::EMPTY,
            running: Running::START,
            range: Range::default(),
            taken: None,
            looked_to: Position::START,
        };
        sealer.go_on().await?;
        Ok(sealer)
    }

    /// Seals what was appended since the last seal, and answers with the last seal then; `None` if the log is empty.
    ///
    /// A call that is dropped or fails may be repeated.
    pub async fn seal(&mut self) -> Result<Option<Seal>, StoreError> {
        loop {
            let limit = COVERS.saturating_sub(self.range.events).max(1);
            let query = LogQuery::after(self.looked_to).limit(limit);
            let page = self.store.read_log(query).await?;
            for event in page.events {
                let noted = self.running.take(&event);
                self.range.add(&event, noted);
                self.taken = Some(event);
            }
            self.looked_to = page.looked_to;
            let full = self.range.events >= COVERS;
            let sealed = if self.range.worth_sealing && (page.end || full) {
                self.append().await?
            } else {
                page.end
            };
            if page.end && sealed {
                return Ok(self.last.clone());
            }
        }
    }

    /// Seals what is appended, at most once in this time, until the future is dropped or the store fails.
    pub async fn run(&mut self, every: Duration) -> Result<Infallible, StoreError> {
        loop {
            self.seal().await?;
            self.store.wait_past(self.looked_to).await?;
            futures_timer::Delay::new(every).await;
        }
    }

    /// Whether it was sealed now; another sealer, or a call that was dropped, may have come first.
    async fn append(&mut self) -> Result<bool, StoreError> {
        let Some(event) = &self.taken else {
            return Ok(true);
        };
        let seal = Seal {
            position: event.position,
            hash: self.running.0,
            stream: event.envelope.stream.clone(),
            revision: event.envelope.revision,
        };
        let sealed = Sealed {
            after: self.sealed_to(),
            position: seal.position,
            event_id: event.envelope.id,
            hash: seal.hash.to_string(),
            stream: seal.stream.to_string(),
            revision: seal.revision,
            streams: self.range.streams(),
        };
        let id = EventId::derived(&self.stream, &seal.position.to_string(), 0);
        let expected = Expected::Exact(self.revision);
        let append = Append::new(self.stream.clone(), expected, vec![sealed.encode(id)?]);
        match self.store.append(append).await {
            // A repeat may have been another's, who sealed up to the same event from another one on.
            Ok(appended) if !appended.is_repeated() => {
                self.revision = appended.revision();
                self.last = Some(seal);
                self.range = Range::default();
                Ok(true)
            }
            Ok(_) | Err(StoreError::Conflict(_)) => self.go_on().await.map(|()| false),
            Err(error) => Err(error),
        }
    }

    fn sealed_to(&self) -> Position {
        self.last
            .as_ref()
            .map_or(Position::START, |seal| seal.position)
    }

    /// Begins behind the last seal that the log has.
    async fn go_on(&mut self) -> Result<(), StoreError> {
        let query = StreamQuery::backwards(self.stream.clone()).limit(1);
        let page = self.store.read_stream(query).await?;
        let Some(event) = page.events.first() else {
            return Ok(());
        };
        let read = Sealed::decode(event).and_then(|sealed| Some((sealed.seal()?, sealed)));
        let (seal, sealed) =
            read.ok_or(StoreError::Backend("the last seal can't be read".into()))?;
        self.check(&sealed).await?;
        self.revision = event.envelope.revision;
        self.running = Running(seal.hash);
        self.looked_to = seal.position;
        self.range = Range::default();
        self.last = Some(seal);
        Ok(())
    }

    async fn check(&self, sealed: &Sealed) -> Result<(), StoreError> {
        let checkpoint = Checkpoint {
            position: sealed.position,
            event_id: Some(sealed.event_id),
        };
        checkpoint.event(&self.store).await.map(drop)
    }
}

impl<S> fmt::Debug for Sealer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash: &Digest = &self.running.0;
        f.debug_struct("Sealer")
            .field("last", &self.last)
            .field("running", hash)
            .finish_non_exhaustive()
    }
}
