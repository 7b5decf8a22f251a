//! The other side of the benchmarks: async-nats with the log's settings, subjects and messages of the same size, and nothing
//! around it.

#![allow(dead_code, reason = "each benchmark uses a part")]

use std::time::{SystemTime, UNIX_EPOCH};

use async_nats::{Client, HeaderMap, Request};
use bytes::Bytes;
use es_core::EventId;
use serde::Deserialize;

/// Whether a publish names the message that it expects to be its subject's last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publish {
    /// As the log does: only one of several writers wins.
    Expecting,
    /// Whoever comes, comes: the server does least.
    Plain,
}

#[derive(Deserialize)]
struct Acknowledgement {
    seq: u64,
}

/// A connection to a stream as `src/schema.rs` makes it.
#[derive(Clone)]
pub(crate) struct Bare {
    client: Client,
    name: String,
}

impl Bare {
    pub(crate) async fn create(addresses: &str, name: &str, replicas: usize) -> Self {
        let addresses: Vec<&str> = addresses.split(',').collect();
        let client = async_nats::connect(&addresses[..]).await;
        let bare = Self {
            client: client.expect("a connection"),
            name: name.to_owned(),
        };
        let settings = format!(
            r#"{{"name":"{name}","subjects":["{name}.>"],"retention":"limits","storage":"file","discard":"new","max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"num_replicas":{replicas},"duplicate_window":30000000000,"deny_delete":true,"deny_purge":true}}"#
        );
        bare.ask(&format!("STREAM.CREATE.{name}"), settings).await;
        bare
    }

    pub(crate) async fn delete(&self) {
        let api = format!("STREAM.DELETE.{}", self.name);
        self.ask(&api, String::new()).await;
    }

    pub(crate) async fn ask(&self, api: &str, body: String) -> Bytes {
        let answer = self.client.request(format!("$JS.API.{api}"), body.into());
        let answer = answer.await.expect("an answer").payload;
        let text = String::from_utf8_lossy(&answer);
        assert!(!text.contains("\"error\""), "{text}");
        answer
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Publishes events as one message to the subject of a stream, and waits for the acknowledgement; its sequence.
    pub(crate) async fn publish(
        &self,
        how: Publish,
        task: usize,
        last: u64,
        payloads: &[String],
    ) -> u64 {
        let mut request = Request::new().payload(message(payloads));
        if how == Publish::Expecting {
            let mut headers = HeaderMap::new();
            headers.insert(
                "Nats-Expected-Last-Subject-Sequence",
                last.to_string().as_str(),
            );
            request = request.headers(headers);
        }
        let subject = format!("{}.account.{task}", self.name);
        let answer = self.client.send_request(subject, request).await;
        let answer = answer.expect("an answer");
        let acknowledged: Acknowledgement =
            serde_json::from_slice(&answer.payload).expect("an acknowledgement");
        acknowledged.seq
    }
}

/// As many bytes as `src/message.rs` makes of them, with an id and a time.
fn message(payloads: &[String]) -> Bytes {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_micros());
    let mut bytes =
        Vec::with_capacity(27 + payloads.iter().map(|text| 43 + text.len()).sum::<usize>());
    bytes.extend_from_slice(&[0; 11]);
    bytes.extend_from_slice(&now.to_le_bytes());
    for payload in payloads {
        bytes.extend_from_slice(EventId::random().as_bytes());
        bytes.extend_from_slice(&[0; 10]);
        bytes.extend_from_slice(b"account.deposited");
        bytes.extend_from_slice(payload.as_bytes());
    }
    bytes.into()
}
