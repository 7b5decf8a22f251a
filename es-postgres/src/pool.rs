//! The connections that read. They are opened when they are needed, and kept.

use std::sync::{Arc, Mutex, PoisonError};

use es_core::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::PostgresOptions;
use crate::error::{Fault, gone};
use crate::row::Rows;
use crate::session::Session;
use crate::thread::Thread;

pub(crate) struct Pool {
    options: Arc<PostgresOptions>,
    thread: Thread,
    statements: Arc<[String]>,
    /// As many as may be out at once; the one that waits longest comes next.
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Reader>>>,
}

/// A connection, with what it remembers.
struct Reader {
    session: Session,
    rows: Rows,
}

/// A connection, until it is dropped.
pub(crate) struct Lent {
    /// Nothing once it was given up.
    reader: Option<Reader>,
    idle: Arc<Mutex<Vec<Reader>>>,
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
        let reader = match self.take() {
            Some(reader) => reader,
            None => Reader {
                session: self.open().await?,
                rows: Rows::new(),
            },
        };
        Ok(Lent {
            reader: Some(reader),
            idle: Arc::clone(&self.idle),
            _permit: permit,
        })
    }

    /// An idle connection that is still open, as far as can be told.
    fn take(&self) -> Option<Reader> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(reader) = idle.pop() {
            if reader.session.is_open() {
                return Some(reader);
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
        let reader = self.reader.as_ref().ok_or(Fault::Closed)?;
        Ok(&reader.session)
    }

    pub(crate) fn rows(&mut self) -> Result<&mut Rows, StoreError> {
        let reader = self.reader.as_mut().ok_or(Fault::Closed)?;
        Ok(&mut reader.rows)
    }

    /// Closes the connection instead of keeping it: the rest of its answer isn't wanted.
    pub(crate) fn give_up(&mut self) {
        self.reader = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take()
            && reader.session.is_open()
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(reader);
        }
    }
}
