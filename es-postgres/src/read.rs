//! Reading, in pages.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use es_core::{
    Direction, EventId, Filter, LogPage, LogQuery, Position, StoreError, StoredEvent, StreamId,
    StreamPage, StreamQuery,
};
use futures_util::future::try_join;
use futures_util::{StreamExt, TryFutureExt};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::{Fault, nothing_written};
use crate::pool::{Lent, Pool};
use crate::row::{EVENT_COLUMNS, Memory, signed, unsigned};
use crate::schema::Schema;
use crate::session::Session;
use crate::snapshot;
use crate::thread::{Thread, in_time};

/// The values of a query's parameters, in their order.
macro_rules! parameters {
    ($($value:expr),*) => {
        vec![$(Box::new($value) as Parameter),*]
    };
}
pub(crate) use parameters;

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
    KeepSnapshot,
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

/// What reads: the connections, and what is remembered of what they read.
pub(crate) struct Readers {
    pool: Pool,
    thread: Thread,
    patience: Duration,
    /// The size of an event in the latest pages, by which the next ones are asked for.
    event_bytes: AtomicUsize,
    /// As many as were ever needed at once.
    memories: Mutex<Vec<Memory>>,
}

/// A value of a parameter, to be sent along.
pub(crate) type Parameter = Box<dyn ToSql + Sync + Send>;

/// How many rows the server is asked for, and how many events are wanted of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    rows: i64,
    limit: usize,
}

impl Asked {
    /// At most one.
    pub(crate) const ONE: Self = Self { rows: 2, limit: 1 };
}

/// Rows as they came, and whether those that were asked for ended with them.
pub(crate) struct Gathered {
    pub(crate) rows: Vec<Row>,
    end: bool,
    /// The log's last position before they were read, if it was asked for.
    head: Position,
}

/// Events, and the rest as it came.
struct Page {
    events: Vec<StoredEvent>,
    end: bool,
    head: Position,
}

impl Readers {
    pub(crate) fn new(pool: Pool, thread: Thread, patience: Duration) -> Self {
        Self {
            pool,
            thread,
            patience,
            event_bytes: AtomicUsize::new(256),
            memories: Mutex::default(),
        }
    }

    pub(crate) async fn head(&self) -> Result<Position, StoreError> {
        let gathered = self.gather(Query::Head, Vec::new(), Asked::ONE).await?;
        let row = gathered.rows.first().ok_or(Fault::Answer)?;
        position(row)
    }

    /// From which position on events have a hash, if they do. Asked so seldom that it isn't prepared.
    pub(crate) async fn hashed_from(&self, schema: Schema) -> Result<Option<Position>, StoreError> {
        let lent = self.pool.lend().await?;
        let answer = async move {
            let from = schema.hashed_from(&lent.session.client).await?;
            lent.keep();
            Ok(from)
        };
        self.thread.run(in_time(self.patience, answer)).await
    }

    pub(crate) async fn find(
        &self,
        stream: &StreamId,
        id: EventId,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let parameters = parameters![stream.as_str().to_owned(), Uuid::from(id)];
        let page = self.page(Query::Find, parameters, Asked::ONE).await?;
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
        let asked = self.asked(query.limit);
        let parameters = parameters![query.stream.as_str().to_owned(), from, asked.rows];
        let page = self.page(statement, parameters, asked).await?;
        Ok(StreamPage::new(page.events, page.end))
    }

    pub(crate) async fn read_log(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        if query.filter != Filter::all() {
            return self.read_filtered(query).await;
        }
        let (after, until) = (signed(query.after.number()), signed(query.until.number()));
        let asked = self.asked(query.limit);
        let parameters = parameters![after, until, asked.rows];
        let page = self.page(Query::Log, parameters, asked).await?;
        let last = page.events.last().map(|event| event.position);
        let looked_to = last.unwrap_or(query.after);
        Ok(LogPage::new(page.events, looked_to, page.end))
    }

    /// Looks through a bounded part of the log, and tells how far it came.
    async fn read_filtered(&self, query: &LogQuery) -> Result<LogPage, StoreError> {
        let part = query
            .until
            .min(Position::new(query.after.number().saturating_add(STEP)));
        let (after, until) = (signed(query.after.number()), signed(part.number()));
        let asked = self.asked(query.limit);
        let chosen = |of: Vec<&str>| -> Option<Vec<String>> {
            (!of.is_empty()).then(|| of.into_iter().map(str::to_owned).collect())
        };
        let names = chosen(query.filter.names().collect());
        let categories = chosen(query.filter.categories().collect());
        let parameters = parameters![after, until, asked.rows, names, categories];
        let page = self.page(Query::Filtered, parameters, asked).await?;
        let last = page.events.last().map(|event| event.position);
        if !page.end {
            return Ok(LogPage::new(
                page.events,
                last.unwrap_or(query.after),
                false,
            ));
        }
        let head = page.head.max(last.unwrap_or(Position::START));
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
        query: Query,
        parameters: Vec<Parameter>,
        asked: Asked,
    ) -> Result<Page, StoreError> {
        // Gathered where the connection lives; made into events here, while it gathers the next ones.
        let gathered = self.gather(query, parameters, asked).await?;
        let Gathered { rows, end, head } = gathered;
        let mut memory = self.memories().pop().unwrap_or_else(Memory::new);
        let events = rows.iter().map(|row| memory.event(row));
        let events = events.collect::<Result<Vec<_>, _>>()?;
        self.memories().push(memory);
        let bytes: usize = rows.iter().map(Row::raw_size_bytes).sum();
        if let Some(average) = bytes.checked_div(events.len()) {
            self.event_bytes.store(average, Ordering::Relaxed);
        }
        Ok(Page { events, end, head })
    }

    /// Has a connection answer a query.
    pub(crate) async fn gather(
        &self,
        query: Query,
        parameters: Vec<Parameter>,
        asked: Asked,
    ) -> Result<Gathered, StoreError> {
        let lent = self.pool.lend().await?;
        let answer = async move { rows(lent, query, &parameters, asked).await };
        self.thread.run(in_time(self.patience, answer)).await
    }

    fn memories(&self) -> MutexGuard<'_, Vec<Memory>> {
        self.memories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a query and takes what comes, until there are enough rows or they are large.
async fn rows(
    lent: Lent,
    query: Query,
    parameters: &[Parameter],
    asked: Asked,
) -> Result<Gathered, StoreError> {
    let session = &lent.session;
    let parameters = parameters
        .iter()
        .map(|parameter| &**parameter as &(dyn ToSql + Sync));
    let sent = session
        .client
        .query_raw(&session.statements[query as usize], parameters);
    let (head, stream) = if let Query::Filtered = query {
        // Sent together, and answered in this order: whatever stands at or below the head, the second sees.
        try_join(head(session), sent.map_err(nothing_written)).await?
    } else {
        (Position::START, sent.await.map_err(nothing_written)?)
    };
    let mut stream = pin!(stream);
    let (mut rows, mut bytes, mut end) = (Vec::new(), 0, true);
    while let Some(row) = stream.next().await {
        let row = row.map_err(nothing_written)?;
        if rows.len() == asked.limit {
            end = false;
            continue;
        }
        if bytes > MAX_BYTES {
            // What else the server sends of it isn't read.
            return Ok(Gathered {
                rows,
                end: false,
                head,
            });
        }
        bytes += row.raw_size_bytes();
        rows.push(row);
    }
    if signed(rows.len() as u64) == asked.rows {
        end = false;
    }
    lent.keep();
    Ok(Gathered { rows, end, head })
}

/// The last position.
async fn head(session: &Session) -> Result<Position, StoreError> {
    let row = session
        .client
        .query_one(&session.statements[Query::Head as usize], &[])
        .await
        .map_err(nothing_written)?;
    position(&row)
}

fn position(row: &Row) -> Result<Position, StoreError> {
    let head = row.try_get(0).map_err(nothing_written)?;
    Ok(Position::new(unsigned(head).unwrap_or_default()))
}
