//! Keeping a charge while a batch takes long.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use es_core::{Failure, Fence};
use futures_util::future::select;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tokio_postgres::types::ToSql;

use super::fence::{On, number};
use super::tables::{Database, Shared};

/// A lease isn't renewed more often than this, however short it is.
const SHORTEST: Duration = Duration::from_millis(10);

/// Whose lease is renewed.
pub(super) struct Renewal {
    pub(super) name: &'static str,
    pub(super) held: Fence,
    pub(super) lease: Duration,
    /// When it was renewed last.
    pub(super) renewed: Instant,
    /// What works for the connection of the batch: where the server has ended it, nothing comes of the batch.
    pub(super) batch: AbortHandle,
}

/// While this is there, the lease is renewed.
pub(super) struct Renewing {
    _end: oneshot::Sender<()>,
}

impl Renewal {
    /// Renews the lease over a connection of its own, which is opened only where the batch takes long: on the thread of the
    /// connections, so that a handler that computes doesn't hold it up. A process that is stopped renews nothing.
    pub(super) fn start(self, shared: &Arc<Shared>) -> Renewing {
        let (end, ended) = oneshot::channel();
        let database = Database::new(Arc::clone(shared), self.lease);
        shared.thread.start_task(async move {
            select(ended, pin!(self.renew(database))).await;
        });
        Renewing { _end: end }
    }

    async fn renew(mut self, mut database: Database) {
        loop {
            sleep(self.next()).await;
            if self.batch.is_finished() {
                return;
            }
            // From before it is asked for, as is what the database writes.
            let asked = Instant::now();
            match self.renew_once(&mut database).await {
                Ok(true) => self.renewed = asked,
                // Another process has taken over, and the batch will be refused.
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, projection = self.name, "a lease couldn't be renewed");
                    sleep(SHORTEST).await;
                }
            }
        }
    }

    /// A third of the lease, or less where little of it is left.
    fn next(&self) -> Duration {
        let left = self.lease.saturating_sub(self.renewed.elapsed());
        (left / 2).min(self.lease / 3).max(SHORTEST)
    }

    async fn renew_once(&self, database: &mut Database) -> Result<bool, Failure> {
        let (opened, sql) = database.opened().await?;
        let (client, statements) = opened.client();
        let (version, partition) = (i64::from(self.held.version), number(self.held.partition));
        let lease = self.lease.as_secs_f64();
        let row: [&(dyn ToSql + Sync); 5] =
            [&self.name, &version, &partition, &self.held.epoch, &lease];
        let renewed = On(client, statements).execute(&sql.renew, &row).await?;
        Ok(renewed == 1)
    }
}
