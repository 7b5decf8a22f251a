::core::compile_error! {
    "unknown option `start`; did you mean `starts`?"
}
const _: () = {
    #[automatically_derived]
    impl ::es_core::Process for Fulfilment {
        const INPUTS: &'static [::es_core::ProcessInput<Self>] = &[];
    }
    #[automatically_derived]
    impl ::es_core::SentBy<Fulfilment> for TakePayment {
        const NAME: &'static str = "payment.take";
    }
    #[automatically_derived]
    impl ::es_core::SetBy<Fulfilment> for PaymentDue {
        const NAME: &'static str = "payment-due";
    }
};
