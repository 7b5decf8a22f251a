//! Publishing: each event is a message in a JetStream stream of the user's, sent again until that has it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_nats::HeaderMap;
use bytes::Bytes;
use es_core::{BoxFuture, Cause, CloudEvent, Publisher, StoreError, Unpublishable};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;

use crate::NatsOptions;
use crate::error::{Fault, Refusal, Trouble};
use crate::subject;
use crate::wire::Wire;

/// How many events are on their way at once, each of another stream.
const ON_THEIR_WAY: usize = 64;
/// What the headers take beside the id, in bytes.
const HEADERS: usize = 128;

/// Publishes the events of a [`Forwarder`](es_core::Forwarder) to NATS: at least once, and those of one stream in order.
///
/// An event goes to the subject `<prefix>.<type>`, where the type's dots part tokens and whatever a token can't hold is
/// escaped (`%20`), or to one of your choice: [`subjects`](Self::subjects). The message is the event as JSON, with the
/// content type `application/cloudevents+json`.
///
/// An event that is larger than the server takes is told before any of its batch is sent, and the forwarder stops in front of
/// it.
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
    async fn send_in_turn(&self, messages: Vec<Outgoing<'_>>) -> Result<(), Cause> {
        for message in messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&self, Outgoing { event, id, body }: Outgoing<'_>) -> Result<(), Cause> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id.as_str());
        headers.insert("Content-Type", "application/cloudevents+json");
        let subject = (self.subjects)(event);
        let answer = self
            .wire
            .request(subject.clone(), Some(headers), body)
            .await;
        let answer = match answer {
            Err(Trouble::NotSent(Fault::NoResponders)) => return Err(Fault::Unkept(subject).into()),
            // A server that was connected to meanwhile takes less than the one before.
            Err(Trouble::NotSent(fault @ Fault::TooLarge { .. })) => {
                return Err(Unpublishable::new(event, fault).into());
            }
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

/// An event as it is sent.
struct Outgoing<'e> {
    event: &'e CloudEvent,
    id: String,
    body: Bytes,
}

impl<'e> Outgoing<'e> {
    fn new(event: &'e CloudEvent, max_payload: usize) -> Result<Self, Cause> {
        let CloudEvent {
            id,
            source,
            r#type: kind,
            ..
        } = event;
        let message_id = format!("{source} {kind} {id}");
        let body = serde_json::to_vec(event)?;
        let room = HEADERS + message_id.len();
        let (bytes, limit) = (body.len(), max_payload.saturating_sub(room));
        if bytes > limit {
            let id = id.clone();
            let fault = Fault::EventTooLarge { id, bytes, limit };
            return Err(Unpublishable::new(event, fault).into());
        }
        Ok(Self {
            event,
            id: message_id,
            body: body.into(),
        })
    }
}

/// What is to be sent, those of each stream together.
fn outgoing(events: &[CloudEvent], max_payload: usize) -> Result<Vec<Vec<Outgoing<'_>>>, Cause> {
    let mut streams: HashMap<Option<&str>, Vec<Outgoing<'_>>> = HashMap::new();
    for event in events {
        let outgoing = Outgoing::new(event, max_payload)?;
        let stream = event.subject.as_deref();
        streams.entry(stream).or_default().push(outgoing);
    }
    Ok(streams.into_values().collect())
}

impl Publisher for NatsPublisher {
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
        let this = &*self;
        Box::pin(async move {
            let outgoing = outgoing(events, this.wire.max_payload())?;
            let each: Vec<BoxFuture<'a, _>> = (outgoing.into_iter())
                .map(|messages| Box::pin(this.send_in_turn(messages)) as _)
                .collect();
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
