use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::temporal::{Force, Standing, StoredCorrection};
use crate::{EventId, Metadata, Position, Revision, StoreError, StoredEvent, StreamId, Timestamp};

/// What is known of a stored event beside its payload, which may hold personal data and isn't shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its place in the log.
    pub position: Position,
    /// The stream that it belongs to.
    #[serde(serialize_with = "as_text")]
    pub stream: StreamId,
    /// Its place in the stream.
    pub revision: Revision,
    /// Its identity.
    pub id: EventId,
    /// Its stored name.
    #[serde(serialize_with = "as_text")]
    pub name: Arc<str>,
    /// When the store accepted it.
    pub recorded_at: Timestamp,
    /// When it was true in the world, if that was said.
    pub effective_at: Option<Timestamp>,
    /// Who did it.
    pub actor: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The event that led to it.
    pub caused_by: Option<EventId>,
    /// What it belongs to across streams.
    pub correlation: Option<String>,
    /// The event that it undoes in the open.
    pub compensates: Option<EventId>,
    /// The revision of the entry that it corrects, if it is a correction that points at one.
    pub corrects: Option<Revision>,
    /// The name of the fact that it puts in place, if it is a correction that carries one.
    pub fact: Option<String>,
    /// The revision of the correction that stands against it.
    pub corrected_by: Option<Revision>,
}

fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

impl AuditEntry {
    /// The entries of a whole stream.
    pub(super) fn of_stream(events: &[StoredEvent]) -> Result<Vec<Self>, StoreError> {
        let standing = Standing::of(events)?;
        events
            .iter()
            .map(|event| Self::of(event, &standing))
            .collect()
    }

    fn of(event: &StoredEvent, standing: &Standing) -> Result<Self, StoreError> {
        let envelope = &event.envelope;
        let metadata =
            Metadata::decode(&envelope.metadata).map_err(|reason| event.undecodable(reason))?;
        let correction = standing.correction(envelope.revision);
        let target = correction.and_then(StoredCorrection::target);
        let content = correction.and_then(StoredCorrection::content);
        let corrected_by = match standing.force(envelope.revision) {
            Some(Force::Replaced { by } | Force::Retracted { by }) => Some(by),
            Some(Force::Counts) | None => None,
        };
        Ok(Self {
            position: event.position,
            stream: envelope.stream.clone(),
            revision: envelope.revision,
            id: envelope.id,
            name: Arc::clone(&event.name),
            recorded_at: envelope.recorded_at,
            effective_at: envelope.effective_at,
            actor: metadata.actor,
            reason: metadata.reason,
            caused_by: metadata.caused_by,
            correlation: metadata.correlation,
            compensates: metadata.compensates,
            corrects: target.map(|target| target.revision),
            fact: content.map(|content| content.name.to_string()),
            corrected_by,
        })
    }
}

impl fmt::Display for AuditEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stream,
            revision,
            name,
            recorded_at,
            ..
        } = self;
        write!(f, "{recorded_at} {stream} {revision} {name}")?;
        if let Some(fact) = &self.fact {
            write!(f, " ({fact})")?;
        }
        if let Some(corrects) = self.corrects {
            write!(f, ", corrects {corrects}")?;
        }
        if let Some(actor) = &self.actor {
            write!(f, ", by {actor}")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        if let Some(by) = self.corrected_by {
            write!(f, " [corrected by {by}]")?;
        }
        Ok(())
    }
}
