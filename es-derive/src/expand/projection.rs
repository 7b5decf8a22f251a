use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, LitStr};

use super::aggregate::fields_fingerprint;
use super::listing::{constant, enumeration, event_set, events, names};
use crate::attr::Number;
use crate::attr::aggregate::EventLine;
use crate::model::projection::Projection;

/// In a block of their own the impls of [`identity`] and [`folding`]; or, where an enum is named, that enum, and the
/// impls of [`identity`] and of its event set:
///
/// ```text
/// pub enum BalancesEvent { AccountOpened(AccountOpened), .. }
/// const _: () = {
///     ..
///     impl ::es_core::ProjectionEvents for Balances {
///         type Event = BalancesEvent;
///         type Input = Recorded<BalancesEvent>; // or, where it follows corrections, Entry<BalancesEvent>
///     }
/// };
/// ```
pub fn expand(model: &Projection<'_>, name: &LitStr, version: &Number) -> TokenStream {
    let list = model.listing();
    let Projection {
        input,
        crate_path: es,
        ..
    } = model;
    let ident = &input.ident;
    let events = events(&list);
    let names = names(
        &list,
        &quote! { <#ident as #es::Projection>::EVENTS },
        &quote! { &[] },
    );
    let identity = identity(model, name, version);
    let (enumeration, rest) = match &model.event {
        Some(event) => {
            let event_set = event_set(&list, event);
            let input = handed(model, event);
            let rest = quote! {
                #event_set
                #[automatically_derived]
                impl #es::ProjectionEvents for #ident {
                    type Event = #event;
                    type Input = #input;
                }
            };
            (Some(enumeration(&list, event)), rest)
        }
        None if model.by_stream.is_some() => (None, folding_a_stream(model)),
        None => (None, folding(model)),
    };
    quote! {
        #enumeration
        const _: () = {
            #events
            #names
            #identity
            #rest
        };
    }
}

/// What a handler is given.
pub fn handed(model: &Projection<'_>, event: &Ident) -> TokenStream {
    let es = &model.crate_path;
    if model.corrections.is_some() {
        quote! { #es::Entry<#event> }
    } else {
        quote! { #es::Recorded<#event> }
    }
}

/// ```text
/// impl ::es_core::Projection for Balances {
///     const NAME: &'static str = "balances";
///     const VERSION: u32 = 1;
///     const EVENTS: &'static [EventDescriptor] = &[__EVENT_0.descriptor, ..];
/// }
/// ```
fn identity(model: &Projection<'_>, name: &LitStr, version: &Number) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let version = version.value;
    let constants = constants(model);
    let corrections =
        (model.corrections.is_some()).then(|| quote! { const CORRECTIONS: bool = true; });
    quote! {
        #[automatically_derived]
        impl #es::Projection for #ident {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const EVENTS: &'static [#es::EventDescriptor] = &[#(#constants.descriptor),*];
            #corrections
        }
    }
}

/// ```text
/// impl ::es_core::Fold for Balances {
///     const SCHEMA: u64 = 0x…;
///     fn fold(&mut self, __stored: &StoredEvent) -> Result<(), DecodeError> {
///         match __NAMES.line(&__stored.name) {
///             Some(0) => __fold_0(self, __stored),
///             ..
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
fn folding(model: &Projection<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let (functions, schema, fold) = folds(model);
    let (correcting, correct) = corrections(model).unzip();
    quote! {
        #functions
        #correcting
        #[automatically_derived]
        impl #es::Fold for #ident {
            #schema
            #fold
            #correct
        }
    }
}

/// Where it is what is kept of one stream, the same without corrections, which fold that anew:
///
/// ```text
/// impl ::es_core::FoldStream for Balance {
///     const SCHEMA: u64 = 0x…;
///     fn fold(&mut self, __stored: &StoredEvent) -> Result<(), DecodeError> { .. }
/// }
/// ```
fn folding_a_stream(model: &Projection<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let (functions, schema, fold) = folds(model);
    quote! {
        #functions
        #[automatically_derived]
        impl #es::FoldStream for #ident {
            #schema
            #fold
        }
    }
}

/// A function of each event, the fingerprint, and the method that calls the functions.
fn folds(model: &Projection<'_>) -> (TokenStream, TokenStream, TokenStream) {
    let es = &model.crate_path;
    let lines = || model.events.iter().enumerate();
    let functions = lines().map(|(at, line)| fold(model, at, line));
    let folds: Vec<Ident> = lines().map(|(at, line)| fold_name(at, line)).collect();
    let places = 0..folds.len();
    let schema = fields_fingerprint(model.input, model.corrections.as_ref());
    let method = quote! {
        fn fold(
            &mut self,
            __stored: &#es::StoredEvent,
        ) -> ::core::result::Result<(), #es::DecodeError> {
            match __NAMES.line(&__stored.name) {
                #(::core::option::Option::Some(#places) => #folds(self, __stored),)*
                _ => ::core::result::Result::Ok(()),
            }
        }
    };
    (
        quote! { #(#functions)* },
        quote! { const SCHEMA: u64 = #schema; },
        method,
    )
}

/// Where it follows corrections, a function of each event, and the method of [`folding`]'s impl that calls them:
///
/// ```text
/// fn __correct_0(__before: Option<&StoredEvent>, __after: Option<&StoredEvent>)
///     -> Result<Option<Correcting<Balances>>, DecodeError>
/// {
///     let __before = fact(__before, __EVENT_0.decode)?;
///     let __after = fact(__after, __EVENT_0.decode)?;
///     Ok(Some(Box::new(move |__state: &mut Balances| {
///         <Balances as Apply<Corrected<AccountOpened>>>::apply(__state, Corrected::new(__before, __after))
///     })))
/// }
///
/// fn correct(&mut self, __before: Option<&StoredEvent>, __after: Option<&StoredEvent>) -> Result<(), DecodeError> {
///     correct(self, |__name| __NAMES.line(__name), |__line, __before, __after| match __line {
///         0 => __correct_0(__before, __after),
///         ..
///         _ => Ok(None),
///     }, __before, __after)
/// }
/// ```
fn corrections(model: &Projection<'_>) -> Option<(TokenStream, TokenStream)> {
    model.corrections.as_ref()?;
    let es = &model.crate_path;
    let lines = || model.events.iter().enumerate();
    let functions = lines().map(|(at, line)| correcting(model, at, line));
    let names: Vec<Ident> = lines().map(|(at, line)| correct_name(at, line)).collect();
    let places = 0..names.len();
    let correct = quote! {
        fn correct(
            &mut self,
            __before: ::core::option::Option<&#es::StoredEvent>,
            __after: ::core::option::Option<&#es::StoredEvent>,
        ) -> ::core::result::Result<(), #es::DecodeError> {
            #es::__private::correct(
                self,
                |__name| __NAMES.line(__name),
                |__line, __before, __after| match __line {
                    #(#places => #names(__before, __after),)*
                    _ => ::core::result::Result::Ok(::core::option::Option::None),
                },
                __before,
                __after,
            )
        }
    };
    Some((quote! { #(#functions)* }, correct))
}

fn correcting(model: &Projection<'_>, at: usize, line: &EventLine) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let ty = &line.ty;
    let (name, constant) = (correct_name(at, line), constant(at, line));
    // What is missing is reported at the event's line.
    let mut state = ident.clone();
    state.set_span(ident.span().located_at(ty.span()));
    let apply = quote_spanned! {ty.span()=>
        <#state as #es::Apply<#es::Corrected<#ty>>>::apply(__state, __corrected)
    };
    quote! {
        fn #name(
            __before: ::core::option::Option<&#es::StoredEvent>,
            __after: ::core::option::Option<&#es::StoredEvent>,
        ) -> ::core::result::Result<
            ::core::option::Option<#es::__private::Correcting<#ident>>,
            #es::DecodeError,
        > {
            let __before = #es::__private::fact(__before, #constant.decode)?;
            let __after = #es::__private::fact(__after, #constant.decode)?;
            let __corrected = #es::Corrected::new(__before, __after);
            ::core::result::Result::Ok(::core::option::Option::Some(#es::__private::Box::new(
                move |__state: &mut #ident| #apply,
            )))
        }
    }
}

fn correct_name(at: usize, line: &EventLine) -> Ident {
    format_ident!("__correct_{at}", span = line.ty.span())
}

/// ```text
/// fn __fold_0(__state: &mut Balances, __stored: &StoredEvent) -> Result<(), DecodeError> {
///     let __event = (__EVENT_0.decode)(__stored.version, __stored.payload.as_str())?;
///     let __event = Recorded::new(__event, &__stored.envelope)?;
///     <Balances as Apply<Recorded<AccountOpened>>>::apply(__state, __event);
///     Ok(())
/// }
/// ```
fn fold(model: &Projection<'_>, at: usize, line: &EventLine) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let ty = &line.ty;
    let (name, constant) = (fold_name(at, line), constant(at, line));
    // What is missing is reported at the event's line.
    let mut state = ident.clone();
    state.set_span(ident.span().located_at(ty.span()));
    let apply = quote_spanned! {ty.span()=>
        <#state as #es::Apply<#es::Recorded<#ty>>>::apply(__state, __event)
    };
    quote! {
        #[inline]
        fn #name(
            __state: &mut #ident,
            __stored: &#es::StoredEvent,
        ) -> ::core::result::Result<(), #es::DecodeError> {
            let __event = (#constant.decode)(__stored.version, __stored.payload.as_str())?;
            let __event = #es::Recorded::new(__event, &__stored.envelope)?;
            #apply;
            ::core::result::Result::Ok(())
        }
    }
}

fn fold_name(at: usize, line: &EventLine) -> Ident {
    format_ident!("__fold_{at}", span = line.ty.span())
}

fn constants(model: &Projection<'_>) -> Vec<Ident> {
    let lines = model.events.iter().enumerate();
    lines.map(|(at, line)| constant(at, line)).collect()
}
