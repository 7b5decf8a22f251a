use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, LitStr};

use super::aggregate::{constant, enumeration, event_set, events, fields_fingerprint, names};
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
///     impl ::es_core::ProjectionEvents for Balances { type Event = BalancesEvent; }
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
            let rest = quote! {
                #event_set
                #[automatically_derived]
                impl #es::ProjectionEvents for #ident {
                    type Event = #event;
                }
            };
            (Some(enumeration(&list, event)), rest)
        }
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
    quote! {
        #[automatically_derived]
        impl #es::Projection for #ident {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const EVENTS: &'static [#es::EventDescriptor] = &[#(#constants.descriptor),*];
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
    let lines = || model.events.iter().enumerate();
    let functions = lines().map(|(at, line)| fold(model, at, line));
    let folds: Vec<Ident> = lines().map(|(at, line)| fold_name(at, line)).collect();
    let places = 0..folds.len();
    let schema = fields_fingerprint(model.input, None);
    quote! {
        #(#functions)*
        #[automatically_derived]
        impl #es::Fold for #ident {
            const SCHEMA: u64 = #schema;

            fn fold(
                &mut self,
                __stored: &#es::StoredEvent,
            ) -> ::core::result::Result<(), #es::DecodeError> {
                match __NAMES.line(&__stored.name) {
                    #(::core::option::Option::Some(#places) => #folds(self, __stored),)*
                    _ => ::core::result::Result::Ok(()),
                }
            }
        }
    }
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
