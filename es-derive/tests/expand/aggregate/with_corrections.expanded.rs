/// An event of [`Counter`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[allow(clippy::large_enum_variant)]
pub(crate) enum CounterEvent {
    /// [`Counted`].
    Counted(Counted),
}
const _: () = {
    const __EVENT_0: ::es_core::__private::Listed<Counted> = ::es_core::__private::Listed::<
        Counted,
    >::new(false);
    const __NAMED: usize = ::es_core::__private::names(
        <CounterEvent as ::es_core::EventSet>::EVENTS,
        <CounterEvent as ::es_core::EventSet>::RETIRED,
    );
    const __SORTED: ::es_core::__private::Names<__NAMED> = ::es_core::__private::Names::new(
        <CounterEvent as ::es_core::EventSet>::EVENTS,
        <CounterEvent as ::es_core::EventSet>::RETIRED,
    );
    static __NAMES: ::es_core::__private::Names<__NAMED> = __SORTED;
    const _: () = match __SORTED.twins() {
        ::core::option::Option::Some(__twins) => first_line_with_this_name(__twins),
        ::core::option::Option::None => {}
    };
    const fn first_line_with_this_name(__twins: ::es_core::__private::Twins) -> ! {
        match __twins.first {
            0usize => second_line_with_this_name(__twins),
            _ => __twins.refuse(),
        }
    }
    const fn second_line_with_this_name(__twins: ::es_core::__private::Twins) -> ! {
        match __twins.second {
            0usize => __twins.refuse(),
            _ => __twins.refuse(),
        }
    }
    #[automatically_derived]
    impl ::es_core::EventSet for CounterEvent {
        const EVENTS: &'static [::es_core::EventDescriptor] = &[__EVENT_0.descriptor];
        const RETIRED: &'static [&'static str] = &[];
        fn decode(
            __name: &str,
            __version: u32,
            __payload: &str,
        ) -> ::core::result::Result<
            ::core::option::Option<Self>,
            ::es_core::DecodeError,
        > {
            ::core::result::Result::Ok(
                ::core::option::Option::Some(
                    match __NAMES.line(__name) {
                        ::core::option::Option::Some(0usize) => {
                            CounterEvent::Counted(
                                (__EVENT_0.decode)(__version, __payload)?,
                            )
                        }
                        ::core::option::Option::Some(_) => {
                            return ::core::result::Result::Ok(
                                ::core::option::Option::None,
                            );
                        }
                        ::core::option::Option::None => {
                            return ::core::result::Result::Err(
                                ::es_core::DecodeError::UnknownName,
                            );
                        }
                    },
                ),
            )
        }
        fn descriptor(&self) -> ::es_core::EventDescriptor {
            match self {
                CounterEvent::Counted(_) => __EVENT_0.descriptor,
            }
        }
        fn encode(
            &self,
        ) -> ::core::result::Result<::es_core::Json, ::es_core::EncodeError> {
            match self {
                CounterEvent::Counted(__event) => (__EVENT_0.encode)(__event),
            }
        }
    }
    #[inline]
    fn __fold_0(
        __state: &mut ::core::option::Option<Counter>,
        __event: Counted,
        __envelope: &::es_core::Envelope,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        let __state = ::es_core::__private::begun(__state, __EVENT_0.descriptor.name)?;
        <Counter as ::es_core::Apply<Counted>>::apply(__state, __event);
        ::core::result::Result::Ok(())
    }
    #[automatically_derived]
    impl ::es_core::Aggregate for Counter {
        const CATEGORY: &'static str = "counter";
        const CORRECTIONS: ::core::option::Option<::es_core::Corrections<Self>> = ::core::option::Option::Some(
            ::es_core::Corrections::<Self>::new(),
        );
        type Id = u64;
        type Event = CounterEvent;
        type Error = NoError;
        fn initial() -> ::core::option::Option<Self> {
            ::core::option::Option::Some(
                <Self as ::es_core::__private::InitialState>::initial_state(),
            )
        }
        fn fold(
            __state: &mut ::core::option::Option<Self>,
            __event: CounterEvent,
            __envelope: &::es_core::Envelope,
        ) -> ::core::result::Result<(), ::es_core::DecodeError> {
            match __event {
                CounterEvent::Counted(__event) => __fold_0(__state, __event, __envelope),
            }
        }
        fn fold_stored(
            __state: &mut ::core::option::Option<Self>,
            __stored: &::es_core::StoredEvent,
        ) -> ::core::result::Result<(), ::es_core::DecodeError> {
            match __NAMES.line(&__stored.name) {
                ::core::option::Option::Some(0usize) => {
                    __fold_0(
                        __state,
                        (__EVENT_0.decode)(__stored.version, __stored.payload.as_str())?,
                        &__stored.envelope,
                    )
                }
                ::core::option::Option::Some(_) => ::core::result::Result::Ok(()),
                ::core::option::Option::None => {
                    ::core::result::Result::Err(::es_core::DecodeError::UnknownName)
                }
            }
        }
    }
    #[automatically_derived]
    impl ::es_core::__private::OptsIn for Counter {}
    #[automatically_derived]
    impl ::core::convert::From<Counted> for CounterEvent {
        fn from(__event: Counted) -> Self {
            CounterEvent::Counted(__event)
        }
    }
    #[automatically_derived]
    impl ::es_core::Decision<Counter> for Counted {
        fn decide_into(
            self,
            __events: &mut ::es_core::__private::Vec<CounterEvent>,
        ) -> ::core::result::Result<(), <Counter as ::es_core::Aggregate>::Error> {
            __events.push(CounterEvent::Counted(self));
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl ::es_core::Creation<Counter> for Counted {}
    #[automatically_derived]
    impl ::es_core::Decision<Counter> for CounterEvent {
        fn decide_into(
            self,
            __events: &mut ::es_core::__private::Vec<CounterEvent>,
        ) -> ::core::result::Result<(), <Counter as ::es_core::Aggregate>::Error> {
            __events.push(self);
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl ::es_core::Creation<Counter> for CounterEvent {}
};
