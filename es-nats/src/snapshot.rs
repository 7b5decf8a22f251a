//! Snapshots, in a JetStream stream of their own with one message for each, which another replaces.

use std::collections::HashMap;

use es_core::{EventId, Json, Revision, Snapshot, StoreError, StreamId};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::error::{Fault, Refusal, Trouble};
use crate::kept::Which;
use crate::wire::{Wire, answers};
use crate::{schema, subject};

/// What the name of their JetStream stream has behind that of the log. No log's name ends so.
pub(crate) const SUFFIX: &str = "-snapshots";

const FORM: u8 = 1;
/// What a message takes beside the state.
const HEAD: usize = 1 + 16 + 8 + 4;

pub(crate) struct Snapshots {
    wire: Wire,
    name: String,
    replicas: usize,
    /// Made by the first that is kept: most logs need none.
    made: OnceCell<()>,
}

#[derive(Serialize)]
struct Filtered<'f> {
    #[serde(rename = "subjects_filter")]
    subjects: &'f str,
}

#[derive(Serialize)]
struct Purged<'f> {
    filter: &'f str,
}

#[derive(Deserialize)]
struct Info {
    error: Option<Refusal>,
    state: Option<State>,
}

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    subjects: Option<HashMap<String, u64>>,
}

#[derive(Deserialize)]
struct Done {
    error: Option<Refusal>,
}

answers!(Info, Done);

impl Snapshots {
    pub(crate) fn new(wire: Wire, log: &str, replicas: usize) -> Self {
        Self {
            wire,
            name: format!("{log}{SUFFIX}"),
            replicas,
            made: OnceCell::new(),
        }
    }

    pub(crate) async fn load(
        &self,
        stream: &StreamId,
        at_most: Revision,
    ) -> Result<Option<Snapshot>, StoreError> {
        let subjects = subject::of_snapshots(&self.name, stream);
        let info = self
            .wire
            .ask::<Info>(
                &format!("STREAM.INFO.{}", self.name),
                &Filtered {
                    subjects: &subjects,
                },
            )
            .await?;
        let state = match info {
            Ok(info) => info.state,
            Err(refusal) if refusal.err_code == Refusal::NO_STREAM => return Ok(None),
            Err(refusal) => return Err(StoreError::Backend(refusal.into())),
        };
        let kept = state.and_then(|state| state.subjects).unwrap_or_default();
        let revisions = kept.keys().filter_map(|subject| {
            let (_, revision) = subject.rsplit_once('.')?;
            revision.parse().ok().map(Revision::new)
        });
        let Some(newest) = revisions.filter(|revision| *revision <= at_most).max() else {
            return Ok(None);
        };
        let subject = subject::of_snapshot(&self.name, stream, newest);
        let message = self
            .wire
            .message(&self.name, &Which::last_of(&subject))
            .await?;
        // It may have been deleted meanwhile.
        let Some(message) = message else {
            return Ok(None);
        };
        let snapshot = decode(stream, newest, &message.data).ok_or(Fault::Snapshot)?;
        Ok(Some(snapshot))
    }

    pub(crate) async fn keep(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        let limit = self.wire.max_payload();
        let bytes = HEAD + snapshot.state.as_str().len();
        if bytes > limit {
            return Err(Fault::SnapshotTooLarge { bytes, limit }.into());
        }
        let make = || schema::open_snapshots(&self.wire, &self.name, self.replicas);
        self.made.get_or_try_init(make).await?;
        let subject = subject::of_snapshot(&self.name, &snapshot.stream, snapshot.revision);
        let body = bytes::Bytes::from(encode(&snapshot));
        let mut tries = self.wire.tries();
        loop {
            let answer = self.wire.request(subject.clone(), None, body.clone()).await;
            let trouble = match answer {
                Err(trouble) => trouble,
                Ok(answer) => match serde_json::from_slice::<Done>(&answer.payload) {
                    Err(_) => Trouble::Perhaps(Fault::NotUnderstood),
                    Ok(Done { error: None }) => return Ok(()),
                    Ok(Done {
                        error: Some(refusal),
                    }) => Trouble::Refused(refusal),
                },
            };
            tries.again(trouble).await?;
        }
    }

    pub(crate) async fn delete(&self, stream: &StreamId) -> Result<(), StoreError> {
        let subjects = subject::of_snapshots(&self.name, stream);
        let api = format!("STREAM.PURGE.{}", self.name);
        match self
            .wire
            .ask::<Done>(&api, &Purged { filter: &subjects })
            .await?
        {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.err_code == Refusal::NO_STREAM => Ok(()),
            Err(refusal) => Err(StoreError::Backend(refusal.into())),
        }
    }
}

fn encode(snapshot: &Snapshot) -> Vec<u8> {
    let state = snapshot.state.as_str();
    let mut bytes = Vec::with_capacity(HEAD + state.len());
    bytes.push(FORM);
    bytes.extend_from_slice(snapshot.event_id.as_bytes());
    bytes.extend_from_slice(&snapshot.schema.to_le_bytes());
    bytes.extend_from_slice(&snapshot.fold.to_le_bytes());
    bytes.extend_from_slice(state.as_bytes());
    bytes
}

fn decode(stream: &StreamId, revision: Revision, bytes: &[u8]) -> Option<Snapshot> {
    let (&form, rest) = bytes.split_first()?;
    let (id, rest) = rest.split_first_chunk()?;
    let (schema, rest) = rest.split_first_chunk()?;
    let (fold, state) = rest.split_first_chunk()?;
    let state = std::str::from_utf8(state).ok()?;
    (form == FORM).then(|| {
        Snapshot::new(
            stream.clone(),
            revision,
            EventId::from_bytes(*id),
            u64::from_le_bytes(*schema),
            u32::from_le_bytes(*fold),
            Json::from_stored(state),
        )
    })
}
