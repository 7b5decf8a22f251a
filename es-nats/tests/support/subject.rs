//! The store under test, for the conformance table: a log of its own on servers that the rows share.

use std::future::{Ready, ready};
use std::sync::Arc;

use async_nats::{Client, HeaderMap, Request};
use es_core::{AnyStore, BoxFuture, Cause, Limits, StoreError, Timestamp};
use es_nats::NatsStore;
use es_testkit::FixedClock;
use es_testkit::conformance::{Declared, Profile, Subject, Tampering};

use crate::support::fresh_name;

pub(crate) struct Nats {
    addresses: String,
    name: String,
    replicas: usize,
    tamper_evident: bool,
    clock: Arc<FixedClock>,
}

impl Nats {
    pub(crate) fn fresh(addresses: impl Into<String>, replicas: usize) -> Ready<Self> {
        ready(Self {
            addresses: addresses.into(),
            name: fresh_name(),
            replicas,
            tamper_evident: false,
            clock: Arc::new(FixedClock::at(Timestamp::EPOCH)),
        })
    }

    /// A log whose events are hashed.
    pub(crate) fn tamper_evident(addresses: impl Into<String>, replicas: usize) -> Ready<Self> {
        ready(Self {
            tamper_evident: true,
            ..Self::fresh(addresses, replicas).into_inner()
        })
    }

    /// One of the addresses, without what the store does to connect.
    async fn bare(&self) -> Result<Client, Cause> {
        let address = self.addresses.split(',').next().unwrap_or_default();
        Ok(async_nats::connect(address).await?)
    }

    /// Tries everything that a client can, in the server's own words.
    async fn try_all(&self, tampering: Tampering) -> Result<(), Cause> {
        let client = self.bare().await?;
        let name = &self.name;
        let api = |what: &str| format!("$JS.API.STREAM.{what}.{name}");
        let attempts = match tampering {
            // A message can't be changed; one with this header would take the place of those before it.
            Tampering::Change => {
                let mut headers = HeaderMap::new();
                headers.insert("Nats-Rollup", "sub");
                let request = Request::new().headers(headers).payload("{}".into());
                vec![(format!("{name}.suite.1"), request)]
            }
            _ => vec![
                (
                    api("MSG.DELETE"),
                    Request::new().payload(r#"{"seq":1}"#.into()),
                ),
                (api("PURGE"), Request::new()),
            ],
        };
        let mut refused = None;
        for (subject, request) in attempts {
            let answer = client.send_request(subject, request).await?;
            let answer: serde_json::Value = serde_json::from_slice(&answer.payload)?;
            match answer.get("error") {
                Some(error) => refused = Some(error.to_string()),
                None => return Ok(()),
            }
        }
        refused.map_or(Ok(()), |refusal| Err(refusal.into()))
    }
}

impl Subject for Nats {
    fn profile(&self) -> Profile {
        // A server of the default configuration takes messages of a mebibyte, headers included.
        let bytes = (1 << 20) - 2_048;
        let mut limits = Limits::DEFAULT;
        limits.events = 65_536;
        limits.payload_bytes = bytes;
        limits.append_bytes = bytes;
        limits.metadata_bytes = bytes / 2;
        Profile::new()
            .clock(&self.clock)
            .limits(limits)
            .event_overhead(if self.tamper_evident { 70 } else { 38 })
            .declares(Declared::RecordTimeOfStream)
    }

    /// Each handle has a connection of its own, like that of another process.
    fn handle(&self) -> BoxFuture<'_, Result<AnyStore, StoreError>> {
        Box::pin(async {
            let options = NatsStore::options()
                .name(&self.name)
                .replicas(self.replicas)
                .clock(Arc::clone(&self.clock));
            let options = if self.tamper_evident {
                options.tamper_evident()
            } else {
                options
            };
            options.open(&self.addresses).await.map(AnyStore::new)
        })
    }

    fn tamper(&self, tampering: Tampering) -> BoxFuture<'_, Option<Result<(), Cause>>> {
        Box::pin(async move { Some(self.try_all(tampering).await) })
    }
}
