::core::compile_error! {
    "unknown option `verison`; did you mean `version`?"
}
/// An event of [`Holdings`].
#[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq)]
#[allow(clippy::large_enum_variant)]
enum HoldingsEvent {
    /// [`AccountOpened`].
    AccountOpened(AccountOpened),
}
const _: () = {
    #[automatically_derived]
    impl ::es_core::Projection for Holdings {
        const NAME: &'static str = "";
        const VERSION: u32 = 0;
        const EVENTS: &'static [::es_core::EventDescriptor] = &[];
    }
    #[automatically_derived]
    impl ::es_core::EventSet for HoldingsEvent {
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
    impl ::es_core::ProjectionEvents for Holdings {
        type Event = HoldingsEvent;
        type Input = ::es_core::Recorded<HoldingsEvent>;
    }
};
