::core::compile_error! {
    "unknown option `verison`; did you mean `version`?"
}
const _: () = {
    #[automatically_derived]
    impl ::es_core::Event for MoneyDeposited {
        const NAME: &'static str = "";
        const VERSION: u32 = 0;
        fn decode(
            _: u32,
            _: &str,
        ) -> ::core::result::Result<Self, ::es_core::DecodeError> {
            loop {}
        }
    }
};
