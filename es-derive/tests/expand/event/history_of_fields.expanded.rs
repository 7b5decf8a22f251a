const _: () = {
    #[automatically_derived]
    impl ::es_core::Event for MoneyDeposited {
        const NAME: &'static str = "account.money-deposited";
        const VERSION: u32 = 4u32;
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
                    ::es_core::__private::Hop::Fields {
                        to: 2u32,
                        changes: &[
                            ::es_core::__private::Change::Moved {
                                from: "amt",
                                to: "centsPaid",
                                with: ::core::option::Option::Some(|__text| ::es_core::__private::try_converted::<
                                    _,
                                    _,
                                    _,
                                    _,
                                >(__text, parsed)),
                            },
                        ],
                    },
                    ::es_core::__private::Hop::Fields {
                        to: 3u32,
                        changes: &[
                            ::es_core::__private::Change::Removed {
                                key: "memo",
                            },
                            ::es_core::__private::Change::Added {
                                key: "currency",
                                default: "\"EUR\"",
                            },
                        ],
                    },
                    ::es_core::__private::Hop::Fields {
                        to: 4u32,
                        changes: &[
                            ::es_core::__private::Change::Moved {
                                from: "centsPaid",
                                to: "centsPaid",
                                with: ::core::option::Option::Some(|__text| ::es_core::__private::converted::<
                                    _,
                                    i64,
                                    _,
                                >(__text, money::in_cents)),
                            },
                            ::es_core::__private::Change::Added {
                                key: "type",
                                default: "null",
                            },
                        ],
                    },
                ],
            )
        }
    }
};
