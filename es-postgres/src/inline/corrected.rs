use es_core::{CorrectedFacts, Direction, StoreError, StoredEvent, StreamPage, StreamQuery};
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use crate::error::nothing_written;
use crate::row::{EVENT_COLUMNS, Memory, signed};
use crate::schema::Schema;

/// How streams are read inside of an append, to know what a correction changed: what was appended together with it counts,
/// too.
#[derive(Clone, Default)]
pub(crate) struct Streams {
    forwards: String,
    backwards: String,
}

impl Streams {
    pub(crate) fn new(schema: &Schema) -> Self {
        let select = |rest: &str| {
            format!(
                "SELECT {EVENT_COLUMNS} FROM {}.events WHERE stream = $1 AND {rest} LIMIT $3",
                schema.identifier()
            )
        };
        Self {
            forwards: select("revision >= $2 ORDER BY revision"),
            backwards: select("revision <= $2 ORDER BY revision DESC"),
        }
    }

    /// What an event corrected; nothing is read for one that corrects nothing.
    pub(super) async fn corrected(
        &self,
        on: &Transaction<'_>,
        event: &StoredEvent,
    ) -> Result<CorrectedFacts, StoreError> {
        let mut facts = CorrectedFacts::default();
        while let Some(query) = facts.lacks(event) {
            let page = self.page(on, &query).await?;
            facts.put(&query, page);
        }
        Ok(facts)
    }

    async fn page(
        &self,
        on: &Transaction<'_>,
        query: &StreamQuery,
    ) -> Result<StreamPage, StoreError> {
        let (sql, otherwise) = match query.direction {
            Direction::Forwards => (&self.forwards, 0),
            Direction::Backwards => (&self.backwards, i64::MAX),
        };
        let stream = query.stream.as_str();
        let from = query.from.map_or(otherwise, |from| signed(from.number()));
        let limit = signed(query.limit as u64);
        // Rare, and perhaps on a connection that isn't ours: so it isn't prepared.
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&stream, Type::TEXT),
            (&from, Type::INT8),
            (&limit, Type::INT8),
        ];
        let rows = on.query_typed(sql, &parameters).await;
        let (rows, mut memory) = (rows.map_err(nothing_written)?, Memory::new());
        let events = rows.iter().map(|row| memory.event(row));
        let events: Vec<StoredEvent> = events.collect::<Result<_, _>>()?;
        let end = events.len() < query.limit;
        Ok(StreamPage::new(events, end))
    }
}
