//! The list of orders: a table in SQLite that each event changes exactly once.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use es_core::{Cause, Projection, Recorded};
use es_sqlite::{Context, SqliteHandler};
use rusqlite::{Connection, OpenFlags, Transaction};

use crate::order::{OrderCancelled, OrderPaid, OrderPlaced, OrderShipped};

/// Writes the list.
#[derive(Debug, Clone, Copy, Projection)]
#[projection(name = "order-list", version = 1, event = OrderListEvent)]
#[event(OrderPlaced)]
#[event(OrderPaid)]
#[event(OrderShipped)]
#[event(OrderCancelled)]
pub struct OrderList;

impl SqliteHandler for OrderList {
    fn create(&mut self, transaction: &Transaction<'_>) -> Result<(), Cause> {
        transaction.execute_batch(
            "CREATE TABLE order_list (
                id TEXT PRIMARY KEY,
                customer TEXT NOT NULL,
                cents INTEGER NOT NULL,
                status TEXT NOT NULL,
                placed_at TEXT NOT NULL,
                revision INTEGER NOT NULL
            );
            CREATE INDEX order_list_by_time ON order_list (placed_at);",
        )?;
        Ok(())
    }

    fn handle(
        &mut self,
        event: Recorded<OrderListEvent>,
        context: &Context<'_>,
    ) -> Result<(), Cause> {
        let (id, revision) = (event.stream.id(), i64::try_from(event.revision.number())?);
        let status = match &event.event {
            OrderListEvent::OrderPlaced(placed) => {
                let insert = "INSERT INTO order_list VALUES (?1, ?2, ?3, 'placed', ?4, ?5)";
                let cents = i64::try_from(placed.total())?;
                let placed_at = event.recorded_at.to_string();
                context.prepare_cached(insert)?.execute((
                    id,
                    &placed.customer,
                    cents,
                    placed_at,
                    revision,
                ))?;
                return Ok(());
            }
            OrderListEvent::OrderPaid(_) => "paid",
            OrderListEvent::OrderShipped(_) => "shipped",
            OrderListEvent::OrderCancelled(_) => "cancelled",
        };
        context
            .prepare_cached("UPDATE order_list SET status = ?2, revision = ?3 WHERE id = ?1")?
            .execute((id, status, revision))?;
        Ok(())
    }
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The order's id.
    pub id: String,
    /// Who ordered.
    pub customer: String,
    /// What it costs, in cents.
    pub cents: i64,
    /// What has become of it.
    pub status: String,
    /// The order's revision that the row shows.
    pub revision: i64,
}

/// Reads the list. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader(Arc<Mutex<Connection>>);

impl Reader {
    /// Opens the database of the list, to read it.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// The orders placed last, at most so many.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn newest(&self, limit: u32) -> Result<Vec<Row>, Cause> {
        let connection = Arc::clone(&self.0);
        let read = move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let mut select = connection.prepare_cached(
                "SELECT id, customer, cents, status, revision FROM order_list
                 ORDER BY placed_at DESC, id LIMIT ?1",
            )?;
            let rows = select.query_map([limit], |row| {
                Ok(Row {
                    id: row.get(0)?,
                    customer: row.get(1)?,
                    cents: row.get(2)?,
                    status: row.get(3)?,
                    revision: row.get(4)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        Ok(tokio::task::spawn_blocking(read).await??)
    }
}
