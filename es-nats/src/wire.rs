//! Requests to the server, with an end to waiting: an answer, a broken connection or too long a silence.

use std::time::Duration;

use async_nats::{
    Client, ConnectOptions, HeaderMap, Message, Request, RequestErrorKind, Subscriber,
};
use bytes::Bytes;
use es_core::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::{Fault, Refusal, Trouble, not_connected};

/// How long one request may be silent before it is taken for lost.
const SILENCE: Duration = Duration::from_secs(3);
/// The pauses between tries.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(200);
/// A patience that no clock can tell the end of.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// While a connection is gone.
const RECONNECT: Duration = Duration::from_millis(250);

/// The connection. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Wire {
    client: Client,
    /// Counts the times that the connection was lost.
    lost: watch::Receiver<u64>,
    patience: Duration,
}

impl Wire {
    pub(crate) async fn connect(
        options: ConnectOptions,
        urls: &[async_nats::ServerAddr],
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let (counted, lost) = watch::channel(0);
        let options = options
            .name("es-nats")
            .connection_timeout(patience)
            .max_reconnects(None)
            .reconnect_delay_callback(|tries| {
                let tries = u32::try_from(tries).unwrap_or(u32::MAX).min(7);
                (SHORTEST * 2_u32.pow(tries)).min(RECONNECT)
            })
            .event_callback(move |event| {
                if matches!(
                    event,
                    async_nats::Event::Disconnected | async_nats::Event::Closed
                ) {
                    counted.send_modify(|count| *count += 1);
                }
                std::future::ready(())
            });
        let client = options
            .connect(urls)
            .await
            .map_err(|error| not_connected(&error))?;
        Ok(Self {
            client,
            lost,
            patience,
        })
    }

    /// The most bytes that a message may have, headers included, as the server last said.
    pub(crate) fn max_payload(&self) -> usize {
        self.client.max_payload()
    }

    /// One try.
    pub(crate) async fn request(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        body: Bytes,
    ) -> Result<Message, Trouble> {
        // Before the look: what breaks after it is told.
        let mut lost = self.lost();
        if !self.is_connected() {
            // The client would keep it and send it later, when nobody waits for it any more.
            return Err(Trouble::NotSent(Fault::Disconnected));
        }
        let bytes = body.len();
        let mut request = Request::new().payload(body).timeout(Some(SILENCE));
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        tokio::select! {
            biased;
            answer = self.client.send_request(subject, request) => answer.map_err(|error| match error.kind() {
                RequestErrorKind::NoResponders => Trouble::NotSent(Fault::NoResponders),
                RequestErrorKind::TimedOut => Trouble::Perhaps(Fault::NoAnswer(SILENCE)),
                RequestErrorKind::InvalidSubject => Trouble::NotSent(Fault::NotUnderstood),
                RequestErrorKind::MaxPayloadExceeded => {
                    Trouble::NotSent(Fault::TooLarge { bytes, limit: self.max_payload() })
                }
                RequestErrorKind::Other => Trouble::Perhaps(Fault::ConnectionLost),
            }),
            _ = lost.changed() => Err(Trouble::Perhaps(Fault::ConnectionLost)),
        }
    }

    /// One try of the server's own API.
    pub(crate) async fn try_ask<A: Answer>(
        &self,
        api: &str,
        body: &impl Serialize,
    ) -> Result<A, Trouble> {
        let body = serde_json::to_vec(body).map_err(|_| Trouble::NotSent(Fault::NotUnderstood))?;
        let answer = self
            .request(format!("$JS.API.{api}"), None, body.into())
            .await?;
        let mut answer: A = serde_json::from_slice(&answer.payload)
            .map_err(|_| Trouble::Perhaps(Fault::NotUnderstood))?;
        match answer.refusal() {
            None => Ok(answer),
            Some(refusal) => Err(Trouble::Refused(refusal)),
        }
    }

    /// Asks the server's own API, again and again while that may help. For what may be done twice.
    pub(crate) async fn ask<A: Answer>(
        &self,
        api: &str,
        body: &impl Serialize,
    ) -> Result<Result<A, Refusal>, StoreError> {
        let mut tries = self.tries();
        loop {
            match self.try_ask(api, body).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(Trouble::Refused(refusal)) if !refusal.may_pass() => return Ok(Err(refusal)),
                Err(trouble) => tries.again(trouble).await?,
            }
        }
    }

    /// Sends a message that is answered at `inbox`.
    pub(crate) async fn send(
        &self,
        subject: String,
        inbox: &str,
        body: Bytes,
    ) -> Result<(), Trouble> {
        self.client
            .publish_with_reply(subject, inbox.to_owned(), body)
            .await
            .map_err(|_| Trouble::NotSent(Fault::Disconnected))
    }

    pub(crate) async fn subscribe(&self, inbox: &str) -> Result<Subscriber, Trouble> {
        self.client
            .subscribe(inbox.to_owned())
            .await
            .map_err(|_| Trouble::NotSent(Fault::Disconnected))
    }

    pub(crate) fn inbox(&self) -> String {
        self.client.new_inbox()
    }

    /// Tells when the connection breaks.
    pub(crate) fn lost(&self) -> watch::Receiver<u64> {
        let mut lost = self.lost.clone();
        lost.mark_unchanged();
        lost
    }

    /// When an operation that begins now has had all the time that it gets.
    pub(crate) fn deadline(&self) -> Instant {
        let now = Instant::now();
        let deadline = now.checked_add(self.patience);
        deadline.unwrap_or_else(|| now + FOREVER)
    }

    /// Why an operation isn't done at its deadline.
    pub(crate) fn late(&self) -> Fault {
        if self.is_connected() {
            Fault::Late(self.patience)
        } else {
            Fault::Disconnected
        }
    }

    fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    pub(crate) fn tries(&self) -> Tries {
        Tries::until(self.deadline())
    }
}

/// Pauses between tries, until patience is at its end.
pub(crate) struct Tries {
    until: Instant,
    pause: Duration,
}

impl Tries {
    pub(crate) fn until(until: Instant) -> Self {
        let pause = SHORTEST;
        Self { until, pause }
    }

    /// Pauses before another try, or says why there is none.
    pub(crate) async fn again(&mut self, trouble: Trouble) -> Result<(), StoreError> {
        if trouble.may_pass() && self.pause().await {
            return Ok(());
        }
        Err(trouble.into_error())
    }

    /// Pauses; `false` where patience is at its end.
    pub(crate) async fn pause(&mut self) -> bool {
        if Instant::now() + self.pause > self.until {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}

/// An answer of the server's own API.
pub(crate) trait Answer: DeserializeOwned {
    fn refusal(&mut self) -> Option<Refusal>;
}

/// Implements [`Answer`] for structs with a field `error`.
macro_rules! answers {
    ($($answer:ty),* $(,)?) => {$(
        impl $crate::wire::Answer for $answer {
            fn refusal(&mut self) -> Option<$crate::error::Refusal> {
                self.error.take()
            }
        }
    )*};
}
pub(crate) use answers;
