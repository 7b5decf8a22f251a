const _: () = {
    #[automatically_derived]
    impl ::es_core::Event for MoneyDeposited {
        const NAME: &'static str = "account.money-deposited";
        const VERSION: u32 = 3u32;
        const FORMER_NAMES: &'static [&'static str] = &[];
        fn decode(
            __version: u32,
            __payload: &str,
        ) -> ::core::result::Result<Self, ::es_core::DecodeError> {
            ::es_core::__private::decode::<
                Self,
            >(
                __version,
                __payload,
                &[
                    ::es_core::__private::Hop::Json {
                        to: 2u32,
                        with: |__value| ::es_core::__private::judged(
                            __value,
                            history::in_cents,
                        ),
                    },
                    ::es_core::__private::Hop::Fields {
                        to: 3u32,
                        changes: &[
                            ::es_core::__private::Change::Added {
                                key: "details",
                                default: "{\"tags\":[\"a\",null],\"rate\":-1.5}",
                            },
                        ],
                    },
                ],
            )
        }
    }
};
