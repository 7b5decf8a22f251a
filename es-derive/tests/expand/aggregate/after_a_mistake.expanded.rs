::core::compile_error! {
    "unknown option `inital`; did you mean `initial`?"
}
/// An event of [`Account`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum AccountEvent {
    /// [`AccountOpened`].
    AccountOpened(AccountOpened),
    /// [`MoneyDeposited`].
    MoneyDeposited(MoneyDeposited),
}
const _: () = {
    #[automatically_derived]
    impl ::es_core::EventSet for AccountEvent {
        const EVENTS: &'static [::es_core::EventDescriptor] = &[];
        const RETIRED: &'static [&'static str] = &[];
        fn decode(
            _: &str,
            _: u32,
            _: &str,
        ) -> ::core::result::Result<
            ::core::option::Option<Self>,
            ::es_core::DecodeError,
        > {
            loop {}
        }
        fn descriptor(&self) -> ::es_core::EventDescriptor {
            loop {}
        }
        fn encode(
            &self,
        ) -> ::core::result::Result<::es_core::Json, ::es_core::EncodeError> {
            loop {}
        }
    }
    #[automatically_derived]
    impl ::es_core::Aggregate for Account {
        const CATEGORY: &'static str = "";
        type Id = AccountId;
        type Event = AccountEvent;
        type Error = AccountError;
        fn initial() -> ::core::option::Option<Self> {
            loop {}
        }
        fn fold(
            _: &mut ::core::option::Option<Self>,
            _: AccountEvent,
            _: &::es_core::Envelope,
        ) -> ::core::result::Result<(), ::es_core::DecodeError> {
            loop {}
        }
    }
    #[automatically_derived]
    impl ::es_core::Snapshotting for Account {}
    #[automatically_derived]
    impl ::es_core::__private::OptsIn for Account {}
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
    impl ::es_core::Creation<Account> for MoneyDeposited {}
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
