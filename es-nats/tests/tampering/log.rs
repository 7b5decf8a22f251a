//! A log on a server, and who administers the server.

use async_nats::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use es_core::{
    Append, Digest, EventStore, Expected, Json, NewEvent, Seal, Sealer, StoredEvent, Timestamp,
    Verification,
};
use es_nats::{NatsOptions, NatsStore};
use es_servers::Nats;
use es_testkit::FixedClock;
use serde_json::{Value, json};

use crate::message::Message;
use crate::support::{event, fresh_name, log, stream};

/// Three streams, `task/0` to `task/2`, each with four events; sealed after six events and after twelve:
///
/// | messages | 1 2 3 | 4 5 6 | 7 | 8 9 10 | 11 12 13 | 14 |
/// |---|---|---|---|---|---|---|
/// | revisions of the streams | 1 | 2 | seal | 3 | 4 | seal |
pub(crate) struct Log {
    client: Client,
    pub(crate) name: String,
    /// The last seal, which nobody can edit.
    pub(crate) kept: Seal,
}

fn options(name: &str) -> NatsOptions {
    let clock = FixedClock::at(Timestamp::EPOCH);
    NatsStore::options().name(name).clock(clock)
}

pub(crate) fn twelve() -> Vec<NewEvent> {
    let event = |number| {
        let mut event = event(number);
        event.effective_at = (number == 3).then_some(Timestamp::EPOCH);
        event.metadata = Json::parse(r#"{"actor":"me"}"#).unwrap();
        event
    };
    (0..12).map(event).collect()
}

impl Log {
    pub(crate) async fn written() -> Self {
        Self::with(&twelve()).await
    }

    pub(crate) async fn with(events: &[NewEvent]) -> Self {
        let name = fresh_name();
        let url = Nats::shared().url();
        let store = options(&name).tamper_evident().open(url).await.unwrap();
        let mut sealer = Sealer::open(store.clone()).await.unwrap();
        for (number, event) in (0..).zip(events) {
            let append = Append::new(stream(number % 3), Expected::Any, vec![event.clone()]);
            store.append(append).await.unwrap();
            if number == 5 {
                sealer.seal().await.unwrap();
            }
        }
        let kept = sealer.seal().await.unwrap().unwrap();
        let client = async_nats::connect(url).await.unwrap();
        Self { client, name, kept }
    }

    /// As a program finds it that is started now.
    pub(crate) async fn open(&self) -> NatsStore {
        options(&self.name)
            .open(Nats::shared().url())
            .await
            .unwrap()
    }

    async fn ask(&self, what: &str, body: Value) -> Value {
        let subject = format!("$JS.API.STREAM.{what}.{}", self.name);
        let answer = self.client.request(subject, body.to_string().into()).await;
        serde_json::from_slice(&answer.unwrap().payload).unwrap()
    }

    async fn api(&self, what: &str, body: Value) -> Value {
        let answer = self.ask(what, body).await;
        assert_eq!(answer.get("error"), None, "{what}");
        answer
    }

    /// Every message, the first one first, and where there are gaps none.
    pub(crate) async fn messages(&self) -> Vec<Option<Message>> {
        let state = &self.api("INFO", json!({})).await["state"];
        let mut messages = Vec::new();
        for sequence in 1..=state["last_seq"].as_u64().unwrap() {
            let got = self.ask("MSG.GET", json!({ "seq": sequence })).await;
            let text = |field: &str| got["message"][field].as_str().map(str::to_owned);
            messages.push(text("subject").map(|subject| {
                let bytes = STANDARD.decode(text("data").unwrap()).unwrap();
                Message { subject, bytes }
            }));
        }
        messages
    }

    /// Puts another log in its place, with these messages, and with gaps where there is none. A log's settings can't be
    /// changed so that something may be deleted from it; but it can be made again.
    pub(crate) async fn replace(&self, messages: &[Option<Message>]) {
        let mut config = self.api("INFO", json!({})).await["config"].clone();
        config["deny_delete"] = json!(false);
        config["deny_purge"] = json!(false);
        loop {
            self.api("DELETE", json!({})).await;
            let made = self.api("CREATE", config.clone()).await;
            // Newer servers delete in the background, and may find what isn't gone yet.
            if made["state"]["last_seq"] == json!(0) {
                break;
            }
        }
        let gap = Message {
            subject: format!("{}.gap.1", self.name),
            bytes: Vec::new(),
        };
        for message in messages {
            let Message { subject, bytes } = message.clone().unwrap_or_else(|| gap.clone());
            let stored = self.client.request(subject, bytes.into()).await.unwrap();
            let stored: Value = serde_json::from_slice(&stored.payload).unwrap();
            assert_eq!(stored.get("error"), None);
            if message.is_none() {
                let which = json!({ "seq": stored["seq"] });
                self.api("MSG.DELETE", which).await;
            }
        }
        config["deny_delete"] = json!(true);
        config["deny_purge"] = json!(true);
        self.api("UPDATE", config).await;
        let state = &self.api("INFO", json!({})).await["state"];
        assert_eq!(state["last_seq"], json!(messages.len()));
    }

    /// Edits the messages, each at its place in the log.
    pub(crate) async fn edit(&self, edit: impl FnOnce(&mut Vec<Option<Message>>)) {
        let mut messages = self.messages().await;
        edit(&mut messages);
        self.replace(&messages).await;
    }

    /// Computes the hashes of the first stream anew, so that each fits.
    pub(crate) async fn hash_anew(&self, messages: &mut [Option<Message>]) {
        self.replace(messages).await;
        let mut previous = None;
        for event in log(&self.open().await).await {
            let envelope = &event.envelope;
            if envelope.stream == stream(0) {
                let revision = envelope.revision;
                let hash = Digest::of_event(previous, &envelope.stream, revision, &new(&event));
                let index = usize::try_from(event.position.number() >> 16).unwrap() - 1;
                let message = messages[index].take().unwrap();
                messages[index] = Some(message.hashed(hash.as_bytes()));
                previous = Some(hash);
            }
        }
        self.replace(messages).await;
    }

    /// What is found without a kept seal.
    pub(crate) async fn found(&self) -> Vec<String> {
        breaks(&Verification::of(&self.open().await, &[]).await.unwrap())
    }

    pub(crate) async fn verify(&self) -> Verification {
        let kept = std::slice::from_ref(&self.kept);
        Verification::of(&self.open().await, kept).await.unwrap()
    }

    pub(crate) async fn found_by_the_kept_seal(&self) -> Vec<String> {
        breaks(&self.verify().await)
    }
}

fn new(event: &StoredEvent) -> NewEvent {
    let id = event.envelope.id;
    let mut new = NewEvent::new(id, event.name.clone(), event.version, event.payload.clone());
    new.metadata = event.envelope.metadata.clone();
    new.effective_at = event.envelope.effective_at;
    new
}

pub(crate) fn breaks(verification: &Verification) -> Vec<String> {
    let breaks = verification.breaks().iter();
    breaks.map(ToString::to_string).collect()
}
