const _: () = {
    #[automatically_derived]
    impl ::es_core::Command for Deposit {
        type Aggregate = Account;
        const HANDLER: ::es_core::__private::HandlerOf<Self> = ::es_core::__private::existing::<
            Self,
        >();
        fn target(&self) -> &::es_core::__private::IdOf<Self> {
            ::es_core::__private::target::<Account, _>(&self.account)
        }
    }
};
