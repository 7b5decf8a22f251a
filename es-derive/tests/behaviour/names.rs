//! A snapshot's schema follows the state's fields and the events' versions.

use es_core::{Aggregate, Apply, Event, NoError};
use serde::{Deserialize, Serialize};

macro_rules! counter {
    ($module:ident, $version:literal, { $($field:tt)* }, { $($state:tt)* }) => {
        mod $module {
            use super::*;

            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
            #[event(name = "counted", version = $version)]
            pub(super) struct Counted { $($field)* }

            #[derive(Default, Serialize, Deserialize, Aggregate)]
            #[aggregate(name = "counter", id = String, event = CounterEvent, error = NoError, snapshot(every = 10, fold = 1))]
            #[event(Counted)]
            pub(super) struct Counter { $($state)* }

            impl Apply<Counted> for Counter {
                fn apply(&mut self, _: Counted) {}
            }
        }
    };
}

counter!(original, 1, { by: u8 }, { count: u64 });
counter!(same, 1, { by: u8 }, { count: u64 });
counter!(newer_event, 2, { #[event(since = 2, default = 1)] by: u8 }, { count: u64 });
counter!(other_field, 1, { by: u8 }, { counted: u64 });
counter!(other_type, 1, { by: u8 }, { count: u32 });
counter!(other_key, 1, { by: u8 }, { #[serde(rename = "c")] count: u64 });

#[test]
fn a_schema_differs_when_a_kept_state_would() {
    fn schema<A: Aggregate>() -> u64 {
        A::SNAPSHOTS.unwrap().schema
    }
    let original = schema::<original::Counter>();
    assert_eq!(original, schema::<same::Counter>());
    assert_ne!(original, schema::<newer_event::Counter>());
    assert_ne!(original, schema::<other_field::Counter>());
    assert_ne!(original, schema::<other_type::Counter>());
    assert_ne!(original, schema::<other_key::Counter>());
}
