use es_core::{Json, Revision, Snapshot, StoreError, StreamId};
use uuid::Uuid;

use crate::error::Fault;
use crate::read::{Asked, Parameter, Query, Readers, parameters};
use crate::row::{integer, signed, text, unsigned};
use crate::schema::Schema;

pub(crate) fn statements(schema: &Schema) -> [String; 3] {
    let snapshots = format!("{}.snapshots", schema.identifier());
    [
        format!(
            "SELECT revision, event_id, schema, fold, state FROM {snapshots} \
             WHERE stream = $1 AND revision <= $2 ORDER BY revision DESC LIMIT 1"
        ),
        format!(
            "INSERT INTO {snapshots} (stream, revision, event_id, schema, fold, state) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (stream, revision) DO UPDATE SET event_id = excluded.event_id, schema = excluded.schema, \
             fold = excluded.fold, state = excluded.state"
        ),
        format!("DELETE FROM {snapshots} WHERE stream = $1"),
    ]
}

impl Readers {
    pub(crate) async fn load_snapshot(
        &self,
        stream: &StreamId,
        at_most: Revision,
    ) -> Result<Option<Snapshot>, StoreError> {
        let parameters = parameters![stream.as_str().to_owned(), signed(at_most.number())];
        let gathering = self.gather(Query::LoadSnapshot, parameters, Asked::ONE);
        let gathered = gathering.await?;
        let Some(row) = gathered.rows.first() else {
            return Ok(None);
        };
        let wrong = |column| Fault::Snapshot { column };
        let revision = integer(row, 0)
            .and_then(unsigned)
            .ok_or(wrong("revision"))?;
        let event_id: Uuid = row.try_get(1).map_err(|_| wrong("event_id"))?;
        let fold = integer(row, 3).and_then(|fold| fold.try_into().ok());
        Ok(Some(Snapshot::new(
            stream.clone(),
            Revision::new(revision),
            event_id.into(),
            integer(row, 2).ok_or(wrong("schema"))?.cast_unsigned(),
            fold.ok_or(wrong("fold"))?,
            Json::from_stored(text(row, 4).ok_or(wrong("state"))?),
        )))
    }

    pub(crate) async fn keep_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let parameters = parameters![
            snapshot.stream.as_str().to_owned(),
            signed(snapshot.revision.number()),
            Uuid::from(snapshot.event_id),
            snapshot.schema.cast_signed(),
            i64::from(snapshot.fold),
            snapshot.state.as_str().to_owned()
        ];
        self.execute(Query::KeepSnapshot, parameters).await
    }

    pub(crate) async fn delete_snapshots(&self, stream: &StreamId) -> Result<(), StoreError> {
        let parameters = parameters![stream.as_str().to_owned()];
        self.execute(Query::DeleteSnapshots, parameters).await
    }

    /// An error leaves it open whether the snapshot is there, which matters to nobody.
    async fn execute(&self, query: Query, parameters: Vec<Parameter>) -> Result<(), StoreError> {
        self.gather(query, parameters, Asked::ONE).await.map(drop)
    }
}
