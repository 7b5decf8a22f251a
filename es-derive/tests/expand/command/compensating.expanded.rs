const _: () = {
    #[automatically_derived]
    impl ::es_core::Command for PayBack {
        type Aggregate = Account;
        const HANDLER: ::es_core::__private::HandlerOf<Self> = ::es_core::__private::existing::<
            Self,
        >();
        fn target(&self) -> &::es_core::__private::IdOf<Self> {
            ::es_core::__private::target::<Account, _>(&self.account)
        }
        fn compensates(&self) -> ::core::option::Option<::es_core::EventId> {
            ::es_core::__private::compensated(&self.payment)
        }
    }
};
