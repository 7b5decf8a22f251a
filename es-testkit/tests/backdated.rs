//! An aggregate that takes corrections is folded in the order in which its events were true.

use es_core::{Aggregate, Apply, Correctable, Event, NoError, Timestamp};
use es_testkit::{Scenario, Spec};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "price.set")]
struct Set {
    cents: i64,
}

/// Takes corrections: the price is the one that was set for the latest day.
#[derive(Debug, Clone, Default, PartialEq, Aggregate)]
#[aggregate(name = "price", id = String, event = PriceEvent, error = NoError, corrections)]
#[event(Set)]
struct Price {
    cents: Vec<i64>,
}

impl Apply<Set> for Price {
    fn apply(&mut self, event: Set) {
        self.cents.push(event.cents);
    }
}

impl Correctable for Price {}

/// The same, in the order of recording.
#[derive(Debug, Clone, Default, PartialEq, Aggregate)]
#[aggregate(name = "price", id = String, event = PlainEvent, error = NoError)]
#[event(Set)]
struct Plain {
    cents: Vec<i64>,
}

impl Apply<Set> for Plain {
    fn apply(&mut self, event: Set) {
        self.cents.push(event.cents);
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "till.moved")]
struct Moved {
    cents: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Aggregate)]
#[aggregate(name = "till", id = String, event = TillEvent, error = Empty, corrections)]
#[event(Moved)]
struct Till {
    cents: i64,
}

#[derive(Debug, PartialEq)]
struct Empty {
    lacks: i64,
}

impl std::fmt::Display for Empty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} are lacking", self.lacks)
    }
}

impl std::error::Error for Empty {}

impl Apply<Moved> for Till {
    fn apply(&mut self, event: Moved) {
        self.cents += event.cents;
    }
}

impl Correctable for Till {
    fn check(&self) -> Result<(), Empty> {
        let lacks = -self.cents;
        if lacks > 0 {
            Err(Empty { lacks })
        } else {
            Ok(())
        }
    }
}

/// 100 on day 2, of which 80 are taken on day 4, and 500 on day 5.
fn till() -> Scenario<Till> {
    [(2, 100), (4, -80), (5, 500)]
        .into_iter()
        .fold(Till::given(()), |till, (on, cents)| {
            till.effective_at(day(on)).given(Moved { cents })
        })
}

#[test]
fn what_a_repository_refuses_since_the_history_would_break_is_refused() {
    till()
        .effective_at(day(3))
        .when(|_| Moved { cents: -50 })
        .then_violated(Empty { lacks: 30 })
        // Nothing happened.
        .then_state(Till { cents: 520 })
        .when(|_| Moved { cents: -20 })
        .then(Moved { cents: -20 })
        .then_state(Till { cents: 500 });
}

#[test]
#[should_panic(
    expected = "it would be refused: the history would break at `till.moved`, effective at 1970-01-05T00:00:00Z: 30 are lacking"
)]
fn a_test_that_doesn_t_expect_it_fails() {
    let outcome = till().effective_at(day(3)).when(|_| Moved { cents: -50 });
    let _ = outcome.then(Moved { cents: -50 });
}

#[test]
fn what_comes_last_is_decided_and_what_was_broken_stays_so() {
    // Decided without asking, when nobody looked.
    let broken = till()
        .effective_at(day(6))
        .when(|_| Moved { cents: -600 })
        .then(Moved { cents: -600 });
    // Broken at the same place before.
    broken
        .effective_at(day(3))
        .when(|_| Moved { cents: -1 })
        .then(Moved { cents: -1 })
        .then_state(Till { cents: -81 });
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_micros(day * 86_400_000_000).unwrap()
}

#[test]
fn a_backdated_event_is_folded_where_it_was_true() {
    Price::given(())
        .effective_at(day(5))
        .given(Set { cents: 5 })
        .effective_at(day(2))
        .when(|_| Set { cents: 2 })
        .then(Set { cents: 2 })
        .effective_at(day(5))
        .given_stored("price.set", 1, r#"{"cents":6}"#)
        .then_state(Price {
            cents: vec![2, 5, 6],
        });
}

#[test]
fn without_corrections_the_order_is_that_of_recording() {
    Plain::given(())
        .effective_at(day(5))
        .given(Set { cents: 5 })
        .effective_at(day(2))
        .given(Set { cents: 2 })
        .then_state(Plain { cents: vec![5, 2] });
}
