::core::compile_error! {
    "unknown option `ids`; did you mean `id`?"
}
const _: () = {
    #[automatically_derived]
    impl ::es_core::Command for Deposit {
        type Aggregate = Account;
        const HANDLER: ::es_core::Handler<Self, Account> = ::es_core::Handler::Existing(|
            _,
            _|
        loop {});
        fn target(&self) -> &<Account as ::es_core::Aggregate>::Id {
            loop {}
        }
    }
};
