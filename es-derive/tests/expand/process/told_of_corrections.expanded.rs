const _: () = {
    #[automatically_derived]
    impl ::es_core::Process for Fulfilment {
        const RESTARTS: bool = false;
        const INPUTS: &'static [::es_core::ProcessInput<Self>] = &[
            ::es_core::ProcessInput::<
                Self,
            >::corrected::<OrderPlaced>(::es_core::Role::Starts),
            ::es_core::ProcessInput::<
                Self,
            >::corrected::<OrderCancelled>(::es_core::Role::Ends),
        ];
        const COMMANDS: &'static [::es_core::ProcessCommand<Self>] = &[];
        const DEADLINES: &'static [::es_core::ProcessDeadline<Self>] = &[];
    }
    const __INPUTS: &[::es_core::EventDescriptor] = &[
        <Fulfilment as ::es_core::Process>::INPUTS[0usize].descriptor,
        <Fulfilment as ::es_core::Process>::INPUTS[1usize].descriptor,
    ];
    const __NAMED: usize = ::es_core::__private::names(__INPUTS, &[]);
    const __SORTED: ::es_core::__private::Names<__NAMED> = ::es_core::__private::Names::new(
        __INPUTS,
        &[],
    );
    static __NAMES: ::es_core::__private::Names<__NAMED> = __SORTED;
    const _: () = match __SORTED.twins() {
        ::core::option::Option::Some(__twins) => first_line_with_this_name(__twins),
        ::core::option::Option::None => {}
    };
    const fn first_line_with_this_name(__twins: ::es_core::__private::Twins) -> ! {
        match __twins.first {
            0usize => second_line_with_this_name(__twins),
            1usize => second_line_with_this_name(__twins),
            _ => __twins.refuse(),
        }
    }
    const fn second_line_with_this_name(__twins: ::es_core::__private::Twins) -> ! {
        match __twins.second {
            0usize => __twins.refuse(),
            1usize => __twins.refuse(),
            _ => __twins.refuse(),
        }
    }
    const _: () = ::es_core::__private::check_process::<Fulfilment>();
};
