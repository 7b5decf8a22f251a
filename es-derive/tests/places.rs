//! The derives stand wherever an item may: in a function, behind a macro, in a module as narrow as its items. Whoever
//! denies every lint keeps doing so.

#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    single_use_lifetimes,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]

use es_core::{Aggregate, Apply, Create, Event, EventSet, NoError};
use serde::{Deserialize, Serialize};

#[test]
fn a_derive_may_stand_in_a_function() {
    use es_core::{Command, Handle};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(name = "counted", version = 2)]
    struct Counted {
        #[event(since = 2, renamed_from = "n", converted = wide)]
        by: u64,
    }

    fn wide(narrow: u8) -> u64 {
        narrow.into()
    }

    #[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
    #[aggregate(name = "counter", id = u64, event = CounterEvent, error = NoError, snapshot(every = 2, fold = 1))]
    #[event(Counted)]
    struct Counter {
        count: u64,
    }

    impl Apply<Counted> for Counter {
        fn apply(&mut self, event: Counted) {
            self.count += event.by;
        }
    }

    #[derive(Debug, Command)]
    #[command(aggregate = Counter)]
    struct Count {
        #[command(id)]
        counter: u64,
    }

    impl Handle<Count> for Counter {
        type Events = Counted;

        fn handle(&self, command: &Count) -> Result<Counted, NoError> {
            Ok(Counted {
                by: self.count + command.counter,
            })
        }
    }

    let counter = Counter { count: 2 };
    assert_eq!(counter.handle(&Count { counter: 3 }), Ok(Counted { by: 5 }));
    let decoded = CounterEvent::decode("counted", 1, r#"{"n":7}"#);
    assert_eq!(decoded, Ok(Some(CounterEvent::Counted(Counted { by: 7 }))));
}

/// Each fragment comes to the derive in the way that `macro_rules` wraps it.
macro_rules! aggregate {
    (
        $vis:vis $state:ident, $events:ident, $id:ty, $error:path, $category:literal,
        $begun:ident $begun_name:literal,
        $changed:ty, $changed_alias:ident, $changed_ident:ident {
            $version:literal, $since:literal, $optional:ty, $number:ty, $default:expr, $old_key:literal, $convert:path
        }
    ) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
        #[event(name = $begun_name)]
        $vis struct $begun {}

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
        #[event(name = "changed", version = $version)]
        $vis struct $changed_ident {
            #[event(since = $since)]
            $vis note: $optional,
            #[event(since = $since, default = $default)]
            $vis number: $number,
            #[event(since = $since, renamed_from = $old_key, converted = $convert)]
            $vis wide: u64,
        }

        #[derive(Debug, Clone, PartialEq, Aggregate)]
        #[aggregate(name = $category, id = $id, event = $events, error = $error)]
        #[event($begun, initial)]
        #[event($changed as $changed_alias)]
        $vis struct $state {
            changes: Vec<$changed>,
        }

        impl Create<$begun> for $state {
            fn create(_: $begun) -> Self {
                Self { changes: Vec::new() }
            }
        }

        impl Apply<$changed> for $state {
            fn apply(&mut self, event: $changed) {
                self.changes.push(event);
            }
        }
    };
}

fn widened(narrow: u8) -> u64 {
    narrow.into()
}

aggregate! {
    pub(crate) State, StateEvent, u64, NoError, "state",
    Begun "begun",
    Changed, Altered, Changed { 2, 2, Option<u8>, i8, -5, "narrow", widened }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

/// An id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair(u8, u8);

impl std::str::FromStr for Pair {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (one, other) = text.split_once('-').unwrap_or((text, "0"));
        Ok(Self(one.parse()?, other.parse()?))
    }
}

/// An event that a macro lists by its type alone.
macro_rules! listing {
    ($($event:ty),*) => {
        #[derive(Debug, Default, Aggregate)]
        #[aggregate(name = "listing", id = Pair, event = ListingEvent, error = NoError)]
        $(#[event($event)])*
        pub(crate) struct Listing;

        $(impl Apply<$event> for Listing {
            fn apply(&mut self, _: $event) {}
        })*
    };
}

listing!(Begun, Changed);

#[test]
fn a_derive_may_stand_behind_a_macro() {
    let decoded = StateEvent::decode("changed", 1, r#"{"narrow":200}"#);
    let changed = Changed {
        note: None,
        number: -5,
        wide: 200,
    };
    assert_eq!(decoded, Ok(Some(StateEvent::Altered(changed))));
    let names = ListingEvent::EVENTS.iter().map(|event| event.name);
    assert_eq!(names.collect::<Vec<_>>(), ["begun", "changed"]);
}

/// Types that come from outside of the macro that derives.
macro_rules! outsiders {
    ($old:ty, $id:ty, $state:ty) => {
        #[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
        #[event(name = "aged", version = 2, upcast(from = $old))]
        struct Aged {
            years: u8,
        }

        #[derive(Debug, es_core::Command)]
        #[command(aggregate = $state)]
        struct Poke {
            #[command(id)]
            state: $id,
        }
    };
}

#[derive(Debug, Serialize, Deserialize, Event)]
#[event(name = "aged")]
struct AgedV1 {
    days: u16,
}

outsiders!(AgedV1, u64, State);

impl From<AgedV1> for Aged {
    fn from(old: AgedV1) -> Self {
        Self {
            years: u8::try_from(old.days / 365).unwrap_or(u8::MAX),
        }
    }
}

impl es_core::Handle<Poke> for State {
    type Events = Changed;

    fn handle(&self, _: &Poke) -> Result<Changed, NoError> {
        Ok(self.changes[0].clone())
    }
}

#[test]
fn a_derive_behind_a_macro_takes_types_from_outside() {
    let aged = Aged::decode(1, r#"{"days":730}"#);
    assert_eq!(aged, Ok(Aged { years: 2 }));
    assert_eq!(es_core::Command::target(&Poke { state: 7 }), &7);
}

/// Types that have the prelude's names, and those of what the derives make.
mod named {
    use es_core::{Aggregate, Apply, Create, NoError, Recorded};
    use serde::{Deserialize, Serialize};

    macro_rules! event {
        ($($ident:ident $name:literal;)*) => {
            $(
                #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, es_core::Event)]
                #[event(name = $name)]
                pub(super) struct $ident {}
            )*
        };
    }

    event! {
        Result "result";
        Option "option";
        Some "some";
        None "none";
        Ok "ok";
        Err "err";
        Event "event";
        Id "id";
        Error "error";
        Box "box";
    }

    #[derive(Debug, Aggregate)]
    #[aggregate(name = "vec", id = ::std::string::String, event = String, error = NoError)]
    #[event(Result, initial)]
    #[event(Option)]
    #[event(Some)]
    #[event(None, recorded)]
    #[event(Ok)]
    #[event(Err)]
    #[event(Event)]
    #[event(Id)]
    #[event(Error)]
    #[event(Box)]
    pub(super) struct Vec;

    impl Create<Result> for Vec {
        fn create(_: Result) -> Self {
            Self
        }
    }

    impl Apply<Recorded<None>> for Vec {
        fn apply(&mut self, _: Recorded<None>) {}
    }

    macro_rules! apply {
        ($($event:ident)*) => {
            $(impl Apply<$event> for Vec {
                fn apply(&mut self, _: $event) {}
            })*
        };
    }

    apply! { Option Some Ok Err Event Id Error Box }
}

#[test]
fn events_may_have_the_names_of_the_prelude() {
    assert_eq!(named::String::EVENTS.len(), 10);
}
