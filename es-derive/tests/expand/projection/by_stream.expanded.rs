const _: () = {
    const __EVENT_0: ::es_core::__private::Listed<MoneyDeposited> = ::es_core::__private::Listed::<
        MoneyDeposited,
    >::new(false);
    const __EVENT_1: ::es_core::__private::Listed<card::Issued> = ::es_core::__private::Listed::<
        card::Issued,
    >::new(false);
    const __NAMED: usize = ::es_core::__private::names(
        <Balance as ::es_core::Projection>::EVENTS,
        &[],
    );
    const __SORTED: ::es_core::__private::Names<__NAMED> = ::es_core::__private::Names::new(
        <Balance as ::es_core::Projection>::EVENTS,
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
    impl ::es_core::Projection for Balance {
        const NAME: &'static str = "balances";
        const VERSION: u32 = 1u32;
        const EVENTS: &'static [::es_core::EventDescriptor] = &[
            __EVENT_0.descriptor,
            __EVENT_1.descriptor,
        ];
        const CORRECTIONS: bool = true;
    }
    #[inline]
    fn __fold_0(
        __state: &mut Balance,
        __stored: &::es_core::StoredEvent,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        let __event = (__EVENT_0.decode)(__stored.version, __stored.payload.as_str())?;
        let __event = ::es_core::Recorded::new(__event, &__stored.envelope)?;
        <Balance as ::es_core::Apply<
            ::es_core::Recorded<MoneyDeposited>,
        >>::apply(__state, __event);
        ::core::result::Result::Ok(())
    }
    #[inline]
    fn __fold_1(
        __state: &mut Balance,
        __stored: &::es_core::StoredEvent,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        let __event = (__EVENT_1.decode)(__stored.version, __stored.payload.as_str())?;
        let __event = ::es_core::Recorded::new(__event, &__stored.envelope)?;
        <Balance as ::es_core::Apply<
            ::es_core::Recorded<card::Issued>,
        >>::apply(__state, __event);
        ::core::result::Result::Ok(())
    }
    #[automatically_derived]
    impl ::es_core::FoldStream for Balance {
        const SCHEMA: u64 = 8801544070867783334u64;
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
    }
};
