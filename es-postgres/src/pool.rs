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

/// A connection, until it is dropped.
pub(crate) struct Lent {
    /// Nothing once it was given up.
    session: Option<Session>,
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
        let free = Arc::clone(&self.free);
        let permit = free.acquire_owned().await.map_err(gone)?;
        let session = match self.take() {
            Some(session) => session,
            None => self.open().await?,
        };
        Ok(Lent {
            session: Some(session),
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
    pub(crate) fn session(&self) -> Result<&Session, StoreError> {
        Ok(self.session.as_ref().ok_or(Fault::Closed)?)
    }

    /// Closes the connection instead of keeping it: the rest of its answer isn't wanted.
    pub(crate) fn give_up(&mut self) {
        self.session = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(session) = self.session.take().filter(Session::is_open) {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(session);
        }
    }
}
