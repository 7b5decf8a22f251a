use es_core::{
    Aggregate, Apply, Create, DecodeError, Envelope, Event, EventId, EventSet, Misplaced, NoError,
    Recorded, Revision, StreamId, Timestamp,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "door.installed", formerly = "door.made")]
struct Installed {
    width: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
#[event(name = "door.opened")]
struct Opened {}

mod other {
    use es_core::Event;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(name = "lock.opened")]
    pub(crate) struct Opened {}
}

#[derive(Debug, Clone, PartialEq, Aggregate)]
#[aggregate(name = "door", id = u64, event = DoorEvent, error = NoError)]
#[event(Installed, initial, recorded)]
#[event(Opened, recorded)]
#[event(other::Opened as LockOpened)]
#[event(retired = "door.painted")]
struct Door {
    width: u32,
    installed_at: Timestamp,
    opened: Vec<Revision>,
    unlocked: u32,
}

impl Create<Recorded<Installed>> for Door {
    fn create(event: Recorded<Installed>) -> Self {
        Self {
            width: event.width,
            installed_at: event.recorded_at,
            opened: Vec::new(),
            unlocked: 0,
        }
    }
}

impl Apply<Recorded<Opened>> for Door {
    fn apply(&mut self, event: Recorded<Opened>) {
        self.opened.push(event.revision);
    }
}

impl Apply<other::Opened> for Door {
    fn apply(&mut self, _: other::Opened) {
        self.unlocked += 1;
    }
}

fn at(revision: u64) -> Envelope {
    let stream = StreamId::new("door", "1").unwrap();
    let now = Timestamp::from_micros(7).unwrap();
    Envelope::new(EventId::random(), stream, Revision::new(revision), now)
}

#[test]
fn events_are_folded_each_by_its_own_rule() {
    let mut door = None;
    Door::fold(&mut door, Installed { width: 90 }.into(), &at(1)).unwrap();
    Door::fold(&mut door, Opened {}.into(), &at(2)).unwrap();
    Door::fold(&mut door, other::Opened {}.into(), &at(3)).unwrap();
    let door = door.unwrap();
    assert_eq!(
        (door.width, door.installed_at.micros(), door.unlocked),
        (90, 7, 1)
    );
    assert_eq!(door.opened, [Revision::new(2)]);
}

#[test]
fn a_stream_begins_with_an_initial_event_and_only_once() {
    let mut door = None;
    let error = Door::fold(&mut door, Opened {}.into(), &at(1)).unwrap_err();
    let name = "door.opened";
    assert_eq!(
        error,
        DecodeError::Misplaced(Misplaced::FirstNotInitial { name })
    );
    assert_eq!(door, None);

    Door::fold(&mut door, Installed { width: 90 }.into(), &at(1)).unwrap();
    let before = door.clone();
    let error = Door::fold(&mut door, Installed { width: 70 }.into(), &at(2)).unwrap_err();
    let name = "door.installed";
    assert_eq!(
        error,
        DecodeError::Misplaced(Misplaced::InitialNotFirst { name })
    );
    assert_eq!(door, before);
    assert_eq!(Door::initial(), None);
}

#[test]
fn a_stored_name_finds_its_event() {
    let installed = Some(DoorEvent::Installed(Installed { width: 1 }));
    assert_eq!(
        DoorEvent::decode("door.installed", 1, r#"{"width":1}"#),
        Ok(installed.clone())
    );
    assert_eq!(
        DoorEvent::decode("door.made", 1, r#"{"width":1}"#),
        Ok(installed)
    );
    let unlocked = Some(DoorEvent::LockOpened(other::Opened {}));
    assert_eq!(DoorEvent::decode("lock.opened", 1, "{}"), Ok(unlocked));
    assert_eq!(
        DoorEvent::decode("door.painted", 9, "not even JSON"),
        Ok(None)
    );
    assert_eq!(
        DoorEvent::decode("door.opene", 1, "{}"),
        Err(DecodeError::UnknownName)
    );
    assert_eq!(
        DoorEvent::decode("", 1, "{}"),
        Err(DecodeError::UnknownName)
    );
}

#[test]
fn an_event_says_what_it_is_and_encodes_itself() {
    let event = DoorEvent::from(Installed { width: 1 });
    let descriptor = event.descriptor();
    assert_eq!(
        (descriptor.name, descriptor.version, descriptor.initial),
        ("door.installed", 1, true)
    );
    assert_eq!(event.encode().unwrap().as_str(), r#"{"width":1}"#);
    let names: Vec<&str> = DoorEvent::EVENTS.iter().map(|event| event.name).collect();
    assert_eq!(names, ["door.installed", "door.opened", "lock.opened"]);
    assert_eq!(DoorEvent::RETIRED, ["door.painted"]);
    assert_eq!(Door::CATEGORY, "door");
}

/// A state that is an enum and exists without an event, with an enum of events that derives nothing.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
#[aggregate(name = "lamp", id = String, event = LampEvent, error = NoError, derive(Debug), snapshot(every = 10, fold = 3))]
#[event(Switched)]
enum Lamp {
    #[default]
    Off,
    On,
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(name = "lamp.switched")]
struct Switched;

impl Apply<Switched> for Lamp {
    fn apply(&mut self, _: Switched) {
        *self = match self {
            Self::Off => Self::On,
            Self::On => Self::Off,
        };
    }
}

#[test]
fn an_aggregate_without_initial_events_exists_without_one() {
    let mut lamp = None;
    Lamp::fold(&mut lamp, Switched.into(), &at(1)).unwrap();
    assert_eq!(lamp, Some(Lamp::On));
    assert_eq!(Lamp::initial(), Some(Lamp::Off));
}

#[test]
fn a_snapshot_policy_says_how_often_and_which_fold() {
    let policy = Lamp::SNAPSHOTS.unwrap();
    assert_eq!((policy.every, policy.fold), (10, 3));
    let kept = (policy.encode)(&Lamp::On).unwrap();
    assert_eq!((policy.decode)(kept.as_str()), Some(Lamp::On));
    assert!(Door::SNAPSHOTS.is_none());
}

mod corrected {
    use es_core::{Aggregate, Apply, Correctable, NoError};
    use serde::{Deserialize, Serialize};

    use super::Switched;

    /// The same lamp, whose past can be corrected.
    #[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Aggregate)]
    #[aggregate(
        name = "lamp", id = String, event = LampEvent, error = NoError, derive(Debug), snapshot(every = 10, fold = 3),
        corrections
    )]
    #[event(Switched)]
    pub(crate) enum Lamp {
        #[default]
        Off,
        On,
    }

    impl Apply<Switched> for Lamp {
        fn apply(&mut self, _: Switched) {
            *self = Self::On;
        }
    }

    impl Correctable for Lamp {}
}

#[test]
fn taking_corrections_makes_snapshots_of_before_unusable() {
    assert!(corrected::Lamp::CORRECTIONS.is_some());
    assert!(Lamp::CORRECTIONS.is_none());
    let corrected = corrected::Lamp::SNAPSHOTS.unwrap();
    assert_ne!(corrected.schema, Lamp::SNAPSHOTS.unwrap().schema);
}
