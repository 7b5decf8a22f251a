//! The expansions need no prelude.

#![no_implicit_prelude]

#[derive(
    ::core::fmt::Debug,
    ::core::clone::Clone,
    ::core::cmp::PartialEq,
    ::serde::Serialize,
    ::serde::Deserialize,
    ::es_core::Event,
)]
#[event(name = "counted", version = 2, formerly = "clicked")]
struct Counted {
    #[event(since = 2, default = 1)]
    by: u8,
}

#[derive(::core::default::Default, ::es_core::Aggregate)]
#[aggregate(name = "counter", id = u64, event = CounterEvent, error = ::es_core::NoError)]
#[event(Counted)]
struct Counter {
    count: u64,
}

impl ::es_core::Apply<Counted> for Counter {
    fn apply(&mut self, event: Counted) {
        self.count += ::core::convert::Into::<u64>::into(event.by);
    }
}

#[derive(::serde::Serialize, ::serde::Deserialize, ::es_core::Command)]
#[command(aggregate = Counter)]
struct Count(#[command(id)] u64);

impl ::es_core::Handle<Count> for Counter {
    type Events = Counted;

    fn handle(&self, command: &Count) -> ::core::result::Result<Counted, ::es_core::NoError> {
        ::core::assert_eq!(::es_core::Command::target(command), &7);
        ::core::result::Result::Ok(Counted { by: 1 })
    }
}

#[derive(::es_core::Projection)]
#[projection(name = "counts", version = 1)]
#[event(Counted)]
struct Counts(u64);

impl ::es_core::Apply<::es_core::Recorded<Counted>> for Counts {
    fn apply(&mut self, event: ::es_core::Recorded<Counted>) {
        self.0 += ::core::convert::Into::<u64>::into(event.event.by);
    }
}

#[derive(::es_core::Projection)]
#[projection(name = "counted", version = 1, event = CountedEvent)]
#[event(Counted)]
struct Counting;

struct ReactingDue;

#[derive(::core::default::Default, ::es_core::Aggregate, ::es_core::Process)]
#[aggregate(name = "reacting", id = u64, event = ReactingEvent, error = ::es_core::NoError)]
#[process(restarts)]
#[event(Counted)]
#[input(Counted, starts)]
#[command(Count, name = "count")]
#[deadline(ReactingDue, name = "due")]
struct Reacting;

impl ::es_core::Apply<Counted> for Reacting {
    fn apply(&mut self, _: Counted) {}
}

impl ::es_core::React<Counted> for Reacting {
    fn key(_: &::es_core::Recorded<Counted>) -> ::core::option::Option<u64> {
        ::core::option::Option::Some(1)
    }
    fn react(
        &self,
        _: &::es_core::Recorded<Counted>,
    ) -> ::core::result::Result<::es_core::Reaction<Self>, ::es_core::NoError> {
        ::core::result::Result::Ok(::es_core::Reaction::new())
    }
}

impl ::es_core::Compensate<Count> for Reacting {
    fn compensate(
        &self,
        _: &::es_core::Rejected<Count>,
    ) -> ::core::result::Result<::es_core::Reaction<Self>, ::es_core::NoError> {
        ::core::result::Result::Ok(::es_core::Reaction::new())
    }
}

impl ::es_core::Expire<ReactingDue> for Reacting {
    fn expire(
        &self,
        _: &u64,
        _: ::es_core::Timestamp,
    ) -> ::core::result::Result<::es_core::Reaction<Self>, ::es_core::NoError> {
        ::core::result::Result::Ok(::es_core::Reaction::new())
    }
}

#[::core::prelude::v1::test]
fn it_works_without_a_prelude() {
    let events = ::es_core::Handle::handle(&Counter { count: 0 }, &Count(7));
    ::core::assert_eq!(events, ::core::result::Result::Ok(Counted { by: 1 }));
    let decoded = <CounterEvent as ::es_core::EventSet>::decode("clicked", 1, "{}");
    let expected = CounterEvent::Counted(Counted { by: 1 });
    ::core::assert_eq!(
        decoded,
        ::core::result::Result::Ok(::core::option::Option::Some(expected))
    );
}
