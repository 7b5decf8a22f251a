use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{ConsumerProfile, Failure, Standing};
use crate::{Clock, Position, StoredEvent, Timestamp};

/// Where a runner is, and how it does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The consumer's name.
    pub name: &'static str,
    /// The consumer's version.
    pub version: u32,
    /// What it is doing.
    pub phase: Phase,
    /// Whether what the consumer makes is there to be read, though perhaps still empty: this runner was in charge once, or
    /// another one is.
    pub has_begun: bool,
    /// Every event at or below that passes the filter can be seen in what the consumer makes, or is parked.
    pub frontier: Position,
    /// How far it has taken events in. In front of the frontier while what was taken in isn't shown yet.
    pub position: Position,
    /// The log's last position when it was last asked; none before that.
    pub head: Option<Position>,
    /// How long ago the last event was recorded when it was taken in, or the one that waits after a failure; nothing once it
    /// has caught up. What another process is behind isn't known while this one stands by.
    pub behind: Duration,
    /// How many events were taken in since the runner began.
    pub events: u64,
    /// Events per second, over the last second or more.
    pub rate: f64,
    /// How many events are parked.
    pub parked: u64,
    /// How often the last failure was met in a row; none since it was overcome.
    pub tries: u32,
    /// The last failure, with its class and the position of the event that is to blame. It stays after it was overcome.
    pub last_failure: Option<Arc<Failure>>,
}

/// What a runner is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It takes charge, or has not been run yet.
    Starting,
    /// Another process is in charge; it waits for its turn.
    Standby,
    /// It takes in what is stored.
    CatchingUp,
    /// It has caught up, and takes in what is appended.
    Live,
    /// It waits after a failure, and will try again.
    Retrying,
    /// A failure has stopped it.
    Stopped,
    /// It was shut down.
    Ended,
}

impl Phase {
    /// Whether it will go no further.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Stopped | Self::Ended)
    }
}

impl Status {
    /// How much of the log was taken in, from 0 to 1: an estimate, as positions aren't always dense. `None` before it is
    /// known how long the log is, when neither "nothing" nor "all" would be true.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a progress bar has fewer steps than 2^52"
    )]
    pub fn progress(&self) -> Option<f64> {
        let head = self.head?;
        Some(if self.position >= head {
            1.0
        } else {
            self.position.number() as f64 / head.number() as f64
        })
    }
}

/// Where a runner writes its status.
pub(super) struct Board {
    status: watch::Sender<Status>,
    clock: Arc<dyn Clock>,
    window: (Instant, u64),
    /// When the event that waits after a failure was recorded.
    waiting: Option<Timestamp>,
}

/// Over how long a rate is measured.
const WINDOW: Duration = Duration::from_secs(1);

impl Board {
    pub(super) fn new(profile: &ConsumerProfile, clock: Arc<dyn Clock>) -> Self {
        let status = Status {
            name: profile.name,
            version: profile.version,
            phase: Phase::Starting,
            has_begun: false,
            frontier: Position::START,
            position: Position::START,
            head: None,
            behind: Duration::ZERO,
            events: 0,
            rate: 0.0,
            parked: 0,
            tries: 0,
            last_failure: None,
        };
        Self {
            status: watch::Sender::new(status),
            clock,
            window: (Instant::now(), 0),
            waiting: None,
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    pub(super) fn phase(&self, phase: Phase) {
        self.status.send_if_modified(|status| {
            let changed = status.phase != phase;
            status.phase = phase;
            changed
        });
    }

    /// Another process's standing, or this one's at its beginning.
    pub(super) fn stands(&self, phase: Phase, standing: Standing) {
        self.status.send_modify(|status| {
            status.phase = phase;
            status.has_begun = true;
            // What was once told stays true: the copy that will answer isn't behind it.
            status.frontier = status.frontier.max(standing.frontier);
            status.position = status.position.max(standing.frontier);
            status.parked = standing.parked;
        });
    }

    pub(super) fn head(&self, head: Position) {
        let behind = self.waiting.map(|recorded_at| self.age(recorded_at));
        self.status.send_modify(|status| {
            status.head = status.head.max(Some(head));
            status.behind = behind.unwrap_or(status.behind);
        });
    }

    /// This event waits to be tried again.
    pub(super) fn waits(&mut self, event: Option<&StoredEvent>) {
        self.waiting = event.map(|event| event.envelope.recorded_at);
        if let Some(recorded_at) = self.waiting {
            let behind = self.age(recorded_at);
            self.status.send_modify(|status| status.behind = behind);
        }
    }

    fn age(&self, recorded_at: Timestamp) -> Duration {
        let micros = self.clock.now().micros() - recorded_at.micros();
        Duration::from_micros(u64::try_from(micros).unwrap_or_default())
    }

    /// So many events were taken in, the last of them recorded then.
    pub(super) fn took(
        &mut self,
        events: usize,
        last: Option<Timestamp>,
        looked_to: Position,
        caught_up: bool,
        standing: Standing,
    ) {
        let rate = self.rate(events);
        let behind = match last {
            Some(recorded_at) if !caught_up => self.age(recorded_at),
            _ => Duration::ZERO,
        };
        self.waiting = None;
        self.status.send_modify(|status| {
            let all = status.head.is_some_and(|head| looked_to >= head);
            let live = caught_up || (status.phase == Phase::Live && all);
            status.phase = if live { Phase::Live } else { Phase::CatchingUp };
            status.frontier = status.frontier.max(standing.frontier);
            status.position = looked_to;
            status.head = status.head.max(Some(looked_to));
            status.behind = behind;
            status.events += events as u64;
            status.rate = rate.unwrap_or(status.rate);
            status.parked = standing.parked;
            status.tries = 0;
        });
    }

    /// The rate of the window that ends here, if one does.
    #[expect(clippy::cast_precision_loss, reason = "well below 2^52 a second")]
    pub(super) fn rate(&mut self, events: usize) -> Option<f64> {
        let (begun, count) = &mut self.window;
        *count += events as u64;
        let lasted = begun.elapsed();
        if lasted < WINDOW {
            return None;
        }
        let rate = *count as f64 / lasted.as_secs_f64();
        self.window = (Instant::now(), 0);
        Some(rate)
    }

    /// Nothing came for a while; perhaps what had `failed` is overcome.
    pub(super) fn idle(&mut self, standing: Standing, failed: bool) {
        let rate = self.rate(0);
        self.status.send_modify(|status| {
            if failed && status.phase == Phase::Retrying {
                let live = status.head.is_some_and(|head| status.position >= head);
                status.phase = if live { Phase::Live } else { Phase::CatchingUp };
                status.tries = 0;
            }
            status.frontier = status.frontier.max(standing.frontier);
            status.parked = standing.parked;
            status.rate = rate.unwrap_or(status.rate);
        });
    }

    pub(super) fn failed(&self, failure: Arc<Failure>, tries: u32) {
        self.status.send_modify(|status| {
            status.phase = Phase::Retrying;
            status.tries = tries;
            status.last_failure = Some(failure);
        });
    }

    pub(super) fn stopped(&self, failure: Arc<Failure>) {
        self.status.send_modify(|status| {
            status.phase = Phase::Stopped;
            status.last_failure = Some(failure);
        });
    }
}

/// A runner that is dropped goes no further, and whoever waits for it is told.
impl Drop for Board {
    fn drop(&mut self) {
        self.status.send_if_modified(|status| {
            let running = !status.phase.is_over();
            if running {
                status.phase = Phase::Ended;
            }
            running
        });
    }
}
