//! Publishing: each event is a message in a JetStream stream of the user's, sent again until that has it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_nats::HeaderMap;
use es_core::{BoxFuture, Cause, CloudEvent, Publisher, StoreError};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;

use crate::NatsOptions;
use crate::error::{Fault, Refusal, Trouble};
use crate::subject;
use crate::wire::Wire;

/// How many events are on their way at once, each of another stream.
const ON_THEIR_WAY: usize = 64;
/// Room for the headers beside an event, in bytes.
const HEADERS: usize = 1_024;

/// Publishes the events of a [`Forwarder`](es_core::Forwarder) to NATS: at least once, and those of one stream in order.
///
/// An event goes to the subject `<prefix>.<type>`, where the type's dots part tokens and whatever a token can't hold is
/// escaped (`%20`), or to one of your choice: [`subjects`](Self::subjects). The message is the event as JSON, with the
/// content type `application/cloudevents+json`.
///
/// Some JetStream stream has to keep these subjects: what nobody keeps could be lost, and is an error. That stream knows a
/// message that is sent again by its `Nats-Msg-Id`, made of the event's source, type and id, within its `duplicate_window`;
/// later a receiver knows it by the event's `source` and `id`.
///
/// ```no_run
/// # use es_core::{EventStore, Feed, Forwarder, Runner, StateStore};
/// # async fn forward(store: impl EventStore, states: impl StateStore, feed: impl Feed) -> Result<(), es_core::StoreError> {
/// use es_nats::NatsPublisher;
///
/// let publisher = NatsPublisher::connect("nats://broker.example", "public.bank").await?;
/// let running = Runner::new(store, Forwarder::new(feed, "/bank", publisher, states)).run();
/// # drop(running);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NatsPublisher {
    wire: Wire,
    subjects: Arc<dyn Fn(&CloudEvent) -> String + Send + Sync>,
}

#[derive(Deserialize)]
struct Acknowledgement {
    error: Option<Refusal>,
}

impl NatsPublisher {
    /// Connects to a server, or to several of a cluster, as [`NatsOptions`] are by default.
    ///
    /// # Errors
    ///
    /// As [`NatsOptions::connect_publisher`].
    pub async fn connect(
        addresses: impl AsRef<str>,
        prefix: impl Into<String>,
    ) -> Result<Self, StoreError> {
        NatsOptions::new()
            .connect_publisher(addresses, prefix)
            .await
    }

    pub(crate) fn new(wire: Wire, prefix: String) -> Result<Self, StoreError> {
        if !prefix.split('.').all(subject::is_name) {
            return Err(Fault::Prefix(prefix).into());
        }
        Ok(Self {
            wire,
            subjects: Arc::new(move |event| subject::of_type(&prefix, &event.r#type)),
        })
    }

    /// Publishes each event to the subject that `choose` says.
    pub fn subjects(self, choose: impl Fn(&CloudEvent) -> String + Send + Sync + 'static) -> Self {
        Self {
            subjects: Arc::new(choose),
            ..self
        }
    }

    /// One after the other, so that none overtakes another that fails.
    async fn send_in_turn(&self, events: Vec<&CloudEvent>) -> Result<(), Cause> {
        for event in events {
            self.send(event).await?;
        }
        Ok(())
    }

    async fn send(&self, event: &CloudEvent) -> Result<(), Cause> {
        let body = serde_json::to_vec(event)?;
        let (bytes, limit) = (body.len(), self.wire.max_payload().saturating_sub(HEADERS));
        if bytes > limit {
            let id = event.id.clone();
            return Err(Fault::EventTooLarge { id, bytes, limit }.into());
        }
        let CloudEvent {
            id,
            source,
            r#type: kind,
            ..
        } = event;
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("{source} {kind} {id}").as_str());
        headers.insert("Content-Type", "application/cloudevents+json");
        let subject = (self.subjects)(event);
        let answer = self
            .wire
            .request(subject.clone(), Some(headers), body.into())
            .await;
        let answer = match answer {
            Err(Trouble::NotSent(Fault::NoResponders)) => return Err(Fault::Unkept(subject).into()),
            answer => answer.map_err(Trouble::into_error)?,
        };
        let answer: Acknowledgement =
            serde_json::from_slice(&answer.payload).map_err(|_| Fault::NotUnderstood)?;
        match answer.error {
            None => Ok(()),
            Some(refusal) => Err(refusal.into()),
        }
    }
}

impl Publisher for NatsPublisher {
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
        let mut streams: HashMap<Option<&str>, Vec<&CloudEvent>> = HashMap::new();
        for event in events {
            streams
                .entry(event.subject.as_deref())
                .or_default()
                .push(event);
        }
        let this = &*self;
        let each: Vec<BoxFuture<'a, _>> = (streams.into_values())
            .map(|events| Box::pin(this.send_in_turn(events)) as _)
            .collect();
        Box::pin(async move {
            let sending = stream::iter(each).buffer_unordered(ON_THEIR_WAY);
            sending.try_collect().await
        })
    }
}

impl fmt::Debug for NatsPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsPublisher").finish_non_exhaustive()
    }
}
