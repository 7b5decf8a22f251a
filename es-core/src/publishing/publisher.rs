use std::fmt;
use std::io::Write;

use futures_core::future::BoxFuture;
use futures_util::{Sink, SinkExt};

use super::CloudEvent;
use crate::Cause;

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
    /// Some of them may have been published. All are published again.
    fn publish<'a>(&'a mut self, events: &'a [CloudEvent]) -> BoxFuture<'a, Result<(), Cause>>;
}

/// Writes a line of JSON for each event, and flushes.
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
