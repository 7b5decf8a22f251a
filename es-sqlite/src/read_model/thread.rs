use std::sync::mpsc::{Sender, channel};

use es_core::StoreError;
use tokio::sync::oneshot;

use crate::error::{Fault, gone};

type Job<W> = Box<dyn FnOnce(&mut W) + Send>;

/// A thread that does one thing after the other with what it owns. It ends when this is dropped.
pub(super) struct Thread<W> {
    jobs: Sender<Job<W>>,
}

impl<W: Send + 'static> Thread<W> {
    pub(super) fn start(name: &str, mut owned: W) -> Result<Self, StoreError> {
        let (jobs, queue) = channel::<Job<W>>();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while let Ok(job) = queue.recv() {
                    job(&mut owned);
                }
            })
            .map_err(gone)?;
        Ok(Self { jobs })
    }

    /// Has it do something. What was begun is done, also if the future is dropped.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut W) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask_and(job, |_| {}).await
    }

    /// Has it do something, and then something that isn't waited for.
    pub(super) async fn ask_and<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut W) -> T + Send + 'static,
        then: impl FnOnce(&mut W) + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job<W> = Box::new(move |owned| {
            // Whoever asked may be gone.
            let _ = answer.send(job(owned));
            then(owned);
        });
        self.jobs.send(job).map_err(|_| Fault::Closed)?;
        answered.await.map_err(gone)
    }
}
