use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use crate::{Clock, StoreError, SystemClock};

/// How a runner works.
#[derive(Clone)]
pub(super) struct Settings {
    /// Events in a batch, at most and at least one.
    pub batch: usize,
    /// How long a batch is gathered.
    pub within: Duration,
    /// How often an event is tried.
    pub attempts: u32,
    /// How long to wait after the first failure, and at most.
    pub back_off: (Duration, Duration),
    pub clock: Arc<dyn Clock>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 1_000,
            within: Duration::from_millis(100),
            attempts: 5,
            back_off: (Duration::from_millis(100), Duration::from_secs(10)),
            clock: Arc::new(SystemClock),
        }
    }
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Try again after this long.
    Again(Duration),
    /// The same after this long, and nothing has failed.
    Wait(Duration),
    /// Give the event up: park it, or stop.
    GiveUp,
    /// Stop, whatever is said about parking.
    Stop,
}

/// How often is looked whether other partitions have come to where this one waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Settings {
    /// What to do after so many tries of the same thing.
    pub(super) fn reaction(&self, failure: &Failure, tries: u32) -> Reaction {
        let spent = tries >= self.attempts;
        match failure {
            // What a newer program wrote is read after an update; passing over it would lose it.
            failure if failure.is_newer() => Reaction::Stop,
            // The same bytes don't decode at the next try, nor does whoever never takes an event take it then.
            Failure::Decoding { .. }
            | Failure::Publisher {
                unpublishable: Some(_),
                ..
            } => Reaction::GiveUp,
            Failure::Applying { .. } if spent => Reaction::GiveUp,
            Failure::Database { passing: true, .. }
            | Failure::Publisher { .. }
            | Failure::Store(StoreError::Unavailable(_) | StoreError::Unknown(_)) => {
                Reaction::Again(self.delay(tries))
            }
            Failure::Database { .. } | Failure::Store(StoreError::Backend(_)) if spent => {
                Reaction::Stop
            }
            Failure::Applying { .. }
            | Failure::Database { .. }
            | Failure::Store(StoreError::Backend(_)) => Reaction::Again(self.delay(tries)),
            Failure::Waiting => Reaction::Wait(LOOK_EVERY),
            Failure::Fenced
            | Failure::Panicked { .. }
            | Failure::Partitioned { .. }
            | Failure::Store(_) => Reaction::Stop,
        }
    }

    /// Twice as long after each try.
    fn delay(&self, tries: u32) -> Duration {
        let (first, most) = self.back_off;
        let doubled = 1_u32
            .checked_shl(tries.saturating_sub(1))
            .unwrap_or(u32::MAX);
        first.saturating_mul(doubled).min(most)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Reaction, Settings};
    use crate::{Failure, Position, StoreError};

    fn applying() -> Failure {
        let position = Position::new(1);
        let cause = "no".into();
        Failure::Applying { position, cause }
    }

    fn database(passing: bool) -> Failure {
        let cause = "no".into();
        Failure::Database { passing, cause }
    }

    #[test]
    fn each_try_waits_twice_as_long_up_to_a_bound() {
        let settings = Settings {
            attempts: 100,
            ..Settings::default()
        };
        let waits = [1, 2, 3, 8, 40, 99].map(|tries| settings.reaction(&applying(), tries));
        let expected = [100, 200, 400, 10_000, 10_000, 10_000]
            .map(|millis| Reaction::Again(Duration::from_millis(millis)));
        assert_eq!(waits, expected);
    }

    #[test]
    fn what_may_pass_is_tried_for_ever_and_what_an_event_does_is_not() {
        let settings = Settings::default();
        let again = |failure: &Failure, tries| {
            matches!(settings.reaction(failure, tries), Reaction::Again(_))
        };
        assert!(again(&database(true), 1_000_000));
        let away = Failure::Store(StoreError::Unavailable("away".into()));
        assert!(again(&away, 1_000_000));
        let publisher = |unpublishable| {
            let cause = "no".into();
            Failure::Publisher {
                unpublishable,
                cause,
            }
        };
        assert!(again(&publisher(None), 1_000_000));
        let unpublishable = publisher(Some(Position::new(1)));
        assert_eq!(settings.reaction(&unpublishable, 1), Reaction::GiveUp);
        assert!(again(&applying(), 4) && again(&database(false), 4));
        assert_eq!(settings.reaction(&applying(), 5), Reaction::GiveUp);
        assert_eq!(settings.reaction(&database(false), 5), Reaction::Stop);
    }
}
