//! The thread on which a store's connections live.

use std::sync::Arc;

use es_core::StoreError;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::gone;

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

    /// Does something there and waits for it; from any runtime, or none.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.handle.spawn(work).await.map_err(gone)?
    }
}
