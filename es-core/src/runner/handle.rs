use std::fmt;
use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::stream::{self, StreamExt};
use tokio::sync::watch;

use super::{Failure, Phase, Status};
use crate::{EventStore, Filter, LogQuery, Position, StoreError, spans};

/// The way to a runner that was started: looks at it, waits for it, ends it. Cheap to clone.
#[derive(Clone)]
pub struct RunnerHandle {
    pub(super) status: watch::Receiver<Status>,
    pub(super) stopping: Arc<watch::Sender<bool>>,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) filter: Filter,
}

/// What a wait came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// How far what can be read has come.
    pub frontier: Position,
    /// How many events are parked, and so aren't in what can be read.
    pub parked: u64,
}

/// Why a wait is in vain.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// A failure has stopped the runner.
    #[error("`{name}` has stopped at position {frontier}, before position {asked}")]
    Stopped {
        /// The consumer's name.
        name: &'static str,
        /// What was waited for.
        asked: Position,
        /// How far it came.
        frontier: Position,
        /// What stopped it.
        #[source]
        failure: Arc<Failure>,
    },
    /// The runner was shut down, or its task is gone.
    #[error("`{name}` was ended at position {frontier}, before position {asked}")]
    Ended {
        /// The consumer's name.
        name: &'static str,
        /// What was waited for.
        asked: Position,
        /// How far it came.
        frontier: Position,
    },
    /// The event store didn't say what to wait for.
    #[error("the event store didn't say what to wait for")]
    Store(#[source] Arc<StoreError>),
}

impl RunnerHandle {
    /// How the runner does.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The status now and after each change, until the runner goes no further. Who is slow misses those between.
    pub fn changes(&self) -> BoxStream<'static, Status> {
        let mut status = self.status.clone();
        status.mark_changed();
        stream::unfold(Some(status), |status| async {
            let mut status = status?;
            status.changed().await.ok()?;
            let now = status.borrow_and_update().clone();
            let over = now.phase.is_over();
            Some((now, (!over).then_some(status)))
        })
        .boxed()
    }

    /// Waits until what can be read holds every event up to this position that it is made of: after an append, to read
    /// what one has written.
    ///
    /// It returns as well if the events there don't concern the consumer, and says how many are parked. Where nothing was
    /// appended yet, it waits until what can be read is there, empty: a table, for one. It waits for as long as the runner
    /// runs; put a time-out around it.
    pub async fn wait_for(&self, position: Position) -> Result<Reached, WaitError> {
        let mut status = self.status.clone();
        let reached = |status: &Status| status.has_begun && status.frontier >= position;
        let over = |status: &Status| reached(status) || status.phase.is_over();
        // The last status stays when the runner is gone, and then it is over.
        let now = match status.wait_for(over).await {
            Ok(now) => now.clone(),
            Err(_) => self.status(),
        };
        if reached(&now) {
            return Ok(Reached {
                frontier: now.frontier,
                parked: now.parked,
            });
        }
        let (name, asked, frontier) = (now.name, position, now.frontier);
        match now.last_failure.filter(|_| now.phase == Phase::Stopped) {
            Some(failure) => Err(WaitError::Stopped {
                name,
                asked,
                frontier,
                failure,
            }),
            None => Err(WaitError::Ended {
                name,
                asked,
                frontier,
            }),
        }
    }

    /// Waits until what can be read holds everything that the log holds now.
    pub async fn wait_for_head(&self) -> Result<Reached, WaitError> {
        let head = self.store.head().await;
        let head = head.map_err(|error| WaitError::Store(Arc::new(error)))?;
        self.wait_for(head).await
    }

    /// How many events that it wants are stored beyond what can be read, counted up to `at_most`.
    ///
    /// They are counted by reading them, since positions aren't always dense: that costs as much as reading them does.
    pub async fn lag(&self, at_most: usize) -> Result<usize, StoreError> {
        let mut after = self.status.borrow().frontier;
        let mut count = 0;
        while count < at_most {
            let query = LogQuery::after(after).filter(self.filter.clone());
            let limit = query.limit.min(at_most - count);
            let page = spans::read_log(&*self.store, query.limit(limit)).await?;
            count += page.events.len();
            after = page.looked_to;
            if page.end {
                break;
            }
        }
        Ok(count)
    }

    /// Ends the runner after the batch that it is at, and waits until it has ended.
    ///
    /// A runner that was never run is ended when it is.
    pub async fn shutdown(&self) {
        self.stopping.send_replace(true);
        let mut status = self.status.clone();
        // Gone is ended, too.
        let _ = status.wait_for(|status| status.phase.is_over()).await;
    }
}

impl fmt::Debug for RunnerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerHandle")
            .field("status", &*self.status.borrow())
            .finish_non_exhaustive()
    }
}
