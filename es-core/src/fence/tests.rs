use super::{Charge, Fence, FenceState, FenceStep};
use crate::{
    Checkpoint, Envelope, EventId, Failure, Json, Partition, Position, Revision, StoredEvent,
    StreamId, Timestamp,
};

const WHOLE: Partition = Partition::WHOLE;

fn fence(version: u32, state: FenceState, expired: bool) -> Fence {
    Fence {
        epoch: 7,
        expired,
        ..Fence::new(version, state)
    }
}

fn charge(stored: &[Fence], version: u32, mine: Option<i64>) -> Charge {
    Fence::charge(stored, version, WHOLE, mine).unwrap()
}

#[test]
fn only_an_expired_row_or_ones_own_is_taken() {
    let held = fence(1, FenceState::Active, false);
    assert_eq!(charge(&[held], 1, None), Charge::Held);
    assert_eq!(charge(&[held], 1, Some(6)), Charge::Held);
    let expired = fence(1, FenceState::Active, true);
    for (stored, mine) in [(expired, None), (held, Some(7))] {
        let Charge::Taken(taken) = charge(&[stored], 1, mine) else {
            panic!("it is free");
        };
        assert_eq!((taken.epoch, taken.expired), (8, false));
    }
}

#[test]
fn a_lower_version_never_takes_over_by_itself() {
    let newer = fence(3, FenceState::Active, true);
    assert_eq!(charge(&[newer], 2, None), Charge::Held);
    for state in [
        FenceState::Retired,
        FenceState::Building,
        FenceState::Halted,
    ] {
        let stored = [newer, fence(2, state, true)];
        assert_eq!(charge(&stored, 2, Some(7)), Charge::Held);
    }
    // Neither beside one that has halted another and isn't there yet.
    let stored = [
        fence(3, FenceState::Succeeding, true),
        fence(1, FenceState::Halted, true),
    ];
    assert_eq!(charge(&stored, 2, None), Charge::Held);
    assert_eq!(charge(&stored, 1, Some(7)), Charge::Held);
}

#[test]
fn a_version_stays_in_as_many_partitions_as_it_was_made_in() {
    let stored: Vec<_> = Partition::all(4)
        .map(|partition| Fence {
            partition: partition.number(),
            ..fence(1, FenceState::Active, true)
        })
        .collect();
    for asked in [1, 2, 5] {
        for partition in Partition::all(asked) {
            let refused = Fence::charge(&stored, 1, partition, Some(7)).unwrap_err();
            assert!(
                matches!(refused, Failure::Partitioned { version: 1, kept: 4, asked: a } if a == asked)
            );
        }
    }
    for partition in Partition::all(4) {
        let Charge::Taken(taken) = Fence::charge(&stored, 1, partition, None).unwrap() else {
            panic!("it is free");
        };
        assert_eq!(taken.partition, partition.number());
    }
    // Another version may have another number.
    let new = Fence::charge(&stored, 2, WHOLE, None).unwrap();
    assert!(matches!(new, Charge::New(fence) if fence.state == FenceState::Building));
}

#[test]
fn a_state_has_a_name() {
    for state in FenceState::ALL {
        assert_eq!(FenceState::parse(state.as_str()), Some(state));
    }
    assert_eq!(FenceState::parse("Active"), None);
}

pub(super) fn event(position: u64, stream: u64) -> StoredEvent {
    let stream = StreamId::new("task", &stream.to_string()).unwrap();
    let id = EventId::from_bytes(u128::from(position).to_be_bytes());
    let envelope = Envelope::new(id, stream, Revision::new(1), Timestamp::MIN);
    let position = Position::new(position);
    StoredEvent::new(envelope, position, "task.done", 1, Json::EMPTY_OBJECT)
}

pub(super) fn key(event: &StoredEvent) -> &str {
    event.envelope.stream.as_str()
}

#[test]
fn a_new_version_waits_at_where_the_old_one_is_for_its_other_partitions() {
    let at = |position, fence| Fence {
        checkpoint: Checkpoint {
            position: Position::new(position),
            event_id: None,
        },
        ..fence
    };
    let old = at(5, Fence::new(1, FenceState::Active));
    let built = Fence::new(2, FenceState::Building);
    let other = Fence {
        partition: 1,
        ..built
    };
    let events = [event(4, 1), event(6, 1)];
    let rows = [old, built, other];
    assert!(!built.may_switch(&rows, Position::new(6)));
    let plan = built.plan(&rows, &events, Position::new(6), key, |_| false);
    assert_eq!((plan.taken, plan.after.state), (1, FenceState::Ready));
    assert!(matches!(
        plan.steps[..],
        [FenceStep::Handle { replay: true, .. }]
    ));
    assert_eq!(
        (plan.answers, plan.standing.frontier),
        (false, Position::new(5))
    );

    // Once the other one is there, too, the old one is halted.
    let ready = plan.after;
    let rows = [
        old,
        ready,
        Fence {
            state: FenceState::Ready,
            ..other
        },
    ];
    assert!(ready.may_switch(&rows, Position::new(6)));
    // It waits for a partition of the old one that somebody is in charge of, until that is where the furthest was.
    let slow = Fence {
        partition: 1,
        ..at(3, old)
    };
    let met = built
        .plan(&[old, slow, built], &[], Position::new(6), key, |_| false)
        .after;
    assert_eq!(
        (met.state, met.mark),
        (FenceState::Building, Position::new(5))
    );
    assert!(!met.may_switch(&[at(8, old), slow, met], Position::new(6)));
    assert!(met.may_switch(&[at(8, old), at(5, slow), met], Position::new(6)));
    let dead = Fence {
        expired: true,
        ..slow
    };
    assert!(met.may_switch(&[old, dead, met], Position::new(6)));
    let plan = ready.plan(&rows, &events[1..], Position::new(6), key, |_| false);
    assert_eq!((plan.taken, plan.after.state), (1, FenceState::Active));
    assert!(matches!(
        plan.steps[..],
        [FenceStep::Halt, FenceStep::Handle { replay: false, .. }]
    ));
    assert!(!plan.answers);
}
