//! The transaction in which the log does what was asked for.

use std::time::{Duration, Instant};

use es_core::StoreError;

use crate::error::{Broken, is_busy};
use crate::log::Log;

/// How long a look at another process's lock is put off: about as long as it takes to commit.
const TURN: Duration = Duration::from_micros(500);

/// Why a transaction failed. Nothing of it was written, but where its end was reached and broke off.
pub(crate) enum Failure {
    /// At its beginning or its end, for all requests alike.
    Whole(Broken),
    /// At one of its requests.
    Request(StoreError),
}

impl Log {
    /// Does all requests in one transaction, each by `perform`, which sees what those before it did.
    pub(crate) fn transact<R, D>(
        &mut self,
        batch: &[R],
        perform: impl Fn(&mut Self, &R) -> Result<D, StoreError>,
    ) -> Result<Vec<D>, Failure> {
        self.begin()
            .map_err(|error| Failure::Whole(Broken::before_commit(error)))?;
        match self.perform(batch, perform) {
            Ok(done) => match self.run("COMMIT") {
                Ok(()) => Ok(done),
                Err(error) => {
                    self.roll_back();
                    Err(Failure::Whole(Broken::at_commit(error)))
                }
            },
            Err(error) => {
                self.roll_back();
                Err(Failure::Request(error))
            }
        }
    }

    /// Waits for this process's turn to write.
    ///
    /// Not by SQLite's own waiting: it sleeps longer each time, so that whoever waits longest is the least likely to find
    /// the lock free between others' commits.
    fn begin(&self) -> Result<(), rusqlite::Error> {
        let patience = Instant::now() + self.busy_timeout;
        loop {
            // `IMMEDIATE`: a transaction that reads first and writes then can fail without waiting for its turn.
            match self.run("BEGIN IMMEDIATE") {
                Err(error) if is_busy(&error) && Instant::now() < patience => {
                    std::thread::sleep(TURN);
                }
                begun => return begun,
            }
        }
    }

    fn perform<R, D>(
        &mut self,
        batch: &[R],
        perform: impl Fn(&mut Self, &R) -> Result<D, StoreError>,
    ) -> Result<Vec<D>, StoreError> {
        self.refresh()?;
        batch.iter().map(|request| perform(self, request)).collect()
    }

    pub(crate) fn run(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction could not be rolled back");
        }
        self.forget();
    }
}
