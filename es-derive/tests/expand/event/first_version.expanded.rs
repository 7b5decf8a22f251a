const _: () = {
    #[automatically_derived]
    impl ::es_core::Event for Closed {
        const NAME: &'static str = "account.closed";
        const VERSION: u32 = 1u32;
        const FORMER_NAMES: &'static [&'static str] = &["account.ended", "konto.zu"];
        fn decode(
            __version: u32,
            __payload: &str,
        ) -> ::core::result::Result<Self, ::es_core::DecodeError> {
            ::es_core::__private::decode::<Self>(__version, __payload, &[])
        }
    }
};
