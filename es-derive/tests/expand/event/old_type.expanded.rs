const _: () = {
    #[automatically_derived]
    impl ::es_core::Event for MoneyDeposited {
        const NAME: &'static str = "account.money-deposited";
        const VERSION: u32 = 2u32;
        const FORMER_NAMES: &'static [&'static str] = &[];
        fn decode(
            __version: u32,
            __payload: &str,
        ) -> ::core::result::Result<Self, ::es_core::DecodeError> {
            ::es_core::__private::decode_from::<
                Self,
                v1::MoneyDeposited,
            >(__version, __payload)
        }
    }
    const _: () = ::es_core::__private::check_old::<
        v1::MoneyDeposited,
    >("account.money-deposited", 2u32);
};
