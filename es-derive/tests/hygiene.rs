//! The expansions stand in modules that make everything else mean something else.

#![deny(warnings, missing_docs)]
#![expect(dead_code, reason = "what matters here is that it compiles")]

/// Every name that an expansion could mean by accident.
mod shadowed {
    #![expect(non_camel_case_types, reason = "they shadow lower-case names")]

    pub(crate) struct Result;
    pub(crate) struct Option;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct String;
    pub(crate) struct Vec;
    pub(crate) struct Box;
    pub(crate) struct From;
    pub(crate) struct Into;
    pub(crate) struct Default;
    pub(crate) struct Json;
    pub(crate) struct str_;
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod alloc {}
    pub(crate) mod es_core {}
}

mod hostile {
    #![expect(non_camel_case_types, reason = "raw identifiers are lower-case")]

    #[expect(
        unused_imports,
        reason = "an expansion that used one of these names would not compile"
    )]
    use super::shadowed::*;

    #[derive(
        ::core::fmt::Debug,
        ::core::clone::Clone,
        ::core::cmp::PartialEq,
        ::serde::Serialize,
        ::serde::Deserialize,
        ::es_core::Event,
    )]
    #[event(name = "counted", version = 3, upcast(to = 2, with = same))]
    struct Counted {
        #[event(since = 3, renamed_from = "type", converted = widened)]
        r#fn: u64,
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "it is the form of a function on payloads"
    )]
    fn same(
        value: ::serde_json::Value,
    ) -> ::core::result::Result<::serde_json::Value, ::es_core::NoError> {
        ::core::result::Result::Ok(value)
    }

    fn widened(narrow: u32) -> u64 {
        <u64 as ::core::convert::From<u32>>::from(narrow)
    }

    #[derive(
        ::core::default::Default, ::serde::Serialize, ::serde::Deserialize, ::es_core::Aggregate,
    )]
    #[aggregate(
        name = "counter", id = u64, event = r#enum, error = ::es_core::NoError, snapshot(every = 1, fold = 1), corrections
    )]
    #[event(Counted, recorded)]
    #[event(retired = "uncounted")]
    struct r#struct {
        count: u64,
    }

    impl ::es_core::Apply<::es_core::Recorded<Counted>> for r#struct {
        fn apply(&mut self, event: ::es_core::Recorded<Counted>) {
            self.count += event.event.r#fn;
        }
    }

    impl ::es_core::Correctable for r#struct {}

    #[derive(::serde::Serialize, ::serde::Deserialize, ::es_core::Command)]
    #[command(aggregate = r#struct)]
    struct Count {
        #[command(id)]
        r#match: u64,
    }

    impl ::es_core::Handle<Count> for r#struct {
        type Events = Counted;

        fn handle(&self, _: &Count) -> ::core::result::Result<Counted, ::es_core::NoError> {
            ::core::result::Result::Ok(Counted { r#fn: 1 })
        }
    }

    #[derive(::es_core::Projection)]
    #[projection(name = "counts", version = 1)]
    #[event(Counted)]
    struct r#enumeration(u64);

    impl ::es_core::Apply<::es_core::Recorded<Counted>> for r#enumeration {
        fn apply(&mut self, event: ::es_core::Recorded<Counted>) {
            self.0 += event.event.r#fn;
        }
    }

    #[derive(::es_core::Projection)]
    #[projection(name = "counted", version = 1, event = r#trait)]
    #[event(Counted as r#impl)]
    struct r#mod;

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
}

/// The crate under another name, behind `crate = …`.
mod renamed {
    mod facade {
        pub(super) use es_core as events;
    }

    use facade::events::{Apply, Create, NoError};
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, facade::events::Event)]
    #[event(name = "begun", crate = facade::events)]
    struct Begun {}

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, facade::events::Event)]
    #[event(name = "counted", crate = self::facade::events)]
    struct Counted {}

    #[derive(facade::events::Aggregate)]
    #[aggregate(name = "counter", id = u64, event = CounterEvent, error = NoError, crate = crate::renamed::facade::events)]
    #[event(Begun, initial)]
    #[event(Counted)]
    struct Counter;

    impl Create<Begun> for Counter {
        fn create(_: Begun) -> Self {
            Self
        }
    }

    impl Apply<Counted> for Counter {
        fn apply(&mut self, _: Counted) {}
    }

    #[derive(Serialize, Deserialize, facade::events::Command)]
    #[command(aggregate = Counter, crate = facade::events)]
    struct Count {
        #[command(id)]
        counter: u64,
    }

    impl facade::events::Handle<Count> for Counter {
        type Events = Counted;

        fn handle(&self, _: &Count) -> Result<Counted, NoError> {
            Ok(Counted {})
        }
    }

    #[derive(facade::events::Projection)]
    #[projection(name = "counts", version = 1, crate = facade::events)]
    #[event(Counted)]
    struct Counts;

    impl Apply<facade::events::Recorded<Counted>> for Counts {
        fn apply(&mut self, _: facade::events::Recorded<Counted>) {}
    }

    #[derive(facade::events::Projection)]
    #[projection(name = "counted", version = 1, event = CountedEvent, crate = self::facade::events)]
    #[event(Counted)]
    struct Counting;

    struct ReactingDue;

    #[derive(::core::default::Default, facade::events::Aggregate, facade::events::Process)]
    #[aggregate(name = "reacting", id = u64, event = ReactingEvent, error = facade::events::NoError, crate = facade::events)]
    #[process(restarts, crate = facade::events)]
    #[event(Counted)]
    #[input(Counted, starts)]
    #[command(Count, name = "count")]
    #[deadline(ReactingDue, name = "due")]
    struct Reacting;

    impl facade::events::Apply<Counted> for Reacting {
        fn apply(&mut self, _: Counted) {}
    }

    impl facade::events::React<Counted> for Reacting {
        fn key(_: &facade::events::Recorded<Counted>) -> ::core::option::Option<u64> {
            ::core::option::Option::Some(1)
        }
        fn react(
            &self,
            _: &facade::events::Recorded<Counted>,
        ) -> ::core::result::Result<facade::events::Reaction<Self>, facade::events::NoError>
        {
            ::core::result::Result::Ok(facade::events::Reaction::new())
        }
    }

    impl facade::events::Compensate<Count> for Reacting {
        fn compensate(
            &self,
            _: &facade::events::Rejected<Count>,
        ) -> ::core::result::Result<facade::events::Reaction<Self>, facade::events::NoError>
        {
            ::core::result::Result::Ok(facade::events::Reaction::new())
        }
    }

    impl facade::events::Expire<ReactingDue> for Reacting {
        fn expire(
            &self,
            _: &u64,
            _: facade::events::Timestamp,
        ) -> ::core::result::Result<facade::events::Reaction<Self>, facade::events::NoError>
        {
            ::core::result::Result::Ok(facade::events::Reaction::new())
        }
    }
}

/// A public aggregate, whose enum has to be documented, and one as visible as its module.
pub mod visible {
    use es_core::{Aggregate, Apply, Event, NoError};
    use serde::{Deserialize, Serialize};

    /// It counted.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(name = "counted")]
    pub struct Counted {}

    /// A counter.
    #[derive(Debug, Default, Aggregate)]
    #[aggregate(name = "counter", id = u64, event = CounterEvent, error = NoError)]
    #[event(Counted)]
    pub struct Counter;

    impl Apply<Counted> for Counter {
        fn apply(&mut self, _: Counted) {}
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Event)]
    #[event(name = "inner.counted")]
    pub(in crate::visible) struct InnerCounted {}

    #[derive(Debug, Default, Aggregate)]
    #[aggregate(name = "inner", id = u64, event = InnerEvent, error = NoError)]
    #[event(InnerCounted)]
    pub(in crate::visible) struct Inner;

    impl Apply<InnerCounted> for Inner {
        fn apply(&mut self, _: InnerCounted) {}
    }

    /// What was counted.
    #[derive(Debug, es_core::Projection)]
    #[projection(name = "counted", version = 1, event = CountsEvent)]
    #[event(Counted)]
    pub struct Counts;
}

#[test]
fn it_compiles() {
    use es_core::{Aggregate as _, EventSet as _};
    assert_eq!(visible::Counter::CATEGORY, "counter");
    assert_eq!(visible::CounterEvent::EVENTS.len(), 1);
}
