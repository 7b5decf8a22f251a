use std::fmt;
use std::io::Write;

use futures_core::future::BoxFuture;
use futures_util::{Sink, SinkExt};

use super::CloudEvent;
use crate::{Batch, Cause, Failure};

/// Where events go that leave the program.
///
/// Implemented by [`ToWriter`], [`ToSink`] and by what speaks to a broker; called by a [`Forwarder`](crate::Forwarder).
/// It is not where events are chosen or changed: a [`Feed`](crate::Feed) does that.
///
/// ```
/// use es_core::{BoxFuture, Cause, CloudEvent, Publisher};
///
/// struct ToConsole;
///
/// impl Publisher for ToConsole {
///     fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
///         Box::pin(async move {
///             for event in events {
///                 println!("{} {}", event.r#type, event.id);
///             }
///             Ok(())
///         })
///     }
/// }
/// ```
pub trait Publisher: Send + 'static {
    /// Publishes events in this order, and answers when they are where they can't be lost.
    ///
    /// # Errors
    ///
    /// Some of them may have been published. All are published again, but for [`Unpublishable`].
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>>;
}

/// What a [`Publisher`] answers if no try will publish an event, as it is too large. Those before it are published then, and
/// the [`Forwarder`](crate::Forwarder) stops there: passing over it is the user's decision, in
/// [`Feed::outgoing`](crate::Feed::outgoing).
///
/// It says so before it publishes any: what fails for good only at the end of many is published anew with each start.
#[derive(Debug, thiserror::Error)]
#[error("event {event} can't be published")]
pub struct Unpublishable {
    event: String,
    #[source]
    cause: Cause,
}

impl Unpublishable {
    /// This event can't be published, and why.
    pub fn new(event: &CloudEvent, cause: impl Into<Cause>) -> Self {
        Self {
            event: event.id.clone(),
            cause: cause.into(),
        }
    }

    /// What a publisher says of a batch, with the event that is to blame, if it says so.
    pub(super) fn failure(batch: &Batch, cause: Cause) -> Failure {
        let refused = cause.downcast_ref::<Self>().and_then(|refused| {
            let mut events = batch.events.iter();
            events.find(|stored| stored.envelope.id.to_string() == refused.event)
        });
        Failure::Publisher {
            unpublishable: refused.map(|stored| stored.position),
            cause,
        }
    }
}

/// Writes a line of JSON for each event, and flushes.
///
/// A program that is killed while it writes may leave a part of a line. Its event is published again by the next one, which
/// begins behind the end of a line if whoever opens the file sees to that.
pub struct ToWriter<W>(pub W);

impl<W: Write + Send + 'static> Publisher for ToWriter<W> {
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
        Box::pin(async move {
            for event in events {
                let mut line = serde_json::to_vec(event)?;
                line.push(b'\n');
                self.0.write_all(&line)?;
            }
            Ok(self.0.flush()?)
        })
    }
}

/// Sends each event into a channel, as far as there is room, or into any other `Sink`.
pub struct ToSink<S>(pub S);

impl<S> Publisher for ToSink<S>
where
    S: Sink<CloudEvent> + Send + Unpin + 'static,
    S::Error: Into<Cause>,
{
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>> {
        Box::pin(async move {
            for event in events {
                self.0.feed(event.clone()).await.map_err(Into::into)?;
            }
            self.0.flush().await.map_err(Into::into)
        })
    }
}

impl<W> fmt::Debug for ToWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToWriter")
    }
}

impl<S> fmt::Debug for ToSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToSink")
    }
}
