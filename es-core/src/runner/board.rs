use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{ConsumerProfile, Failure, Phase, Standing, Status};
use crate::{Clock, Position, StoredEvent, Timestamp};

/// Where a runner writes its status.
pub(super) struct Board {
    statuses: Arc<watch::Sender<Vec<Status>>>,
    /// Which of them is written here.
    place: usize,
    clock: Arc<dyn Clock>,
    window: (Instant, u64),
    /// When the event that waits after a failure was recorded.
    waiting: Option<Timestamp>,
}

/// Over how long a rate is measured.
const WINDOW: Duration = Duration::from_secs(1);

impl Board {
    /// One for each partition. Who looks at one of them sees all.
    pub(super) fn all(profiles: &[ConsumerProfile], clock: &Arc<dyn Clock>) -> Vec<Self> {
        let statuses: Vec<_> = profiles.iter().map(Status::new).collect();
        let places = 0..statuses.len();
        let statuses = Arc::new(watch::Sender::new(statuses));
        let board = |place| Self {
            statuses: Arc::clone(&statuses),
            place,
            clock: Arc::clone(clock),
            window: (Instant::now(), 0),
            waiting: None,
        };
        places.map(board).collect()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Vec<Status>> {
        self.statuses.subscribe()
    }

    fn modify_if(&self, change: impl FnOnce(&mut Status) -> bool) {
        self.statuses
            .send_if_modified(|statuses| statuses.get_mut(self.place).is_some_and(change));
    }

    fn modify(&self, change: impl FnOnce(&mut Status)) {
        self.modify_if(|status| {
            change(status);
            true
        });
    }

    pub(super) fn phase(&self, phase: Phase) {
        self.modify_if(|status| {
            let changed = status.phase != phase;
            status.phase = phase;
            changed
        });
    }

    /// Another process's standing, or this one's at its beginning.
    pub(super) fn stands(&self, phase: Phase, standing: Standing) {
        self.modify(|status| {
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
        self.modify(|status| {
            status.head = status.head.max(Some(head));
            status.behind = behind.unwrap_or(status.behind);
        });
    }

    /// This event waits to be tried again.
    pub(super) fn waits(&mut self, event: Option<&StoredEvent>) {
        self.waiting = event.map(|event| event.envelope.recorded_at);
        if let Some(recorded_at) = self.waiting {
            let behind = self.age(recorded_at);
            self.modify(|status| status.behind = behind);
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
        self.modify(|status| {
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
        self.modify(|status| {
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
        self.modify(|status| {
            status.phase = Phase::Retrying;
            status.tries = tries;
            status.last_failure = Some(failure);
        });
    }

    pub(super) fn stopped(&self, failure: Arc<Failure>) {
        self.modify(|status| {
            status.phase = Phase::Stopped;
            status.last_failure = Some(failure);
        });
    }
}

/// A runner that is dropped goes no further, and whoever waits for it is told.
impl Drop for Board {
    fn drop(&mut self) {
        self.modify_if(|status| {
            let running = !status.phase.is_over();
            if running {
                status.phase = Phase::Ended;
            }
            running
        });
    }
}
