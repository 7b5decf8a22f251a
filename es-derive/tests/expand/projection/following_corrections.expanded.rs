const _: () = {
    const __EVENT_0: ::es_core::__private::Listed<MoneyDeposited> = ::es_core::__private::Listed::<
        MoneyDeposited,
    >::new(false);
    const __EVENT_1: ::es_core::__private::Listed<card::Issued> = ::es_core::__private::Listed::<
        card::Issued,
    >::new(false);
    const __NAMED: usize = ::es_core::__private::names(
        <Months as ::es_core::Projection>::EVENTS,
        &[],
    );
    const __SORTED: ::es_core::__private::Names<__NAMED> = ::es_core::__private::Names::new(
        <Months as ::es_core::Projection>::EVENTS,
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
    impl ::es_core::Projection for Months {
        const NAME: &'static str = "months";
        const VERSION: u32 = 1u32;
        const EVENTS: &'static [::es_core::EventDescriptor] = &[
            __EVENT_0.descriptor,
            __EVENT_1.descriptor,
        ];
        const CORRECTIONS: bool = true;
    }
    #[inline]
    fn __fold_0(
        __state: &mut Months,
        __stored: &::es_core::StoredEvent,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        let __event = (__EVENT_0.decode)(__stored.version, __stored.payload.as_str())?;
        let __event = ::es_core::Recorded::new(__event, &__stored.envelope)?;
        <Months as ::es_core::Apply<
            ::es_core::Recorded<MoneyDeposited>,
        >>::apply(__state, __event);
        ::core::result::Result::Ok(())
    }
    #[inline]
    fn __fold_1(
        __state: &mut Months,
        __stored: &::es_core::StoredEvent,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        let __event = (__EVENT_1.decode)(__stored.version, __stored.payload.as_str())?;
        let __event = ::es_core::Recorded::new(__event, &__stored.envelope)?;
        <Months as ::es_core::Apply<
            ::es_core::Recorded<card::Issued>,
        >>::apply(__state, __event);
        ::core::result::Result::Ok(())
    }
    fn __correct_0(
        __before: ::core::option::Option<&::es_core::StoredEvent>,
        __after: ::core::option::Option<&::es_core::StoredEvent>,
    ) -> ::core::result::Result<
        ::core::option::Option<::es_core::__private::Correcting<Months>>,
        ::es_core::DecodeError,
    > {
        let __before = ::es_core::__private::fact(__before, __EVENT_0.decode)?;
        let __after = ::es_core::__private::fact(__after, __EVENT_0.decode)?;
        let __corrected = ::es_core::Corrected::new(__before, __after);
        ::core::result::Result::Ok(
            ::core::option::Option::Some(
                ::es_core::__private::Box::new(move |__state: &mut Months| <Months as ::es_core::Apply<
                    ::es_core::Corrected<MoneyDeposited>,
                >>::apply(__state, __corrected)),
            ),
        )
    }
    fn __correct_1(
        __before: ::core::option::Option<&::es_core::StoredEvent>,
        __after: ::core::option::Option<&::es_core::StoredEvent>,
    ) -> ::core::result::Result<
        ::core::option::Option<::es_core::__private::Correcting<Months>>,
        ::es_core::DecodeError,
    > {
        let __before = ::es_core::__private::fact(__before, __EVENT_1.decode)?;
        let __after = ::es_core::__private::fact(__after, __EVENT_1.decode)?;
        let __corrected = ::es_core::Corrected::new(__before, __after);
        ::core::result::Result::Ok(
            ::core::option::Option::Some(
                ::es_core::__private::Box::new(move |__state: &mut Months| <Months as ::es_core::Apply<
                    ::es_core::Corrected<card::Issued>,
                >>::apply(__state, __corrected)),
            ),
        )
    }
    #[automatically_derived]
    impl ::es_core::Fold for Months {
        const SCHEMA: u64 = 15441682532599537228u64;
        fn fold(
            &mut self,
            __stored: &::es_core::StoredEvent,
        ) -> ::core::result::Result<(), ::es_core::DecodeError> {
            match __NAMES.line(&__stored.name) {
                ::core::option::Option::Some(0usize) => __fold_0(self, __stored),
                ::core::option::Option::Some(1usize) => __fold_1(self, __stored),
                _ => ::core::result::Result::Ok(()),
            }
        }
        fn correct(
            &mut self,
            __before: ::core::option::Option<&::es_core::StoredEvent>,
            __after: ::core::option::Option<&::es_core::StoredEvent>,
        ) -> ::core::result::Result<(), ::es_core::DecodeError> {
            ::es_core::__private::correct(
                self,
                |__name| __NAMES.line(__name),
                |__line, __before, __after| match __line {
                    0usize => __correct_0(__before, __after),
                    1usize => __correct_1(__before, __after),
                    _ => ::core::result::Result::Ok(::core::option::Option::None),
                },
                __before,
                __after,
            )
        }
    }
};
