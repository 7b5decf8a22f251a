/// An event of [`Holdings`].
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
pub(crate) enum HoldingsEvent {
    /// [`AccountOpened`].
    AccountOpened(AccountOpened),
    /// [`CardIssued`].
    CardIssued(card::Issued),
}
const _: () = {
    const __EVENT_0: ::es_core::__private::Listed<AccountOpened> = ::es_core::__private::Listed::<
        AccountOpened,
    >::new(false);
    const __EVENT_1: ::es_core::__private::Listed<card::Issued> = ::es_core::__private::Listed::<
        card::Issued,
    >::new(false);
    const __NAMED: usize = ::es_core::__private::names(
        <Holdings as ::es_core::Projection>::EVENTS,
        &[],
    );
    const __SORTED: ::es_core::__private::Names<__NAMED> = ::es_core::__private::Names::new(
        <Holdings as ::es_core::Projection>::EVENTS,
        &[],
    );
    static __NAMES: ::es_core::__private::Names<__NAMED> = __SORTED;
    const _: () = match __SORTED.twins() {
        ::core::option::Option::Some(__twins) => first_line_with_this_name(__twins),
        ::core::option::Option::None => {}
    };
    const fn first_line_with_this_name(__twins: ::es_core::__private::Twins) -> ! {
        match __twins.first {
            0usize => second_line_with_this_name(__twins),
            1usize => second_line_with_this_name(__twins),
            _ => __twins.refuse(),
        }
    }
    const fn second_line_with_this_name(__twins: ::es_core::__private::Twins) -> ! {
        match __twins.second {
            0usize => __twins.refuse(),
            1usize => __twins.refuse(),
            _ => __twins.refuse(),
        }
    }
    #[automatically_derived]
    impl ::es_core::Projection for Holdings {
        const NAME: &'static str = "holdings";
        const VERSION: u32 = 1u32;
        const EVENTS: &'static [::es_core::EventDescriptor] = &[
            __EVENT_0.descriptor,
            __EVENT_1.descriptor,
        ];
    }
    #[automatically_derived]
    impl ::es_core::EventSet for HoldingsEvent {
        const EVENTS: &'static [::es_core::EventDescriptor] = &[
            __EVENT_0.descriptor,
            __EVENT_1.descriptor,
        ];
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
                            HoldingsEvent::AccountOpened(
                                (__EVENT_0.decode)(__version, __payload)?,
                            )
                        }
                        ::core::option::Option::Some(1usize) => {
                            HoldingsEvent::CardIssued(
                                (__EVENT_1.decode)(__version, __payload)?,
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
                HoldingsEvent::AccountOpened(_) => __EVENT_0.descriptor,
                HoldingsEvent::CardIssued(_) => __EVENT_1.descriptor,
            }
        }
        fn encode(
            &self,
        ) -> ::core::result::Result<::es_core::Json, ::es_core::EncodeError> {
            match self {
                HoldingsEvent::AccountOpened(__event) => (__EVENT_0.encode)(__event),
                HoldingsEvent::CardIssued(__event) => (__EVENT_1.encode)(__event),
            }
        }
    }
    #[automatically_derived]
    impl ::es_core::ProjectionEvents for Holdings {
        type Event = HoldingsEvent;
        type Input = ::es_core::Recorded<HoldingsEvent>;
    }
};
