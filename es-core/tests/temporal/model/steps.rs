//! What happens in a case.

use proptest::prelude::{Strategy, any};

/// What is tried next. Revisions are taken modulo two more than there are.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Move(i64, Option<u32>),
    Retract(usize),
    Replace(usize, i64, Option<u32>),
    Reopen(usize, Option<u32>),
    Insert(i64, u32),
    Tick,
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let cents = || (-3_i64..9).prop_filter("something moves", |cents| *cents != 0);
    let on = || proptest::option::weighted(0.7, 1_u32..9);
    let step = proptest::prop_oneof![
        4 => (cents(), on()).prop_map(|(cents, on)| Step::Move(cents, on)),
        4 => any::<usize>().prop_map(Step::Retract),
        3 => (any::<usize>(), cents(), on()).prop_map(|(at, cents, on)| Step::Replace(at, cents, on)),
        1 => (any::<usize>(), on()).prop_map(|(at, on)| Step::Reopen(at, on)),
        2 => (cents(), 1_u32..9).prop_map(|(cents, on)| Step::Insert(cents, on)),
        2 => proptest::prelude::Just(Step::Tick),
    ];
    proptest::collection::vec(step, 1..14)
}
