use es_core::{BoxFuture, Checkpoint, Json, Position, SavedState, StateStore, StoreError};
use rusqlite::{Connection, params};

use super::SqliteReadModels;
use crate::error::{Fault, before_commit};
use crate::row::{event_id, integer, signed, text, unsigned};

fn load(
    connection: &Connection,
    projection: &str,
    version: u32,
) -> Result<Option<SavedState>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT schema, position, event_id, state FROM es_states WHERE projection = ?1 AND version = ?2",
        )
        .map_err(before_commit)?;
    let mut rows = statement
        .query(params![projection, version])
        .map_err(before_commit)?;
    let Some(row) = rows.next().map_err(before_commit)? else {
        return Ok(None);
    };
    let wrong = |column| Fault::State { column };
    let checkpoint = Checkpoint {
        position: Position::new(unsigned(row, 1).ok_or(wrong("position"))?),
        event_id: event_id(row, 2),
    };
    let schema = integer(row, 0).ok_or(wrong("schema"))?.cast_unsigned();
    let state = Json::from_stored(text(row, 3).ok_or(wrong("state"))?);
    let saved = SavedState::new(projection, version, schema, checkpoint, state);
    Ok(Some(saved))
}

fn save(connection: &Connection, saved: &SavedState) -> Result<(), StoreError> {
    let event_id = saved.checkpoint.event_id;
    connection
        .prepare_cached(
            "INSERT INTO es_states (projection, version, schema, position, event_id, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (projection, version) DO UPDATE SET \
             schema = excluded.schema, position = excluded.position, event_id = excluded.event_id, state = excluded.state \
             WHERE es_states.position < excluded.position OR es_states.schema <> excluded.schema",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                &*saved.projection,
                saved.version,
                saved.schema.cast_signed(),
                signed(saved.checkpoint.position.number()),
                event_id.as_ref().map(|id| id.as_bytes().as_slice()),
                saved.state.as_str(),
            ])
        })
        .map(drop)
        .map_err(before_commit)
}

impl StateStore for SqliteReadModels {
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
        let projection = projection.to_owned();
        Box::pin(async move {
            self.with(move |connection| load(connection, &projection, version))
                .await
        })
    }

    fn save_state(&self, state: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.with(move |connection| save(connection, &state)).await })
    }

    fn delete_states<'a>(&'a self, projection: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let projection = projection.to_owned();
        Box::pin(async move {
            let delete = move |connection: &mut Connection| {
                connection
                    .execute("DELETE FROM es_states WHERE projection = ?1", [projection])
                    .map(drop)
                    .map_err(before_commit)
            };
            self.with(delete).await
        })
    }
}
