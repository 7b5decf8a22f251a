use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::{CloudEvent, InvalidExtension, Publisher, Unpublishable};
use crate::{
    Batch, Begun, Cause, Checkpoint, Consumer, ConsumerProfile, CorrectedFacts, EncodeError,
    EventStore, Failure, Json, Position, ProjectionEvents, Refusal, SavedState, Standing,
    StateStore, StoreError, StoredEvent, Timestamp,
};

/// Which events leave the program, and in which form.
///
/// Implemented by the user for a projection with `event = …`: the events that it lists are public, and no others leave.
/// What leaves is what [`outgoing`](Self::outgoing) makes of one, so that stored payloads may change without anybody
/// outside being asked. Called by a [`Forwarder`].
///
/// One with `corrections` is given an [`Entry`](crate::Entry), and says what becomes of a correction outside, too.
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use es_core::{Cause, Event, Feed, Outgoing, Projection, Recorded};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
/// # #[event(name = "account.opened")]
/// # struct AccountOpened { owner: String, pin: String }
///
/// #[derive(Projection)]
/// #[projection(name = "bank-feed", version = 1, event = BankFeedEvent)]
/// #[event(AccountOpened)]
/// struct BankFeed;
///
/// #[derive(Serialize)]
/// struct PublicAccountOpened<'a> { owner: &'a str }
///
/// impl Feed for BankFeed {
///     fn outgoing(&self, event: &Recorded<BankFeedEvent>) -> Result<Option<Outgoing>, Cause> {
///         Ok(match &event.event {
///             BankFeedEvent::AccountOpened(opened) => {
///                 let public = PublicAccountOpened { owner: &opened.owner };
///                 Some(Outgoing::new("com.bank.account-opened.v1", &public)?)
///             }
///         })
///     }
/// }
/// # }
/// ```
pub trait Feed: ProjectionEvents {
    /// What an event becomes; `None` if it stays inside after all.
    fn outgoing(&self, event: &Self::Input) -> Result<Option<Outgoing>, Cause>;
}

/// What an event becomes outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    r#type: String,
    data: Json,
    subject: Option<String>,
    time: Option<Timestamp>,
    dataschema: Option<String>,
    extensions: BTreeMap<String, Value>,
}

impl Outgoing {
    /// An event of this public type, with this data.
    pub fn new<T: Serialize + ?Sized>(
        r#type: impl Into<String>,
        data: &T,
    ) -> Result<Self, EncodeError> {
        Ok(Self {
            r#type: r#type.into(),
            data: Json::encode(data)?,
            subject: None,
            time: None,
            dataschema: None,
            extensions: BTreeMap::new(),
        })
    }

    /// What it happened to; its stream if nothing is said.
    #[must_use]
    pub fn subject(self, subject: impl Into<String>) -> Self {
        Self {
            subject: Some(subject.into()),
            ..self
        }
    }

    /// When it happened; when it was true in the world if nothing is said.
    #[must_use]
    pub fn time(self, time: Timestamp) -> Self {
        Self {
            time: Some(time),
            ..self
        }
    }

    /// The form of the data, a URI.
    #[must_use]
    pub fn dataschema(self, dataschema: impl Into<String>) -> Self {
        Self {
            dataschema: Some(dataschema.into()),
            ..self
        }
    }

    /// Another attribute: a string, a number or a boolean. `partitionkey` and `sequence` take the place of the forwarder's.
    pub fn extension(
        mut self,
        name: impl Into<String>,
        value: impl Into<Value>,
    ) -> Result<Self, InvalidExtension> {
        let name = name.into();
        InvalidExtension::check(&name)?;
        self.extensions.insert(name, value.into());
        Ok(self)
    }
}

/// Publishes the events of a feed, to be fed by a [`Runner`](crate::Runner): at least once, and in the order of the log.
///
/// Its place is kept in a [`StateStore`] once the publisher has answered. What dies in between is published again, with
/// the same id, by which whoever gets it can tell. Two processes that run the same feed publish each event twice.
///
/// A [`CloudEvent`] has the event's id, its stream as subject and as `partitionkey`, the time when it was true in the
/// world, and the extension `sequence` with its revision.
///
/// ```
/// # use es_core::{EventStore, Feed, Forwarder, Runner, StateStore, ToWriter};
/// # async fn forward(store: impl EventStore, states: impl StateStore, feed: impl Feed) {
/// let forwarder = Forwarder::new(feed, "/bank", ToWriter(std::io::stdout()), states);
/// let running = Runner::new(store, forwarder).run();
/// # drop(running);
/// # }
/// ```
///
/// Also found as *outbox relay* or *message forwarder* in other libraries: here the log itself is the outbox.
pub struct Forwarder<F, P> {
    feed: F,
    source: Arc<str>,
    publisher: P,
    states: Box<dyn StateStore>,
    log: Option<Arc<dyn EventStore>>,
    published: Checkpoint,
    saved: Checkpoint,
    looked_to: Position,
}

/// How often the place is kept of a feed that nothing came for.
const KEEP_EVERY: Duration = Duration::from_secs(1);

impl<F: Feed, P: Publisher> Forwarder<F, P> {
    /// A forwarder of this feed; `source` is the URI reference that says where its events happened.
    pub fn new(
        feed: F,
        source: impl Into<Arc<str>>,
        publisher: P,
        states: impl StateStore,
    ) -> Self {
        Self {
            feed,
            source: source.into(),
            publisher,
            states: Box::new(states),
            log: None,
            published: Checkpoint::START,
            saved: Checkpoint::START,
            looked_to: Position::START,
        }
    }

    /// What the event becomes outside, if it leaves.
    fn outgoing(
        &self,
        stored: &StoredEvent,
        facts: &CorrectedFacts,
    ) -> Result<Option<CloudEvent>, Failure> {
        let Some(input) = F::input(stored, facts)? else {
            return Ok(None);
        };
        let outgoing = self.feed.outgoing(&input);
        let outgoing = outgoing.map_err(|cause| Failure::apply(stored, cause))?;
        let envelope = &stored.envelope;
        let effective_at = envelope.effective_at.unwrap_or(envelope.recorded_at);
        Ok(outgoing.map(|outgoing| {
            let stream = envelope.stream.as_str();
            let id = envelope.id.to_string();
            let mut event = CloudEvent::new(id, &*self.source, outgoing.r#type);
            event.subject = outgoing.subject.or_else(|| Some(stream.to_owned()));
            event.time = Some(outgoing.time.unwrap_or(effective_at).into());
            event.dataschema = outgoing.dataschema;
            event.data = Some(outgoing.data);
            // As many digits as the largest has, so that it is ordered as text, as the specification asks.
            let sequence = format!("{:020}", envelope.revision.number());
            let own = [
                ("partitionkey", stream.into()),
                ("sequence", sequence.into()),
            ];
            let own = own.map(|(name, value)| (name.to_owned(), value));
            event.extensions = own.into_iter().chain(outgoing.extensions).collect();
            event
        }))
    }

    async fn publish(&mut self, batch: &Batch) -> Result<(), Refusal> {
        let (mut events, mut failed, mut taken) = (Vec::new(), None, 0);
        let facts = CorrectedFacts::of::<F>(self.log.as_deref(), &batch.events);
        let facts = facts.await.map_err(Refusal::whole)?;
        for stored in &*batch.events {
            match self.outgoing(stored, &facts) {
                Ok(event) => events.extend(event),
                Err(failure) => {
                    failed = Some(failure);
                    break;
                }
            }
            taken += 1;
        }
        if !events.is_empty() {
            let published = self.publisher.publish(&events).await;
            published.map_err(|cause| Refusal::whole(Unpublishable::failure(batch, cause)))?;
        }
        if let Some(last) = batch.events[..taken].last() {
            self.published = Checkpoint {
                position: last.position,
                event_id: Some(last.envelope.id),
            };
            self.looked_to = last.position;
            // Published is published: if its place can't be kept now, then with the next one.
            if let Err(error) = self.save(self.published).await {
                tracing::warn!(feed = F::NAME, %error, "the place of a feed couldn't be kept");
            }
        }
        if let Some(failure) = failed {
            return Err(Refusal::new(taken, failure));
        }
        self.looked_to = self.looked_to.max(batch.looked_to);
        Ok(())
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        if checkpoint.position <= self.saved.position {
            return Ok(());
        }
        let nothing = Json::from_stored("null");
        let state = SavedState::new(F::NAME, F::VERSION, SCHEMA, checkpoint, nothing);
        self.states.save_state(state).await?;
        self.saved = checkpoint;
        Ok(())
    }
}

/// A place has no fields that could change.
const SCHEMA: u64 = 0;

impl<F: Feed, P: Publisher> Consumer for Forwarder<F, P> {
    fn profile(&self) -> ConsumerProfile {
        ConsumerProfile::new(F::NAME, F::VERSION, F::filter()).keep_every(KEEP_EVERY)
    }

    fn read_from(&mut self, log: Arc<dyn EventStore>) {
        self.log = Some(log);
    }

    /// # Errors
    ///
    /// The state store's: without its place a feed would be published from the beginning.
    fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> {
        Box::pin(async {
            if let Some(saved) = self.states.load_state(F::NAME, F::VERSION).await? {
                self.saved = saved.checkpoint;
                self.published = saved.checkpoint;
                self.looked_to = saved.checkpoint.position;
            }
            Ok(Begun::At(self.published))
        })
    }

    fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.publish(batch))
    }

    fn standing(&self) -> Standing {
        Standing::at(self.looked_to)
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { Ok(self.save(checkpoint).await?) })
    }

    fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> {
        self.keep(self.published)
    }
}

impl<F: Feed, P> fmt::Debug for Forwarder<F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder")
            .field("feed", &F::NAME)
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}
