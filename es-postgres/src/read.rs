//! Reading, in pages.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use es_core::{
    Direction, EventId, Filter, LogPage, LogQuery, Position, StoreError, StoredEvent, StreamId,
    StreamPage, StreamQuery,
};
use futures_util::future::try_join;
use futures_util::{StreamExt, TryFutureExt};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::nothing_written;
use crate::pool::{Lent, Pool};
use crate::row::{EVENT_COLUMNS, signed, unsigned};
use crate::schema::Schema;
use crate::snapshot;

/// How many positions a filtered read looks at before it answers how far it came.
const STEP: u64 = 50_000;
/// A page that holds this many bytes takes no more events, so that large ones don't fill the memory.
const MAX_BYTES: usize = 8 << 20;

/// The statements of a connection that reads, by their place in [`statements`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Query {
    Head,
    Find,
    Forwards,
    Backwards,
    Log,
    Filtered,
    LoadSnapshot,
    SaveSnapshot,
    DeleteSnapshots,
}

pub(crate) fn statements(schema: &Schema) -> Vec<String> {
    let events = format!("{}.events", schema.identifier());
    let select = |rest: &str| format!("SELECT {EVENT_COLUMNS} FROM {events} WHERE {rest}");
    let mut statements = vec![
        format!("SELECT coalesce(max(position), 0) FROM {events}"),
        select("stream = $1 AND id = $2"),
        select("stream = $1 AND revision >= $2 ORDER BY revision LIMIT $3"),
        select("stream = $1 AND revision <= $2 ORDER BY revision DESC LIMIT $3"),
        select("position > $1 AND position <= $2 ORDER BY position LIMIT $3"),
        select(
            "position > $1 AND position <= $2 AND ($4::text[] IS NULL OR name = ANY ($4)) \
             AND ($5::text[] IS NULL OR split_part(stream, '/', 1) = ANY ($5)) ORDER BY position LIMIT $3",
        ),
    ];
    statements.extend(snapshot::statements(schema));
    statements
}

/// What reads: the connections, and how large events are.
pub(crate) struct Readers {
    pub(crate) pool: Pool,
    /// The size of an event in the latest pages, by which the next ones are asked for.
    event_bytes: AtomicUsize,
}

/// How many rows the server is asked for, and how many events are wanted of them.
#[derive(Debug, Clone, Copy)]
struct Asked {
    rows: i64,
    limit: usize,
}

/// Events as they came, and whether those that were asked for ended with them.
struct Page {
    events: Vec<StoredEvent>,
    end: bool,
}

impl Readers {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            event_bytes: AtomicUsize::new(256),
        }
    }

    pub(crate) async fn head(&self) -> Result<Position, StoreError> {
        head(&self.pool.lend().await?).await
    }

    pub(crate) async fn find(
        &self,
        stream: &StreamId,
        id: EventId,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let mut lent = self.pool.lend().await?;
        let parameters: [&(dyn ToSql + Sync); 2] = [&stream.as_str(), &Uuid::from(id)];
        let page = self
            .page(
                &mut lent,
                Query::Find,
                &parameters,
                Asked { rows: 2, limit: 1 },
            )
            .await?;
        Ok(page.events.into_iter().next())
    }

    pub(crate) async fn read_stream(&self, query: &StreamQuery) -> Result<StreamPage, StoreError> {
        let (statement, from) = match query.direction {
            Direction::Forwards => (
                Query::Forwards,
                query.from.map_or(0, |from| signed(from.number())),
            ),
            Direction::Backwards => (
                Query::Backwards,
                query.from.map_or(i64::MAX, |from| signed(from.number())),
            ),
        };
        let mut lent = self.pool.lend().await?;
        let asked = self.asked(query.limit);
        let parameters: [&(dyn ToSql + Sync); 3] = [&query.stream.as_str(), &from, &asked.rows];
        let page = self.page(&mut lent, statement, &parameters, asked).await?;
        Ok(StreamPage::new(page.events, page.end))
    }

    pub(crate) async fn read_log(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        if query.filter != Filter::all() {
            return self.read_filtered(query).await;
        }
        let mut lent = self.pool.lend().await?;
        let (after, until) = (signed(query.after.number()), signed(query.until.number()));
        let asked = self.asked(query.limit);
        let parameters: [&(dyn ToSql + Sync); 3] = [&after, &until, &asked.rows];
        let page = self.page(&mut lent, Query::Log, &parameters, asked).await?;
        let last = page.events.last().map(|event| event.position);
        let looked_to = last.unwrap_or(query.after);
        Ok(LogPage::new(page.events, looked_to, page.end))
    }

    /// Looks through a bounded part of the log, and tells how far it came.
    async fn read_filtered(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        let mut lent = self.pool.lend().await?;
        let part = query
            .until
            .min(Position::new(query.after.number().saturating_add(STEP)));
        let (after, until) = (signed(query.after.number()), signed(part.number()));
        let asked = self.asked(query.limit);
        let names: Vec<&str> = query.filter.names().collect();
        let names = (!names.is_empty()).then_some(names);
        let categories: Vec<&str> = query.filter.categories().collect();
        let categories = (!categories.is_empty()).then_some(categories);
        let parameters: [&(dyn ToSql + Sync); 5] =
            [&after, &until, &asked.rows, &names, &categories];
        // Sent together, and answered in this order: whatever stands at or below the head, the second sees.
        let (head, page) = {
            let session = lent.session()?;
            let (client, statements) = (&session.client, &session.statements);
            let head = client.query_one(&statements[Query::Head as usize], &[]);
            let rows = client.query_raw(&statements[Query::Filtered as usize], parameters);
            let (head, rows) = try_join(head, rows).map_err(nothing_written).await?;
            let head = head.try_get(0).map_err(nothing_written)?;
            let page = self.collect(&mut lent, rows, asked).await?;
            (Position::new(unsigned(head).unwrap_or_default()), page)
        };
        let last = page.events.last().map(|event| event.position);
        if !page.end {
            return Ok(LogPage::new(
                page.events,
                last.unwrap_or(query.after),
                false,
            ));
        }
        let head = head.max(last.unwrap_or(Position::START));
        let looked_to = part.min(head).max(query.after);
        let end = part == query.until || part >= head;
        Ok(LogPage::new(page.events, looked_to, end))
    }

    /// How many events to ask for: one more than is wanted, which tells whether there are more; and fewer where they are
    /// large.
    fn asked(&self, limit: usize) -> Asked {
        let fit = MAX_BYTES / self.event_bytes.load(Ordering::Relaxed).max(1);
        let rows = signed(limit.saturating_add(1).min(fit.max(1)) as u64);
        Asked { rows, limit }
    }

    async fn page(
        &self,
        lent: &mut Lent,
        query: Query,
        parameters: &[&(dyn ToSql + Sync)],
        asked: Asked,
    ) -> Result<Page, StoreError> {
        let session = lent.session()?;
        let statement = &session.statements[query as usize];
        let rows = session
            .client
            .query_raw(statement, parameters.iter().copied())
            .await
            .map_err(nothing_written)?;
        self.collect(lent, rows, asked).await
    }

    /// The events that come, until there are enough of them or they are large.
    async fn collect(
        &self,
        lent: &mut Lent,
        rows: tokio_postgres::RowStream,
        asked: Asked,
    ) -> Result<Page, StoreError> {
        let mut rows = pin!(rows);
        let (mut events, mut bytes, mut end) = (Vec::new(), 0, true);
        while let Some(row) = rows.next().await {
            let row = row.map_err(nothing_written)?;
            if events.len() == asked.limit {
                end = false;
                continue;
            }
            if bytes > MAX_BYTES {
                // What else the server sends of it isn't read.
                lent.give_up();
                end = false;
                break;
            }
            let (event, its_bytes) = lent.rows()?.read(&row)?;
            bytes += its_bytes;
            events.push(event);
        }
        if signed(events.len() as u64) == asked.rows {
            end = false;
        }
        if let Some(average) = bytes.checked_div(events.len()) {
            self.event_bytes.store(average, Ordering::Relaxed);
        }
        Ok(Page { events, end })
    }
}

/// The last position.
pub(crate) async fn head(lent: &Lent) -> Result<Position, StoreError> {
    let session = lent.session()?;
    let row = session
        .client
        .query_one(&session.statements[Query::Head as usize], &[])
        .await
        .map_err(nothing_written)?;
    let head = row.try_get(0).map_err(nothing_written)?;
    Ok(Position::new(unsigned(head).unwrap_or_default()))
}
