use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use es_core::StoreError;

use crate::error::gone;

/// Threads that a store waits for when it is closed, and leaves to themselves when it is dropped.
#[derive(Default)]
pub(crate) struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    pub(crate) fn start(
        &mut self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let thread = Builder::new().name(format!("es-sqlite {name}"));
        self.0.push(thread.spawn(work).map_err(gone)?);
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The threads of a part of the store, once all of them are started.
pub(crate) struct Started(Mutex<Threads>);

impl Started {
    pub(crate) fn all(threads: Threads) -> Self {
        Self(Mutex::new(threads))
    }

    /// Tells them to end, each by a call of `end`, and waits until they have, whoever told them.
    pub(crate) fn end(&self, mut end: impl FnMut()) {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..threads.len() {
            end();
        }
        for thread in threads.0.drain(..) {
            // What it panicked with was told then.
            let _ = thread.join();
        }
    }
}
