/// An event of [`Account`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum AccountEvent {
    /// [`AccountOpened`].
    AccountOpened(AccountOpened),
    /// [`MoneyDeposited`].
    MoneyDeposited(MoneyDeposited),
    /// [`MoneyWithdrawn`].
    MoneyWithdrawn(money::Withdrawn),
}
const _: () = {
    const __EVENT_0: ::es_core::__private::Listed<AccountOpened> = ::es_core::__private::Listed::<
        AccountOpened,
    >::new(true);
    const __EVENT_1: ::es_core::__private::Listed<MoneyDeposited> = ::es_core::__private::Listed::<
        MoneyDeposited,
    >::new(false);
    const __EVENT_2: ::es_core::__private::Listed<money::Withdrawn> = ::es_core::__private::Listed::<
        money::Withdrawn,
    >::new(false)
        .recorded();
    const __NAMED: usize = ::es_core::__private::names(
        <AccountEvent as ::es_core::EventSet>::EVENTS,
        <AccountEvent as ::es_core::EventSet>::RETIRED,
    );
    const __SORTED: ::es_core::__private::Names<__NAMED> = ::es_core::__private::Names::new(
        <AccountEvent as ::es_core::EventSet>::EVENTS,
        <AccountEvent as ::es_core::EventSet>::RETIRED,
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
            2usize => second_line_with_this_name(__twins),
            3usize => second_line_with_this_name(__twins),
            _ => __twins.refuse(),
        }
    }
    const fn second_line_with_this_name(__twins: ::es_core::__private::Twins) -> ! {
        match __twins.second {
            0usize => __twins.refuse(),
            1usize => __twins.refuse(),
            2usize => __twins.refuse(),
            3usize => __twins.refuse(),
            _ => __twins.refuse(),
        }
    }
    #[automatically_derived]
    impl ::es_core::EventSet for AccountEvent {
        const EVENTS: &'static [::es_core::EventDescriptor] = &[
            __EVENT_0.descriptor,
            __EVENT_1.descriptor,
            __EVENT_2.descriptor,
        ];
        const RETIRED: &'static [&'static str] = &["account.gift-granted"];
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
                            AccountEvent::AccountOpened(
                                (__EVENT_0.decode)(__version, __payload)?,
                            )
                        }
                        ::core::option::Option::Some(1usize) => {
                            AccountEvent::MoneyDeposited(
                                (__EVENT_1.decode)(__version, __payload)?,
                            )
                        }
                        ::core::option::Option::Some(2usize) => {
                            AccountEvent::MoneyWithdrawn(
                                (__EVENT_2.decode)(__version, __payload)?,
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
                AccountEvent::AccountOpened(_) => __EVENT_0.descriptor,
                AccountEvent::MoneyDeposited(_) => __EVENT_1.descriptor,
                AccountEvent::MoneyWithdrawn(_) => __EVENT_2.descriptor,
            }
        }
        fn encode(
            &self,
        ) -> ::core::result::Result<::es_core::Json, ::es_core::EncodeError> {
            match self {
                AccountEvent::AccountOpened(__event) => (__EVENT_0.encode)(__event),
                AccountEvent::MoneyDeposited(__event) => (__EVENT_1.encode)(__event),
                AccountEvent::MoneyWithdrawn(__event) => (__EVENT_2.encode)(__event),
            }
        }
    }
    #[inline]
    fn __fold_0(
        __state: &mut ::core::option::Option<Account>,
        __event: AccountOpened,
        __envelope: &::es_core::Envelope,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        ::es_core::__private::begin(
            __state,
            __EVENT_0.descriptor.name,
            || {
                ::core::result::Result::Ok(
                    <Account as ::es_core::Create<AccountOpened>>::create(__event),
                )
            },
        )
    }
    #[inline]
    fn __fold_1(
        __state: &mut ::core::option::Option<Account>,
        __event: MoneyDeposited,
        __envelope: &::es_core::Envelope,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        let __state = ::es_core::__private::begun(__state, __EVENT_1.descriptor.name)?;
        <Account as ::es_core::Apply<MoneyDeposited>>::apply(__state, __event);
        ::core::result::Result::Ok(())
    }
    #[inline]
    fn __fold_2(
        __state: &mut ::core::option::Option<Account>,
        __event: money::Withdrawn,
        __envelope: &::es_core::Envelope,
    ) -> ::core::result::Result<(), ::es_core::DecodeError> {
        let __event = ::es_core::Recorded::new(__event, __envelope)?;
        let __state = ::es_core::__private::begun(__state, __EVENT_2.descriptor.name)?;
        <Account as ::es_core::Apply<
            ::es_core::Recorded<money::Withdrawn>,
        >>::apply(__state, __event);
        ::core::result::Result::Ok(())
    }
    #[automatically_derived]
    impl ::es_core::Aggregate for Account {
        const CATEGORY: &'static str = "account";
        type Id = AccountId;
        type Event = AccountEvent;
        type Error = AccountError;
        fn initial() -> ::core::option::Option<Self> {
            ::core::option::Option::None
        }
        fn fold(
            __state: &mut ::core::option::Option<Self>,
            __event: AccountEvent,
            __envelope: &::es_core::Envelope,
        ) -> ::core::result::Result<(), ::es_core::DecodeError> {
            match __event {
                AccountEvent::AccountOpened(__event) => {
                    __fold_0(__state, __event, __envelope)
                }
                AccountEvent::MoneyDeposited(__event) => {
                    __fold_1(__state, __event, __envelope)
                }
                AccountEvent::MoneyWithdrawn(__event) => {
                    __fold_2(__state, __event, __envelope)
                }
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
                ::core::option::Option::Some(1usize) => {
                    __fold_1(
                        __state,
                        (__EVENT_1.decode)(__stored.version, __stored.payload.as_str())?,
                        &__stored.envelope,
                    )
                }
                ::core::option::Option::Some(2usize) => {
                    __fold_2(
                        __state,
                        (__EVENT_2.decode)(__stored.version, __stored.payload.as_str())?,
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
    impl ::core::convert::From<AccountOpened> for AccountEvent {
        fn from(__event: AccountOpened) -> Self {
            AccountEvent::AccountOpened(__event)
        }
    }
    #[automatically_derived]
    impl ::es_core::Decision<Account> for AccountOpened {
        fn decide_into(
            self,
            __events: &mut ::es_core::__private::Vec<AccountEvent>,
        ) -> ::core::result::Result<(), <Account as ::es_core::Aggregate>::Error> {
            __events.push(AccountEvent::AccountOpened(self));
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl ::es_core::Creation<Account> for AccountOpened {}
    #[automatically_derived]
    impl ::core::convert::From<MoneyDeposited> for AccountEvent {
        fn from(__event: MoneyDeposited) -> Self {
            AccountEvent::MoneyDeposited(__event)
        }
    }
    #[automatically_derived]
    impl ::es_core::Decision<Account> for MoneyDeposited {
        fn decide_into(
            self,
            __events: &mut ::es_core::__private::Vec<AccountEvent>,
        ) -> ::core::result::Result<(), <Account as ::es_core::Aggregate>::Error> {
            __events.push(AccountEvent::MoneyDeposited(self));
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl ::core::convert::From<money::Withdrawn> for AccountEvent {
        fn from(__event: money::Withdrawn) -> Self {
            AccountEvent::MoneyWithdrawn(__event)
        }
    }
    #[automatically_derived]
    impl ::es_core::Decision<Account> for money::Withdrawn {
        fn decide_into(
            self,
            __events: &mut ::es_core::__private::Vec<AccountEvent>,
        ) -> ::core::result::Result<(), <Account as ::es_core::Aggregate>::Error> {
            __events.push(AccountEvent::MoneyWithdrawn(self));
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl ::es_core::Decision<Account> for AccountEvent {
        fn decide_into(
            self,
            __events: &mut ::es_core::__private::Vec<AccountEvent>,
        ) -> ::core::result::Result<(), <Account as ::es_core::Aggregate>::Error> {
            __events.push(self);
            ::core::result::Result::Ok(())
        }
    }
    #[automatically_derived]
    impl ::es_core::Creation<Account> for AccountEvent {}
};
