use es_core::{BoxFuture, Checkpoint, Failure, Json, Position, SavedState, StateStore, StoreError};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::PostgresReadModels;
use super::fence::On;
use super::sql::Sql;
use crate::error::Fault;
use crate::row::{integer, signed, text, unsigned};

/// A failure of the database, as a store's error.
fn error(failure: Failure) -> StoreError {
    match failure {
        Failure::Database {
            passing: true,
            cause,
        } => StoreError::Unavailable(cause),
        Failure::Database { cause, .. } => StoreError::Backend(cause),
        Failure::Store(error) => error,
        failure => StoreError::Backend(failure.into()),
    }
}

fn saved(row: &Row, projection: &str, version: u32) -> Result<SavedState, Fault> {
    let wrong = |column| Fault::State { column };
    let position = integer(row, 1).and_then(unsigned);
    let event_id: Option<Uuid> = row.try_get(2).map_err(|_| wrong("event_id"))?;
    let checkpoint = Checkpoint {
        position: Position::new(position.ok_or(wrong("position"))?),
        event_id: event_id.map(Into::into),
    };
    let schema = integer(row, 0).ok_or(wrong("schema"))?.cast_unsigned();
    let state = Json::from_stored(text(row, 3).ok_or(wrong("state"))?);
    Ok(SavedState::new(
        projection, version, schema, checkpoint, state,
    ))
}

impl PostgresReadModels {
    async fn state_rows(
        &self,
        statement: fn(&Sql) -> &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let mut database = self.database.lock().await;
        let (opened, sql) = database.opened().await.map_err(error)?;
        let (client, statements) = opened.client();
        let rows = On(client, statements)
            .query(statement(sql), parameters)
            .await;
        rows.map_err(error)
    }
}

impl StateStore for PostgresReadModels {
    fn load_state<'a>(
        &'a self,
        projection: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SavedState>, StoreError>> {
        Box::pin(async move {
            let number = i64::from(version);
            let rows = self
                .state_rows(|sql| &sql.load_state, &[&projection, &number])
                .await?;
            let state = rows.first().map(|row| saved(row, projection, version));
            Ok(state.transpose()?)
        })
    }

    fn save_state(&self, state: SavedState) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let version = i64::from(state.version);
            let schema = state.schema.cast_signed();
            let position = signed(state.checkpoint.position.number());
            let event_id = state.checkpoint.event_id.map(Uuid::from);
            let (projection, text) = (&*state.projection, state.state.as_str());
            let row: [&(dyn ToSql + Sync); 6] =
                [&projection, &version, &schema, &position, &event_id, &text];
            self.state_rows(|sql| &sql.save_state, &row).await.map(drop)
        })
    }

    fn delete_states<'a>(&'a self, projection: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.state_rows(|sql| &sql.delete_states, &[&projection])
                .await
                .map(drop)
        })
    }
}
