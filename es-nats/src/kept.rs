//! Messages one by one, as a JetStream stream's leader keeps them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use es_core::StoreError;
use serde::{Deserialize, Serialize};

use crate::error::{Fault, Refusal};
use crate::wire::{Wire, answers};

impl Wire {
    /// A message of a JetStream stream, from its leader.
    pub(crate) async fn message(
        &self,
        stream: &str,
        which: &Which<'_>,
    ) -> Result<Option<Kept>, StoreError> {
        let api = format!("STREAM.MSG.GET.{stream}");
        match self.ask::<Got>(&api, which).await? {
            Ok(got) => got.message.ok_or(Fault::NotUnderstood)?.decoded().map(Some),
            Err(refusal) if refusal.err_code == Refusal::NO_MESSAGE => Ok(None),
            Err(refusal) => Err(StoreError::Backend(refusal.into())),
        }
    }
}

/// Which message of a JetStream stream.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Which<'w> {
    #[serde(rename = "seq", skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    #[serde(rename = "last_by_subj", skip_serializing_if = "Option::is_none")]
    pub last_of: Option<&'w str>,
}

impl<'w> Which<'w> {
    /// The one with this sequence.
    pub(crate) fn at(sequence: u64) -> Self {
        let sequence = Some(sequence);
        Self {
            sequence,
            ..Self::default()
        }
    }

    /// The last one with this subject, or one that fits it.
    pub(crate) fn last_of(subject: &'w str) -> Self {
        let last_of = Some(subject);
        Self {
            last_of,
            ..Self::default()
        }
    }
}

/// A message as it is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub sequence: u64,
    pub subject: String,
    pub data: Vec<u8>,
}

#[derive(Deserialize)]
struct Got {
    error: Option<Refusal>,
    message: Option<GotMessage>,
}

#[derive(Deserialize)]
struct GotMessage {
    seq: u64,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    data: String,
}

answers!(Got);

impl GotMessage {
    fn decoded(self) -> Result<Kept, StoreError> {
        let data = STANDARD
            .decode(self.data)
            .map_err(|_| Fault::NotUnderstood)?;
        Ok(Kept {
            sequence: self.seq,
            subject: self.subject,
            data,
        })
    }
}
