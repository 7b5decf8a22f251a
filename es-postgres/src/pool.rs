//! The connections that read. They are opened when they are needed, and kept.

use std::sync::{Arc, Mutex, PoisonError};

use es_core::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::PostgresOptions;
use crate::error::{Fault, gone};
use crate::session::Session;
use crate::thread::Thread;

pub(crate) struct Pool {
    options: Arc<PostgresOptions>,
    thread: Thread,
    statements: Arc<[String]>,
    /// As many as may be out at once; the one that waits longest comes next.
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Session>>>,
}

/// A connection. It is closed when this is dropped: the rest of its answer isn't wanted, or didn't come.
pub(crate) struct Lent {
    pub(crate) session: Session,
    idle: Arc<Mutex<Vec<Session>>>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// Connections with these statements.
    pub(crate) fn new(
        options: Arc<PostgresOptions>,
        thread: Thread,
        statements: Arc<[String]>,
    ) -> Self {
        let free = Arc::new(Semaphore::new(options.connections));
        Self {
            options,
            thread,
            statements,
            free,
            idle: Arc::default(),
        }
    }

    pub(crate) async fn lend(&self) -> Result<Lent, StoreError> {
        let free = Arc::clone(&self.free).acquire_owned();
        let permit = self.thread.in_time(self.options.patience(), free).await;
        let permit = permit.ok_or(Fault::NoneFree)?.map_err(gone)?;
        let session = match self.take() {
            Some(session) => session,
            None => self.open().await?,
        };
        Ok(Lent {
            session,
            idle: Arc::clone(&self.idle),
            _permit: permit,
        })
    }

    /// An idle connection that is still open, as far as can be told.
    fn take(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(session) = idle.pop() {
            if session.is_open() {
                return Some(session);
            }
        }
        None
    }

    async fn open(&self) -> Result<Session, StoreError> {
        let (options, statements) = (Arc::clone(&self.options), Arc::clone(&self.statements));
        let opening = async move { Session::open(&options, &statements, Box::new(|_| ())).await };
        self.thread.run(opening).await
    }
}

impl Lent {
    /// Gives it back, after all of its answer has come.
    pub(crate) fn keep(self) {
        if self.session.is_open() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(self.session);
        }
    }
}
