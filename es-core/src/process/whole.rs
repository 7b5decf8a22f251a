//! The stream of a process as a whole, beside those of its instances: where it began, and which inputs were set aside.

use super::definition::Process;
use super::engine::Engine;
use super::processes::Since;
use super::record::{Began, Record};
use crate::{EventId, Expected, InvalidStreamId, Json, Metadata, Position, StoreError, StreamId};

/// The category of these streams; their ids are the processes' names.
pub(super) const CATEGORY: &str = "es.process";

/// The stream of the process `P` as a whole.
pub(super) fn stream<P: Process>() -> Result<StreamId, InvalidStreamId> {
    StreamId::new(CATEGORY, P::CATEGORY)
}

/// Whether this is the stream of the process `P` as a whole.
pub(super) fn is_of<P: Process>(stream: &StreamId) -> bool {
    stream.category() == CATEGORY && stream.id() == P::CATEGORY
}

impl<P: Process> Engine<P> {
    /// Where the process began: it is written down once, by whoever is first, and what others say after that changes
    /// nothing. So no place that is lost has it begin anew, further on.
    pub(super) async fn began(&self, since: Since) -> Result<Position, StoreError> {
        let stream = stream::<P>()?;
        let id = EventId::derived(&stream, "began", 0);
        if let Some(position) = self.beginning(&stream, id).await? {
            return Ok(position);
        }
        let position = match since {
            Since::Beginning => Position::START,
            Since::Now => self.store.head().await?,
            Since::Position(position) => position,
        };
        let metadata: Json = Metadata::default().encode()?;
        let record = Record::from(Began { position }).encode(id, &metadata)?;
        self.write(&stream, Expected::Any, vec![record]).await?;
        let beginning = self.beginning(&stream, id).await?;
        let why = "the store doesn't hold what it has accepted";
        beginning.ok_or_else(|| StoreError::Backend(why.into()))
    }

    async fn beginning(
        &self,
        stream: &StreamId,
        id: EventId,
    ) -> Result<Option<Position>, StoreError> {
        let Some(found) = self.store.find(stream, id).await? else {
            return Ok(None);
        };
        Ok(match Record::of(&found)? {
            Some(Record::Began(began)) => Some(began.position),
            _ => None,
        })
    }
}
