use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use es_core::{Position, Reached, RunnerHandle, Status, WaitError};
use futures_timer::Delay;
use futures_util::future::{Either, select, try_join_all};

/// Waits for runners, for as long as a test should at most. What they show is waited for, and never slept for.
///
/// ```
/// # use es_core::{Batch, Begun, BoxFuture, Checkpoint, Consumer, ConsumerProfile, Failure, Filter, Position, Refusal, Runner, Standing};
/// # use es_memory::MemoryStore;
/// # use es_testkit::Patience;
/// # struct Nothing(Position);
/// # impl Consumer for Nothing {
/// #     fn profile(&self) -> ConsumerProfile { ConsumerProfile::new("nothing", 1, Filter::all()) }
/// #     fn begin(&mut self) -> BoxFuture<'_, Result<Begun, Failure>> { Box::pin(async { Ok(Begun::At(Checkpoint::START)) }) }
/// #     fn consume<'a>(&'a mut self, batch: &'a Batch) -> BoxFuture<'a, Result<(), Refusal>> { self.0 = batch.looked_to; Box::pin(async { Ok(()) }) }
/// #     fn standing(&self) -> Standing { Standing::at(self.0) }
/// #     fn keep(&mut self, _: Checkpoint) -> BoxFuture<'_, Result<(), Failure>> { Box::pin(async { Ok(()) }) }
/// #     fn end(&mut self) -> BoxFuture<'_, Result<(), Failure>> { Box::pin(async { Ok(()) }) }
/// # }
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let runner = Runner::new(MemoryStore::new(), Nothing(Position::START));
/// let handle = runner.handle();
/// tokio::spawn(runner.run());
/// Patience::default().until_caught_up([&handle]).await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Patience(Duration);

impl Default for Patience {
    /// 30 seconds.
    fn default() -> Self {
        Self(Duration::from_secs(30))
    }
}

impl Patience {
    /// Waits at most for so long.
    pub fn of(duration: Duration) -> Self {
        Self(duration)
    }

    /// Waits until each of them shows everything that its log holds now.
    ///
    /// # Panics
    ///
    /// After the time, and if one of them has stopped: the message names those that are busy, and with what.
    pub async fn until_caught_up<'h>(self, handles: impl IntoIterator<Item = &'h RunnerHandle>) {
        self.wait(handles, RunnerHandle::wait_for_head).await;
    }

    /// Waits until each of them shows everything up to this position.
    ///
    /// # Panics
    ///
    /// As [`until_caught_up`](Self::until_caught_up).
    pub async fn until<'h>(
        self,
        position: Position,
        handles: impl IntoIterator<Item = &'h RunnerHandle>,
    ) {
        self.wait(handles, |handle| handle.wait_for(position)).await;
    }

    async fn wait<'h, F>(
        self,
        handles: impl IntoIterator<Item = &'h RunnerHandle>,
        until: impl Fn(&'h RunnerHandle) -> F,
    ) where
        F: Future<Output = Result<Reached, WaitError>>,
    {
        let waits: Vec<_> = (handles.into_iter())
            .map(|handle| (handle, AtomicBool::new(true)))
            .collect();
        let reached = waits.iter().map(async |(handle, waiting)| {
            until(handle).await?;
            waiting.store(false, Ordering::Relaxed);
            Ok::<_, WaitError>(())
        });
        match select(pin!(try_join_all(reached)), Delay::new(self.0)).await {
            Either::Left((Ok(_), _)) => {}
            Either::Left((Err(error), _)) => panic!("{}", crate::spec::chain(&error)),
            Either::Right(_) => {
                let waiting = waits
                    .iter()
                    .filter(|(_, waiting)| waiting.load(Ordering::Relaxed));
                let busy: Vec<String> = waiting.map(|(handle, _)| busy(&handle.status())).collect();
                panic!(
                    "after {:?} there is still busy: {}",
                    self.0,
                    busy.join("; ")
                );
            }
        }
    }
}

/// What a runner is at, in a line.
fn busy(status: &Status) -> String {
    let Status {
        name,
        version,
        phase,
        frontier,
        position,
        head,
        tries,
        ..
    } = status;
    let failing = match &status.last_failure {
        Some(failure) if *tries > 0 => {
            format!(", after {tries} tries: {}", crate::spec::chain(&**failure))
        }
        _ => String::new(),
    };
    let head = head.map_or_else(|| "an unknown head".to_owned(), |head| head.to_string());
    format!(
        "`{name}` version {version}, {phase:?}, shows up to {frontier} and is at {position} of {head}{failing}"
    )
}
