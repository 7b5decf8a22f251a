use std::fmt::{self, Write as _};
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

/// Text of somebody's, in which nothing ends the line or moves the cursor: it would pass for an entry of its own.
struct OneLine<'t>(&'t str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| {
            if is_plain(char) {
                f.write_char(char)
            } else {
                write!(f, "{}", char.escape_default())
            }
        })
    }
}

/// Whether a character is neither a control nor one that ends a line or turns the direction of what follows.
fn is_plain(char: char) -> bool {
    !char.is_control()
        && !matches!(
            char,
            '\u{2028}' | '\u{2029}' | '\u{200E}' | '\u{200F}' | '\u{61C}'
        )
        && !matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A line: what is there of each field, and no line break but in escapes.
impl fmt::Display for AuditEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (recorded_at, revision) = (self.recorded_at, self.revision);
        let (stream, name) = (OneLine(self.stream.as_str()), OneLine(&self.name));
        write!(f, "{recorded_at} {stream} {revision} {name}")?;
        if let Some(fact) = &self.fact {
            write!(f, " ({})", OneLine(fact))?;
        }
        if let Some(effective_at) = self.effective_at {
            write!(f, ", effective {effective_at}")?;
        }
        if let Some(corrects) = self.corrects {
            write!(f, ", corrects {corrects}")?;
        }
        if let Some(compensates) = self.compensates {
            write!(f, ", compensates {compensates}")?;
        }
        if let Some(cause) = self.caused_by {
            write!(f, ", caused by {cause}")?;
        }
        if let Some(correlation) = &self.correlation {
            write!(f, ", of {}", OneLine(correlation))?;
        }
        if let Some(actor) = &self.actor {
            write!(f, ", by {}", OneLine(actor))?;
        }
        if let Some(reason) = &self.reason {
            write!(f, ": {}", OneLine(reason))?;
        }
        if let Some(by) = self.corrected_by {
            write!(f, " [corrected by {by}]")?;
        }
        Ok(())
    }
}
