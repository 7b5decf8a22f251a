//! What follows from the events that a type lists, whatever the type is: their enum, how they are decoded, and that no
//! two have one name.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Path};

use super::{local, placed};
use crate::attr::aggregate::EventLine;
use crate::model::Listing;

/// ```text
/// #[derive(Debug, Clone, PartialEq)]
/// pub enum AccountEvent {
///     AccountOpened(AccountOpened),
///     MoneyDeposited(MoneyDeposited),
/// }
/// ```
pub fn enumeration(list: &Listing<'_>, event: &Ident) -> TokenStream {
    let Listing { input, derive, .. } = list;
    let vis = &input.vis;
    let doc = format!(" An event of [`{}`].", input.ident);
    let variants = list.events.iter().map(|EventLine { ty, variant, .. }| {
        let doc = format!(" [`{variant}`].");
        quote! { #[doc = #doc] #variant(#ty) }
    });
    quote! {
        #[doc = #doc]
        #[derive(#(#derive),*)]
        #[allow(clippy::large_enum_variant)]
        #vis enum #event {
            #(#variants,)*
        }
    }
}

/// ```text
/// const __EVENT_0: Listed<AccountOpened> = Listed::<AccountOpened>::new(true); // `.recorded()` where it says so
/// impl From<AccountOpened> for AccountEvent { .. }
/// ```
pub fn events(list: &Listing<'_>) -> TokenStream {
    let es = list.crate_path;
    let listed = list.events.iter().enumerate().map(|(at, line)| {
        let EventLine {
            ty,
            initial,
            recorded,
            ..
        } = line;
        let recorded = recorded.then(|| quote_spanned! { ty.span()=> .recorded() });
        let constant = constant(at, line);
        // At the event's line, so that what it lacks is reported there.
        let es = placed(es, ty.span());
        quote_spanned! {ty.span()=>
            const #constant: #es::__private::Listed<#ty> =
                #es::__private::Listed::<#ty>::new(#initial)#recorded;
        }
    });
    quote! { #(#listed)* }
}

/// What [`events`] calls an event.
pub fn constant(at: usize, line: &EventLine) -> Ident {
    format_ident!("__EVENT_{at}", span = line.ty.span())
}

/// ```text
/// impl ::es_core::EventSet for AccountEvent {
///     const EVENTS: &'static [EventDescriptor] = &[__EVENT_0.descriptor, ..];
///     const RETIRED: &'static [&'static str] = &["account.gift-granted"];
///     fn decode(__name: &str, __version: u32, __payload: &str) -> Result<Option<Self>, DecodeError> {
///         Ok(Some(match __NAMES.line(__name) {
///             Some(0) => AccountEvent::AccountOpened((__EVENT_0.decode)(__version, __payload)?),
///             ..
///             Some(_) => return Ok(None),
///             None => return Err(DecodeError::UnknownName),
///         }))
///     }
///     fn descriptor(&self) -> EventDescriptor { match self { AccountEvent::AccountOpened(_) => __EVENT_0.descriptor, .. } }
///     fn encode(&self) -> Result<Json, EncodeError> { match self { AccountEvent::AccountOpened(__event) => (__EVENT_0.encode)(__event), .. } }
/// }
/// ```
pub fn event_set(list: &Listing<'_>, event: &Ident) -> TokenStream {
    let Listing {
        crate_path: es,
        retired,
        ..
    } = list;
    let constants: Vec<Ident> = (list.events.iter().enumerate())
        .map(|(at, line)| constant(at, line))
        .collect();
    let places = 0..list.events.len();
    let variants: Vec<&Ident> = list.events.iter().map(|line| &line.variant).collect();
    quote! {
        #[automatically_derived]
        impl #es::EventSet for #event {
            const EVENTS: &'static [#es::EventDescriptor] = &[#(#constants.descriptor),*];
            const RETIRED: &'static [&'static str] = &[#(#retired),*];

            fn decode(
                __name: &str,
                __version: u32,
                __payload: &str,
            ) -> ::core::result::Result<::core::option::Option<Self>, #es::DecodeError> {
                ::core::result::Result::Ok(::core::option::Option::Some(match __NAMES.line(__name) {
                    #(
                        ::core::option::Option::Some(#places) =>
                            #event::#variants((#constants.decode)(__version, __payload)?),
                    )*
                    ::core::option::Option::Some(_) =>
                        return ::core::result::Result::Ok(::core::option::Option::None),
                    ::core::option::Option::None =>
                        return ::core::result::Result::Err(#es::DecodeError::UnknownName),
                }))
            }

            fn descriptor(&self) -> #es::EventDescriptor {
                match self {
                    #(#event::#variants(_) => #constants.descriptor,)*
                }
            }

            fn encode(&self) -> ::core::result::Result<#es::Json, #es::EncodeError> {
                match self {
                    #(#event::#variants(__event) => (#constants.encode)(__event),)*
                }
            }
        }
    }
}

/// One assertion for all names, whose error goes through the lines of both places:
///
/// ```text
/// const __NAMED: usize = names(<AccountEvent as EventSet>::EVENTS, <AccountEvent as EventSet>::RETIRED);
/// static __NAMES: Names<__NAMED> = Names::new(..);
/// const _: () = match __NAMES_CHECKED.twins() { Some(__twins) => first_line_with_this_name(__twins), None => {} };
/// const fn first_line_with_this_name(__twins: Twins) -> ! { match __twins.first { 0 => second_line_with_this_name(__twins), .. } }
/// const fn second_line_with_this_name(__twins: Twins) -> ! { match __twins.second { 0 => __twins.refuse(), .. } }
/// ```
pub fn names(list: &Listing<'_>, events: &TokenStream, retired: &TokenStream) -> TokenStream {
    let of_events = list.events.iter().map(|line| line.ty.span());
    let lines: Vec<Span> = of_events
        .chain(list.retired.iter().map(Spanned::span))
        .collect();
    names_at(list.crate_path, &lines, events, retired)
}

/// [`names`] of what stands on these lines.
pub fn names_at(
    es: &Path,
    lines: &[Span],
    events: &TokenStream,
    retired: &TokenStream,
) -> TokenStream {
    let lines = || lines.iter().copied().enumerate();
    let first = lines().map(|(at, span)| {
        let twins = local("__twins", span);
        quote_spanned! {span=> #at => second_line_with_this_name(#twins), }
    });
    let second = lines().map(|(at, span)| {
        let twins = local("__twins", span);
        quote_spanned! {span=> #at => #twins.refuse(), }
    });
    quote! {
        const __NAMED: usize = #es::__private::names(#events, #retired);
        const __SORTED: #es::__private::Names<__NAMED> = #es::__private::Names::new(#events, #retired);
        static __NAMES: #es::__private::Names<__NAMED> = __SORTED;
        const _: () = match __SORTED.twins() {
            ::core::option::Option::Some(__twins) => first_line_with_this_name(__twins),
            ::core::option::Option::None => {}
        };
        const fn first_line_with_this_name(__twins: #es::__private::Twins) -> ! {
            match __twins.first {
                #(#first)*
                _ => __twins.refuse(),
            }
        }
        const fn second_line_with_this_name(__twins: #es::__private::Twins) -> ! {
            match __twins.second {
                #(#second)*
                _ => __twins.refuse(),
            }
        }
    }
}
