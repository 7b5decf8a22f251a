//! An aggregate that takes corrections is folded in the order in which its events were true.

use es_core::{Aggregate, Apply, Correctable, Event, NoError, Timestamp};
use es_testkit::Spec;
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
