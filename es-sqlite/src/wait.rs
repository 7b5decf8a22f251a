//! Waking subscribers: at once for what this process appends, and soon for what others do.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use es_core::{Position, StoreError};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::SqliteOptions;
use crate::error::gone;
use crate::schema::pragma;

/// Tells the head of the log to whoever waits, and looks for other processes' appends while somebody does.
pub(crate) struct Watcher {
    head: Arc<watch::Sender<Position>>,
    waiters: Arc<Waiters>,
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
    head: watch::Receiver<Position>,
    waiters: Arc<Waiters>,
}

impl Watcher {
    pub(crate) fn start(
        options: &SqliteOptions,
        path: &PathBuf,
        head: Arc<watch::Sender<Position>>,
    ) -> Result<Self, StoreError> {
        let connection = options.connect(path)?;
        let waiters = Arc::new(Waiters::default());
        let (told, watched) = (Arc::clone(&head), Arc::clone(&waiters));
        let interval = options.poll_interval;
        std::thread::Builder::new()
            .name("es-sqlite watch".to_owned())
            .spawn(move || watch_others(&connection, &told, &watched, interval))
            .map_err(gone)?;
        Ok(Self { head, waiters })
    }

    pub(crate) fn wait(&self) -> Waiting {
        let head = self.head.subscribe();
        self.waiters.count().waiting += 1;
        self.waiters.changed.notify_all();
        Waiting {
            head,
            waiters: Arc::clone(&self.waiters),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.waiters.count().ended = true;
        self.waiters.changed.notify_all();
    }
}

impl Waiting {
    pub(crate) async fn past(mut self, position: Position) -> Result<(), StoreError> {
        let waited = self.head.wait_for(|head| *head > position).await;
        waited.map(drop).map_err(gone)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiters.count().waiting -= 1;
    }
}

fn watch_others(
    connection: &Connection,
    head: &watch::Sender<Position>,
    waiters: &Waiters,
    interval: Duration,
) {
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
            tell(head, position);
        }
        std::thread::sleep(interval);
    }
}

/// Tells a head, unless a later one was told.
pub(crate) fn tell(head: &watch::Sender<Position>, position: Position) {
    head.send_if_modified(|told| {
        let later = position > *told;
        if later {
            *told = position;
        }
        later
    });
}
