//! Given-when-then of an aggregate whose past was corrected: it decides on what counts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use es_core::{Aggregate, Apply, Correctable, Create, Event, Revision, Timestamp};
use es_testkit::{Scenario, Spec};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "till.opened")]
struct Opened {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "till.moved")]
struct Moved {
    cents: i64,
}

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "till", id = String, event = TillEvent, error = Lacking, corrections)]
#[event(Opened, initial)]
#[event(Moved)]
struct Till {
    moves: Vec<i64>,
}

#[derive(Debug, PartialEq)]
struct Lacking {
    cents: i64,
}

impl std::fmt::Display for Lacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} are lacking", self.cents)
    }
}

impl std::error::Error for Lacking {}

impl Create<Opened> for Till {
    fn create(_: Opened) -> Self {
        Self { moves: Vec::new() }
    }
}

impl Apply<Moved> for Till {
    fn apply(&mut self, event: Moved) {
        self.moves.push(event.cents);
    }
}

impl Till {
    fn balance(&self) -> i64 {
        self.moves.iter().sum()
    }

    fn take(&self, cents: i64) -> Result<Moved, Lacking> {
        match self.balance() - cents {
            left @ ..0 => Err(Lacking { cents: -left }),
            _ => Ok(moved(-cents)),
        }
    }
}

impl Correctable for Till {
    fn check(&self) -> Result<(), Lacking> {
        match self.balance() {
            balance @ ..0 => Err(Lacking { cents: -balance }),
            _ => Ok(()),
        }
    }
}

fn moved(cents: i64) -> Moved {
    Moved { cents }
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_micros(day * 24 * 60 * 60 * 1_000_000).unwrap()
}

fn revision(number: u64) -> Revision {
    Revision::new(number)
}

/// Opened on day 1, 100 on day 2 and 50 on day 4.
fn given() -> Scenario<Till> {
    Till::given(())
        .effective_at(day(1))
        .given(Opened {})
        .effective_at(day(2))
        .given(moved(100))
        .effective_at(day(4))
        .given(moved(50))
}

fn till<const N: usize>(moves: [i64; N]) -> Till {
    Till {
        moves: moves.into(),
    }
}

#[track_caller]
fn fails<T>(test: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(test)) else {
        panic!("it should have failed");
    };
    let said = panic.downcast_ref::<String>().cloned();
    said.unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

#[test]
fn the_state_is_that_of_the_table() {
    given()
        .replaced(revision(2), moved(70))
        .then_state(till([70, 50]))
        .inserted(moved(10), day(3))
        .then_state(till([70, 10, 50]))
        .retracted(revision(4))
        .then_state(till([100, 10, 50]))
        .replaced_at(revision(3), moved(50), day(2))
        .then_state(till([100, 50, 10]));
}

#[test]
fn a_decision_stands_on_what_counts() {
    let corrected = || given().retracted(revision(2));
    corrected()
        .when(|till| till.take(60))
        .then_rejected(Lacking { cents: 10 });
    corrected()
        .effective_at(day(5))
        .when(|till| till.take(50))
        .then(moved(-50))
        .then_state(till([50, -50]));
    // Restored.
    corrected()
        .retracted(revision(4))
        .effective_at(day(5))
        .when(|till| till.take(150))
        .then(moved(-150));
}

#[test]
fn a_late_decision_is_checked_along_what_counts() {
    let spent = || {
        given()
            .replaced(revision(2), moved(20))
            .effective_at(day(5))
            .given(moved(-60))
            .effective_at(day(3))
    };
    spent()
        .when(|till| till.take(10))
        .then(moved(-10))
        .then_state(till([20, -10, 50, -60]));
    // The till holds 10 in the end, and 20 on day 3 when 25 are taken.
    spent()
        .when(|_| moved(-25))
        .then_violated(Lacking { cents: 5 })
        .then_state(till([20, 50, -60]))
        // What was refused isn't there to be corrected.
        .replaced(revision(5), moved(-70))
        .then_state(till([20, 50, -70]));
}

#[test]
fn what_a_store_would_refuse_fails() {
    let before = |text: &str, part: &str| assert!(text.contains(part), "{text}");
    before(
        &fails(|| given().retracted(revision(1))),
        "the correction is refused: the stream begins with the event at revision 1",
    );
    before(
        &fails(|| given().retracted(revision(4))),
        "the correction is refused: there is no event at revision 4",
    );
    let twice = || {
        given()
            .retracted(revision(2))
            .replaced(revision(2), moved(1))
    };
    before(
        &fails(twice),
        "the correction is refused: the event at revision 2 is corrected already",
    );
    before(
        &fails(|| given().inserted(moved(-101), day(3))),
        "the correction is refused: the history of till/given would break at its event 4",
    );
    before(
        &fails(|| Till::given(()).retracted(revision(1))),
        "there is no `till` yet that could be corrected",
    );
}

#[test]
fn what_was_corrected_away_is_not_there_to_be_compensated() {
    let corrected = || {
        given()
            .replaced(revision(2), moved(70))
            .effective_at(day(5))
    };
    let gone = fails(|| corrected().compensating(moved(100)));
    assert!(gone.starts_with("this didn't happen"), "{gone}");
    corrected()
        .compensating(moved(70))
        .when(|till| till.take(70))
        .then(moved(-70))
        .then_state(till([70, 50, -70]))
        .then_rejected_again(Lacking { cents: 20 });
}
