use std::fmt;
use std::sync::Arc;

use futures_core::stream::BoxStream;
use futures_util::stream::{self, StreamExt};
use tokio::sync::watch;

use super::{ConsumerProfile, Failure, Phase, Status};
use crate::{EventStore, LogQuery, Position, StoreError, spans};

/// The way to a runner that was started: looks at it, waits for it, ends it. Cheap to clone.
#[derive(Clone)]
pub struct RunnerHandle {
    pub(super) statuses: watch::Receiver<Vec<Status>>,
    pub(super) stopping: Arc<watch::Sender<bool>>,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) profile: ConsumerProfile,
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
    /// How the runner does. Of a consumer that is split into partitions this is the whole, which is as far as the partition
    /// that is furthest behind, wherever it runs.
    pub fn status(&self) -> Status {
        self.whole(&self.statuses.borrow())
    }

    /// How each partition does, in their order; what [`status`](Self::status) says, where there is one.
    pub fn partitions(&self) -> Vec<Status> {
        self.statuses.borrow().clone()
    }

    fn whole(&self, partitions: &[Status]) -> Status {
        Status::of_all(partitions).unwrap_or_else(|| Status::new(&self.profile))
    }

    /// The status now and after each change, until the runner goes no further. Who is slow misses those between.
    pub fn changes(&self) -> BoxStream<'static, Status> {
        let mut handle = self.clone();
        handle.statuses.mark_changed();
        stream::unfold(Some(handle), |handle| async {
            let mut handle = handle?;
            handle.statuses.changed().await.ok()?;
            let statuses = handle.statuses.borrow_and_update().clone();
            let now = handle.whole(&statuses);
            let over = now.phase.is_over();
            Some((now, (!over).then_some(handle)))
        })
        .boxed()
    }

    /// Waits until what can be read holds every event up to this position that it is made of, in all partitions: after an
    /// append, to read what one has written.
    ///
    /// It returns as well if the events there don't concern the consumer, and says how many are parked. Where nothing was
    /// appended yet, it waits until what can be read is there, empty: a table, for one. It waits for as long as the runner
    /// runs; put a time-out around it.
    pub async fn wait_for(&self, position: Position) -> Result<Reached, WaitError> {
        let mut statuses = self.statuses.clone();
        let reached = |status: &Status| status.has_begun && status.frontier >= position;
        let over = |statuses: &Vec<Status>| {
            let status = self.whole(statuses);
            reached(&status) || status.phase.is_over()
        };
        // The last status stays when the runner is gone, and then it is over.
        let now = match statuses.wait_for(over).await {
            Ok(now) => self.whole(&now),
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
        let mut after = self.status().frontier;
        let mut count = 0;
        while count < at_most {
            let query = LogQuery::after(after).filter(self.profile.filter.clone());
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
        let mut statuses = self.statuses.clone();
        let over = |statuses: &Vec<Status>| self.whole(statuses).phase.is_over();
        // Gone is ended, too.
        let _ = statuses.wait_for(over).await;
    }
}

impl fmt::Debug for RunnerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerHandle")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
