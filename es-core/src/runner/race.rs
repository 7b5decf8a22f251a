//! Waiting for several things at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_timer::Delay;
use futures_util::future::{Either, select};
use tokio::sync::watch;

pub(super) enum Raced<T> {
    Done(T),
    Late,
    Stopped,
}

/// What comes first: the future, the time, or the end.
pub(super) async fn race<T>(
    stopping: &mut watch::Receiver<bool>,
    after: Duration,
    future: impl Future<Output = T>,
) -> Raced<T> {
    if *stopping.borrow() {
        return Raced::Stopped;
    }
    let mut future = pin!(future);
    // Most are ready while catching up, and then no timer is set.
    let now = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
    if let Poll::Ready(done) = now {
        return Raced::Done(done);
    }
    let stopped = pin!(async {
        // The sender lives as long as the runner.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    });
    // A timer that far away is none.
    let timer = pin!(Delay::new(after.min(Duration::from_hours(24))));
    match select(future, select(stopped, timer)).await {
        Either::Left((done, _)) => Raced::Done(done),
        Either::Right((Either::Left(_), _)) => Raced::Stopped,
        Either::Right((Either::Right(_), _)) => Raced::Late,
    }
}

/// Waits for a future, and moves another on while that isn't ready.
pub(super) async fn meanwhile<T>(
    future: impl Future<Output = T>,
    other: impl Future<Output = ()>,
) -> T {
    let other = pin!(other);
    match select(pin!(future), other).await {
        Either::Left((done, _)) => done,
        Either::Right(((), future)) => future.await,
    }
}

/// Lets others have a turn, where nothing else would: a store in memory is always ready.
pub(super) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
