//! Reading many messages in order: a pull consumer, which gives as many as it is asked for, so that memory stays flat.

use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::error::{Fault, Refusal, Trouble};
use crate::wire::{Wire, answers};

/// How many messages one request asks for at most, and how many bytes, but always more than one message can have.
const BATCH: usize = 1_000;
const BATCH_BYTES: usize = 8 << 20;
/// How long a message may be in coming: a replica may be behind, but not for long.
const SILENCE: Duration = Duration::from_secs(3);
/// How long the server keeps a request that isn't fulfilled.
const EXPIRES: Duration = Duration::from_secs(30);
/// How long the server keeps a consumer that nobody asks.
const IDLE: Duration = Duration::from_mins(1);

/// A consumer on the server, and what it sends.
pub(crate) struct Cursor {
    wire: Wire,
    log: String,
    consumer: String,
    inbox: String,
    messages: Subscriber,
    lost: watch::Receiver<u64>,
    /// How many messages it has given.
    given: u64,
    /// How many of those that were asked for are still to come.
    coming: usize,
    /// How many are asked for at once.
    batch: usize,
}

/// A message, and its place in the log.
pub(crate) struct Received {
    pub sequence: u64,
    pub message: Message,
}

#[derive(Serialize)]
struct Create<'c> {
    stream_name: &'c str,
    config: Config<'c>,
}

#[derive(Serialize)]
struct Config<'c> {
    deliver_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_start_seq: Option<u64>,
    ack_policy: &'static str,
    replay_policy: &'static str,
    filter_subject: &'c str,
    num_replicas: usize,
    mem_storage: bool,
    inactive_threshold: u64,
}

#[derive(Deserialize)]
struct Created {
    error: Option<Refusal>,
    #[serde(default)]
    name: String,
}

answers!(Created);

#[derive(Serialize)]
struct Pull {
    batch: usize,
    expires: u64,
    max_bytes: usize,
}

impl Cursor {
    /// Reads what has this subject, from a sequence on. About so many messages are expected.
    pub(crate) async fn open(
        wire: &Wire,
        log: &str,
        subject: &str,
        start: u64,
        expected: usize,
    ) -> Result<Self, Trouble> {
        let inbox = wire.inbox();
        let lost = wire.lost();
        let messages = wire.subscribe(&inbox).await?;
        let create = Create {
            stream_name: log,
            config: Config {
                deliver_policy: "by_start_sequence",
                opt_start_seq: Some(start.max(1)),
                ack_policy: "none",
                replay_policy: "instant",
                filter_subject: subject,
                // It only has a place in the log, which we know too.
                num_replicas: 1,
                mem_storage: true,
                inactive_threshold: nanoseconds(IDLE),
            },
        };
        let api = format!("CONSUMER.CREATE.{log}");
        let created: Created = wire.try_ask(&api, &create).await?;
        Ok(Self {
            wire: wire.clone(),
            log: log.to_owned(),
            consumer: created.name,
            inbox,
            messages,
            lost,
            given: 0,
            coming: 0,
            batch: expected.clamp(1, BATCH),
        })
    }

    /// The next message, waiting for it. After an error the cursor is of no use.
    ///
    /// Cancel-safe: a message that was received is returned.
    pub(crate) async fn next(&mut self) -> Result<Received, Trouble> {
        loop {
            if self.coming == 0 {
                self.pull().await?;
            }
            let message = tokio::select! {
                biased;
                message = tokio::time::timeout(SILENCE, self.messages.next()) => message,
                _ = self.lost.changed() => return Err(Trouble::Perhaps(Fault::ConnectionLost)),
            };
            let message = message
                .map_err(|_| Trouble::Perhaps(Fault::NoAnswer(SILENCE)))?
                .ok_or(Trouble::Perhaps(Fault::ConnectionLost))?;
            match message.status {
                None => return self.received(message),
                Some(status) => self.ended(status, message.description.as_deref())?,
            }
        }
    }

    async fn pull(&mut self) -> Result<(), Trouble> {
        let pull = Pull {
            batch: self.batch,
            expires: nanoseconds(EXPIRES),
            max_bytes: BATCH_BYTES.max(2 * self.wire.max_payload()),
        };
        let body = serde_json::to_vec(&pull).map_err(|_| Trouble::NotSent(Fault::NotUnderstood))?;
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", self.log, self.consumer);
        self.wire.send(subject, &self.inbox, body.into()).await?;
        self.coming = self.batch;
        // More are wanted than were expected.
        self.batch = (self.batch * 4).min(BATCH);
        Ok(())
    }

    fn received(&mut self, message: Message) -> Result<Received, Trouble> {
        let place = message.reply.as_deref().and_then(place);
        let (sequence, number) = place.ok_or(Trouble::Perhaps(Fault::NotUnderstood))?;
        // The client drops what comes faster than it is taken.
        if number != self.given + 1 {
            return Err(Trouble::Perhaps(Fault::ConnectionLost));
        }
        self.given = number;
        self.coming = self.coming.saturating_sub(1);
        Ok(Received { sequence, message })
    }

    /// A request ended before it was fulfilled.
    fn ended(&mut self, status: StatusCode, description: Option<&str>) -> Result<(), Trouble> {
        const CONFLICT: u16 = 409;
        let of_size = description.is_some_and(|description| description.contains("MaxBytes"));
        if status == StatusCode::TIMEOUT || (status.as_u16() == CONFLICT && of_size) {
            self.coming = 0;
            return Ok(());
        }
        // The consumer is gone, or its leader is.
        Err(Trouble::Perhaps(Fault::ConnectionLost))
    }
}

impl Drop for Cursor {
    /// The server would forget it by itself, in a while.
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (wire, inbox) = (self.wire.clone(), self.wire.inbox());
        let subject = format!("$JS.API.CONSUMER.DELETE.{}.{}", self.log, self.consumer);
        runtime.spawn(async move {
            let _ = wire.send(subject, &inbox, bytes::Bytes::new()).await;
        });
    }
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The sequence in the log and the number among the consumer's messages, from where a message is to be acknowledged:
/// `$JS.ACK.<stream>.<consumer>.<tries>.<sequence>.<number>.<time>.<pending>`, newer servers with a domain and an account
/// before the stream.
fn place(reply: &str) -> Option<(u64, u64)> {
    let tokens = reply.split('.').count();
    let before = if tokens > 9 { 7 } else { 5 };
    let mut tokens = reply.strip_prefix("$JS.ACK.")?.split('.').skip(before - 2);
    Some((tokens.next()?.parse().ok()?, tokens.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_message_says_where_it_stands() {
        let old = "$JS.ACK.es.e0.1.1906.20.1795508703919942502.0";
        let new = "$JS.ACK._.hash.es.e0.1.1906.20.1795508703919942502.0.token";
        assert_eq!(place(old), Some((1_906, 20)));
        assert_eq!(place(new), Some((1_906, 20)));
        assert_eq!(place("_INBOX.1"), None);
        assert_eq!(place("$JS.ACK.es.e0.1.x.20.0.0"), None);
    }
}
