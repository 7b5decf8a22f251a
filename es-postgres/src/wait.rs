//! Waking subscribers: at once for what this process appends, and soon for what others do.

use std::sync::Arc;
use std::time::Duration;

use es_core::wake::{self, Head};
use es_core::{Position, StoreError};
use tokio::sync::watch;

use crate::PostgresOptions;
use crate::error::{gone, nothing_written};
use crate::row::unsigned;
use crate::schema::Schema;
use crate::session::Session;
use crate::thread::{Thread, in_time};

/// Tells the head of the log to whoever waits, and listens and looks for other processes' appends while somebody does.
pub(crate) struct Watcher {
    head: Head,
    waiting: Arc<watch::Sender<usize>>,
}

/// Keeps the watcher awake for as long as it lives.
pub(crate) struct Waiting {
    head: wake::Waiting,
    waiting: Arc<watch::Sender<usize>>,
}

impl Watcher {
    pub(crate) fn start(
        options: Arc<PostgresOptions>,
        schema: Schema,
        thread: &Thread,
        head: Head,
    ) -> Self {
        let (waiting, waited_for) = watch::channel(0);
        let others = Others {
            options,
            schema,
            head: head.clone(),
            session: None,
        };
        thread.start_task(others.watch(waited_for));
        Self {
            head,
            waiting: Arc::new(waiting),
        }
    }

    pub(crate) fn wait(&self) -> Waiting {
        let head = self.head.wait();
        self.waiting.send_modify(|waiting| *waiting += 1);
        Waiting {
            head,
            waiting: Arc::clone(&self.waiting),
        }
    }
}

impl Waiting {
    /// Whether an event past this position is already known of.
    pub(crate) fn is_past(&self, position: Position) -> bool {
        self.head.is_past(position)
    }

    pub(crate) async fn past(&mut self, position: Position) -> Result<(), StoreError> {
        self.head.past(position).await.map_err(gone)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

/// The task that looks at what other processes append.
struct Others {
    options: Arc<PostgresOptions>,
    schema: Schema,
    head: Head,
    session: Option<Session>,
}

impl Others {
    /// Until nobody can wait any more.
    async fn watch(mut self, mut waiting: watch::Receiver<usize>) {
        while waiting.wait_for(|waiting| *waiting > 0).await.is_ok() {
            // Its errors are met again by whoever reads, and the next look connects anew.
            let patience = self.options.patience();
            if let Err(error) = in_time(patience, self.look()).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "others can't be watched"
                );
                self.session = None;
            }
            self.sleep(&mut waiting).await;
        }
    }

    /// Between two looks; notifications come meanwhile. Ends early with the store.
    async fn sleep(&self, waiting: &mut watch::Receiver<usize>) {
        let interval = self.options.poll_interval.max(Duration::from_millis(1));
        let ended = async { while waiting.changed().await.is_ok() {} };
        drop(tokio::time::timeout(interval, ended).await);
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let session = match self.session.take().filter(Session::is_open) {
            Some(session) => session,
            None => self.listen().await?,
        };
        // After listening began, so that nothing is missed between the two.
        let row = session
            .client
            .query_one(&session.statements[0], &[])
            .await
            .map_err(nothing_written)?;
        let head: i64 = row.try_get(0).map_err(nothing_written)?;
        self.head
            .tell(Position::new(unsigned(head).unwrap_or_default()));
        self.session = Some(session);
        Ok(())
    }

    async fn listen(&self) -> Result<Session, StoreError> {
        let told = self.head.clone();
        let notified = move |payload: &str| {
            if let Ok(position) = payload.parse() {
                told.tell(Position::new(position));
            }
        };
        let head = format!(
            "SELECT coalesce(max(position), 0) FROM {}.events",
            self.schema.identifier()
        );
        let session = Session::open(&self.options, &[head], Box::new(notified)).await?;
        let channel = format!("SELECT quote_ident({})", self.schema.channel());
        let row = session.client.query_one(&channel, &[]).await;
        let channel: String = row
            .and_then(|row| row.try_get(0))
            .map_err(nothing_written)?;
        let listen = format!("LISTEN {channel}");
        let listening = session.client.batch_execute(&listen).await;
        listening.map_err(nothing_written)?;
        Ok(session)
    }
}
