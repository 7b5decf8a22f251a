//! The thread on which a store's connections live.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use es_core::StoreError;
use futures_util::future::{Either, select};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::error::{Fault, gone};

/// How long work goes on that nobody waits for any more. It mostly ends by then, and its connection is kept.
const UNWANTED: Duration = Duration::from_secs(1);

/// A thread with a runtime of its own. Whatever runs on it ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Thread {
    handle: Handle,
    _alive: Arc<Alive>,
}

struct Alive {
    /// Dropped with this; the thread waits for that.
    _end: oneshot::Sender<()>,
}

impl Thread {
    pub(crate) fn start() -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(gone)?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("es-postgres".to_owned())
            .spawn(move || {
                // An error is the end.
                let _ = runtime.block_on(ended);
            })
            .map_err(gone)?;
        Ok(Self {
            handle,
            _alive: Arc::new(Alive { _end: end }),
        })
    }

    /// Starts a task there.
    pub(crate) fn start_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(task));
    }

    /// Does something there and waits for it; from any runtime, or none. If this is dropped, it ends soon.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (mut answer, answered) = oneshot::channel();
        self.start_task(async move {
            let done = {
                let unwanted = async {
                    answer.closed().await;
                    sleep(UNWANTED).await;
                };
                match select(pin!(work), pin!(unwanted)).await {
                    Either::Left((done, _)) => done,
                    Either::Right(_) => return,
                }
            };
            // Whoever asked may be gone.
            drop(answer.send(done));
        });
        answered.await.map_err(gone)?
    }

    /// Waits for something no longer than this; from any runtime, or none.
    pub(crate) async fn in_time<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let timed = {
            // Its clock is that of the thread's runtime.
            let _within = self.handle.enter();
            timeout(patience, work)
        };
        timed.await.ok()
    }
}

/// Waits for an answer no longer than this. On the thread.
pub(crate) async fn in_time<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answered = timeout(patience, answer).await;
    answered.unwrap_or_else(|_| Err(Fault::Late.into()))
}
