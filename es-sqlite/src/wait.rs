//! Waking subscribers: at once for what this process appends, and soon for what others do.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use es_core::wake::{self, Head};
use es_core::{Position, StoreError};
use rusqlite::Connection;

use crate::SqliteOptions;
use crate::error::Fault;
use crate::schema::pragma;
use crate::threads::{Started, Threads};

/// Tells the head of the log to whoever waits, and looks for other processes' appends while somebody does.
pub(crate) struct Watcher {
    /// `None` once the store is closed; whoever waits then learns of it when the writer has ended, too.
    head: Mutex<Option<Head>>,
    waiters: Arc<Waiters>,
    threads: Started,
}

#[derive(Default)]
struct Waiters {
    count: Mutex<Count>,
    changed: Condvar,
}

#[derive(Default)]
struct Count {
    waiting: usize,
    ended: bool,
}

impl Waiters {
    fn count(&self) -> MutexGuard<'_, Count> {
        // A number is never left half-changed.
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the watcher awake for as long as it lives.
pub(crate) struct Waiting {
    head: wake::Waiting,
    waiters: Arc<Waiters>,
}

impl Watcher {
    pub(crate) fn start(
        options: &SqliteOptions,
        path: &Path,
        head: Head,
    ) -> Result<Self, StoreError> {
        let connection = options.connect(path)?;
        let waiters = Arc::new(Waiters::default());
        let (told, watched) = (head.clone(), Arc::clone(&waiters));
        let interval = options.poll_interval;
        let mut threads = Threads::default();
        threads.start("watch", move || {
            watch_others(&connection, &told, &watched, interval);
        })?;
        Ok(Self {
            head: Mutex::new(Some(head)),
            waiters,
            threads: Started::all(threads),
        })
    }

    pub(crate) fn wait(&self) -> Result<Waiting, StoreError> {
        let head = self.head().as_ref().map(Head::wait);
        let head = head.ok_or(Fault::Closed)?;
        self.waiters.count().waiting += 1;
        self.waiters.changed.notify_all();
        Ok(Waiting {
            head,
            waiters: Arc::clone(&self.waiters),
        })
    }

    /// Waits until the connection is closed. Blocks.
    pub(crate) fn close(&self) {
        *self.head() = None;
        self.threads.end(|| self.end());
    }

    fn end(&self) {
        self.waiters.count().ended = true;
        self.waiters.changed.notify_all();
    }

    fn head(&self) -> MutexGuard<'_, Option<Head>> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.end();
    }
}

impl Waiting {
    pub(crate) async fn past(&mut self, position: Position) -> Result<(), StoreError> {
        Ok(self.head.past(position).await.map_err(|_| Fault::Closed)?)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiters.count().waiting -= 1;
    }
}

fn watch_others(connection: &Connection, head: &Head, waiters: &Waiters, interval: Duration) {
    let mut seen = None;
    loop {
        let mut count = waiters.count();
        while count.waiting == 0 && !count.ended {
            count = waiters
                .changed
                .wait(count)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if count.ended {
            return;
        }
        drop(count);
        // It differs once another connection has committed. An error here is met again by whoever reads.
        if let Ok(version) = pragma(connection, "data_version")
            && seen != Some(version)
            && let Ok(position) = crate::read::head(connection)
        {
            seen = Some(version);
            head.tell(position);
        }
        // Until it is time again, or all is over; one more waiter doesn't make it sooner.
        let _ =
            (waiters.changed).wait_timeout_while(waiters.count(), interval, |count| !count.ended);
    }
}
