use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::{local, placed};
use crate::attr::event::Conversion;
use crate::model::event::Event;
use crate::model::history::{Change, FieldConversion, History, Hop, HopKind};

/// ```text
/// const _: () = {
///     impl ::es_core::Event for MoneyDeposited {
///         const NAME: &'static str = "account.money-deposited";
///         const VERSION: u32 = 3;
///         const FORMER_NAMES: &'static [&'static str] = &[];
///         fn decode(__version: u32, __payload: &str) -> Result<Self, DecodeError> {
///             ::es_core::__private::decode(__version, __payload, &[ /* hops */ ])
///         }
///     }
/// };
/// ```
pub fn expand(event: &Event<'_>) -> TokenStream {
    let Event {
        crate_path: es,
        name,
        version,
        formerly,
        ..
    } = event;
    let ident = &event.input.ident;
    let decode = decode(event);
    let check = check_old(event);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #es::Event for #ident {
                const NAME: &'static str = #name;
                const VERSION: u32 = #version;
                const FORMER_NAMES: &'static [&'static str] = &[#(#formerly),*];

                fn decode(
                    __version: u32,
                    __payload: &str,
                ) -> ::core::result::Result<Self, #es::DecodeError> {
                    #decode
                }
            }
            #check
        };
    }
}

fn decode(event: &Event<'_>) -> TokenStream {
    let es = &event.crate_path;
    match &event.history {
        History::First => quote! {
            #es::__private::decode::<Self>(__version, __payload, &[])
        },
        // At the old type, so that a missing `From` is reported there.
        History::Typed(old) => {
            let es = placed(es, old.span());
            let (version, payload) = (
                local("__version", old.span()),
                local("__payload", old.span()),
            );
            quote_spanned! {old.span()=>
                #es::__private::decode_from::<Self, #old>(#version, #payload)
            }
        }
        History::Hops(hops) => {
            let hops = hops.iter().map(|hop| expand_hop(hop, es));
            quote! {
                #es::__private::decode::<Self>(__version, __payload, &[#(#hops),*])
            }
        }
    }
}

/// ```text
/// const _: () = ::es_core::__private::check_old::<OldType>("account.money-deposited", 3);
/// ```
fn check_old(event: &Event<'_>) -> Option<TokenStream> {
    let History::Typed(old) = &event.history else {
        return None;
    };
    let (name, version) = (&event.name, event.version);
    let es = placed(&event.crate_path, old.span());
    Some(quote_spanned! {old.span()=>
        const _: () = #es::__private::check_old::<#old>(#name, #version);
    })
}

/// ```text
/// Hop::Json { to: 2, with: |__value| judged(__value, path::to::function) }
/// Hop::Fields { to: 2, changes: &[ /* changes */ ] }
/// ```
fn expand_hop(hop: &Hop, es: &Path) -> TokenStream {
    let to = hop.to;
    match &hop.kind {
        HopKind::Json(function) => {
            let with = quote_spanned! {function.span()=>
                |__value| #es::__private::judged(__value, #function)
            };
            quote! { #es::__private::Hop::Json { to: #to, with: #with } }
        }
        HopKind::Fields(changes) => {
            let changes = changes.iter().map(|change| expand_change(change, es));
            quote! { #es::__private::Hop::Fields { to: #to, changes: &[#(#changes),*] } }
        }
    }
}

/// ```text
/// Change::Removed { key: "memo" }
/// Change::Added { key: "currency", default: "\"EUR\"" }
/// Change::Moved { from: "amt", to: "cents", with: Some(|__text| converted::<_, i64, _>(__text, path::to::function)) }
/// ```
fn expand_change(change: &Change, es: &Path) -> TokenStream {
    match change {
        Change::Removed { key } => quote! { #es::__private::Change::Removed { key: #key } },
        Change::Added { key, default } => {
            quote! { #es::__private::Change::Added { key: #key, default: #default } }
        }
        Change::Moved {
            from,
            to,
            conversion,
        } => {
            let with = match conversion {
                None => quote! { ::core::option::Option::None },
                Some(conversion) => {
                    let closure = expand_conversion(conversion, es);
                    quote! { ::core::option::Option::Some(#closure) }
                }
            };
            quote! { #es::__private::Change::Moved { from: #from, to: #to, with: #with } }
        }
    }
}

fn expand_conversion(conversion: &FieldConversion, es: &Path) -> TokenStream {
    // The field's type, so that a function with another result doesn't compile.
    let result = conversion
        .result
        .as_ref()
        .map_or_else(|| quote! { _ }, ToTokens::to_token_stream);
    match &conversion.function {
        Conversion::Sure(path) => quote_spanned! {path.span()=>
            |__text| #es::__private::converted::<_, #result, _>(__text, #path)
        },
        Conversion::Fallible(path) => quote_spanned! {path.span()=>
            |__text| #es::__private::try_converted::<_, #result, _, _>(__text, #path)
        },
    }
}
