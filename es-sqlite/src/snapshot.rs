use es_core::{Json, Revision, Snapshot, StoreError, StreamId};
use rusqlite::{Connection, params};

use crate::error::{Fault, before_commit};
use crate::read::{Reader, stream_key};
use crate::row::{event_id, integer, signed, text, unsigned};

impl Reader {
    pub(crate) fn load_snapshot(
        &mut self,
        stream: &StreamId,
        at_most: Revision,
    ) -> Result<Option<Snapshot>, StoreError> {
        let Some(key) = stream_key(&self.connection, stream)? else {
            return Ok(None);
        };
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT revision, event_id, schema, fold, state FROM snapshots \
                 WHERE stream = ?1 AND revision <= ?2 ORDER BY revision DESC LIMIT 1",
            )
            .map_err(before_commit)?;
        let mut rows = statement
            .query(params![key, signed(at_most.number())])
            .map_err(before_commit)?;
        let Some(row) = rows.next().map_err(before_commit)? else {
            return Ok(None);
        };
        let wrong = |column| Fault::Snapshot { column };
        let fold = integer(row, 3).and_then(|fold| fold.try_into().ok());
        Ok(Some(Snapshot::new(
            stream.clone(),
            Revision::new(unsigned(row, 0).ok_or(wrong("revision"))?),
            event_id(row, 1).ok_or(wrong("event_id"))?,
            integer(row, 2).ok_or(wrong("schema"))?.cast_unsigned(),
            fold.ok_or(wrong("fold"))?,
            Json::from_stored(text(row, 4).ok_or(wrong("state"))?),
        )))
    }
}

pub(crate) fn keep(
    connection: &Connection,
    key: i64,
    snapshot: &Snapshot,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO snapshots (stream, revision, event_id, schema, fold, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                key,
                signed(snapshot.revision.number()),
                snapshot.event_id.as_bytes().as_slice(),
                snapshot.schema.cast_signed(),
                snapshot.fold,
                snapshot.state.as_str(),
            ])
        })
        .map(drop)
        .map_err(before_commit)
}

pub(crate) fn delete(connection: &Connection, key: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM snapshots WHERE stream = ?1")
        .and_then(|mut statement| statement.execute([key]))
        .map(drop)
        .map_err(before_commit)
}
