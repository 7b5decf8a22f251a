use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Ident, LitStr, Type};

use super::listing::{constant, enumeration, event_set, events, names};
use super::{local, placed};
use crate::attr::aggregate::EventLine;
use crate::model::aggregate::Aggregate;

/// What an aggregate without mistakes says.
pub struct Complete<'a> {
    name: &'a LitStr,
    id: &'a Type,
    event: &'a Ident,
    error: &'a Type,
}

impl<'a> Complete<'a> {
    pub fn of(model: &'a Aggregate<'_>) -> Option<Self> {
        Some(Self {
            name: model.name.as_ref()?,
            id: model.id.as_ref()?,
            event: model.event.as_ref()?,
            error: model.error.as_ref()?,
        })
    }
}

/// The enum, and in a block of their own the impls of [`events`], [`names`], [`event_set`], [`folds`],
/// [`aggregate`] and [`decisions`].
pub fn expand(model: &Aggregate<'_>, complete: &Complete<'_>) -> TokenStream {
    let es = &model.crate_path;
    let (list, event) = (model.listing(), complete.event);
    let enumeration = enumeration(&list, event);
    let events = events(&list);
    let event_set = event_set(&list, event);
    let names = names(
        &list,
        &quote! { <#event as #es::EventSet>::EVENTS },
        &quote! { <#event as #es::EventSet>::RETIRED },
    );
    let folds = folds(model);
    let aggregate = aggregate(model, complete);
    let markers = markers(model);
    let decisions = decisions(model, complete.event, !model.has_initial());
    quote! {
        #enumeration
        const _: () = {
            #events
            #names
            #event_set
            #folds
            #aggregate
            #markers
            #decisions
        };
    }
}

/// ```text
/// impl ::es_core::Aggregate for Account {
///     const CATEGORY: &'static str = "account";
///     // the constants of [`snapshots`] and [`corrections`]
///     type Id = AccountId; type Event = AccountEvent; type Error = AccountError;
///     fn initial() -> Option<Self> { None }
///     fn fold(__state: &mut Option<Self>, __event: AccountEvent, __envelope: &Envelope) -> Result<(), DecodeError> {
///         match __event { AccountEvent::AccountOpened(__event) => __fold_0(__state, __event, __envelope), .. }
///     }
///     fn fold_stored(__state: &mut Option<Self>, __stored: &StoredEvent) -> Result<(), DecodeError> {
///         match __NAMES.line(&__stored.name) {
///             Some(0) => __fold_0(__state, (__EVENT_0.decode)(__stored.version, __stored.payload.as_str())?, &__stored.envelope),
///             ..
///             Some(_) => Ok(()),
///             None => Err(DecodeError::UnknownName),
///         }
///     }
/// }
/// ```
fn aggregate(model: &Aggregate<'_>, complete: &Complete<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let Complete {
        name,
        id,
        event,
        error,
    } = complete;
    let initial = if model.has_initial() {
        quote! { ::core::option::Option::None }
    } else {
        let es = placed(es, ident.span());
        let state = quote_spanned! {ident.span()=>
            <Self as #es::__private::InitialState>::initial_state()
        };
        quote! { ::core::option::Option::Some(#state) }
    };
    let snapshots = snapshots(model, event);
    let corrections = corrections(model);
    let lines = || model.events.iter().enumerate();
    let places = 0..model.events.len();
    let constants: Vec<Ident> = lines().map(|(at, line)| constant(at, line)).collect();
    let folds: Vec<Ident> = lines().map(|(at, line)| fold_name(at, line)).collect();
    let variants = model.events.iter().map(|line| &line.variant);
    quote! {
        #[automatically_derived]
        impl #es::Aggregate for #ident {
            const CATEGORY: &'static str = #name;
            #snapshots
            #corrections
            type Id = #id;
            type Event = #event;
            type Error = #error;

            fn initial() -> ::core::option::Option<Self> {
                #initial
            }

            fn fold(
                __state: &mut ::core::option::Option<Self>,
                __event: #event,
                __envelope: &#es::Envelope,
            ) -> ::core::result::Result<(), #es::DecodeError> {
                match __event {
                    #(#event::#variants(__event) => #folds(__state, __event, __envelope),)*
                }
            }

            fn fold_stored(
                __state: &mut ::core::option::Option<Self>,
                __stored: &#es::StoredEvent,
            ) -> ::core::result::Result<(), #es::DecodeError> {
                match __NAMES.line(&__stored.name) {
                    #(
                        ::core::option::Option::Some(#places) => #folds(
                            __state,
                            (#constants.decode)(__stored.version, __stored.payload.as_str())?,
                            &__stored.envelope,
                        ),
                    )*
                    ::core::option::Option::Some(_) => ::core::result::Result::Ok(()),
                    ::core::option::Option::None =>
                        ::core::result::Result::Err(#es::DecodeError::UnknownName),
                }
            }
        }
    }
}

fn fold_name(at: usize, line: &EventLine) -> Ident {
    format_ident!("__fold_{at}", span = line.ty.span())
}

/// How one event changes the state, for both folds, so that a missing impl is one error:
///
/// ```text
/// fn __fold_0(__state: &mut Option<Account>, __event: AccountOpened, __envelope: &Envelope) -> Result<(), DecodeError> {
///     begin(__state, __EVENT_0.descriptor.name, || Ok(<Account as Create<AccountOpened>>::create(__event)))
/// }
/// fn __fold_1(..) -> Result<(), DecodeError> {
///     let __event = Recorded::new(__event, __envelope)?; // where it says `recorded`
///     let __state = begun(__state, __EVENT_1.descriptor.name)?;
///     <Account as Apply<Recorded<MoneyDeposited>>>::apply(__state, __event);
///     Ok(())
/// }
/// ```
fn folds(model: &Aggregate<'_>) -> TokenStream {
    let folds = model
        .events
        .iter()
        .enumerate()
        .map(|(at, line)| fold(model, at, line));
    quote! { #(#folds)* }
}

fn fold(model: &Aggregate<'_>, at: usize, line: &EventLine) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let EventLine {
        ty,
        initial,
        recorded,
        ..
    } = line;
    let (name, constant) = (fold_name(at, line), constant(at, line));
    let (given, recording) = if *recorded {
        let given = quote_spanned! {ty.span()=> #es::Recorded<#ty> };
        let recording = quote! { let __event = #es::Recorded::new(__event, __envelope)?; };
        (given, recording)
    } else {
        (quote! { #ty }, TokenStream::new())
    };
    // What is missing is reported at the event's line.
    let mut state = ident.clone();
    state.set_span(ident.span().located_at(ty.span()));
    let event_here = local("__event", ty.span());
    let body = if *initial {
        let create =
            quote_spanned! {ty.span()=> <#state as #es::Create<#given>>::create(#event_here) };
        quote! {
            #es::__private::begin(__state, #constant.descriptor.name, || {
                #recording
                ::core::result::Result::Ok(#create)
            })
        }
    } else {
        let state_here = local("__state", ty.span());
        let apply = quote_spanned! {ty.span()=>
            <#state as #es::Apply<#given>>::apply(#state_here, #event_here)
        };
        quote! {
            #recording
            let __state = #es::__private::begun(__state, #constant.descriptor.name)?;
            #apply;
            ::core::result::Result::Ok(())
        }
    };
    quote! {
        #[inline]
        fn #name(
            __state: &mut ::core::option::Option<#ident>,
            __event: #ty,
            __envelope: &#es::Envelope,
        ) -> ::core::result::Result<(), #es::DecodeError> {
            #body
        }
    }
}

/// ```text
/// const SNAPSHOTS: Option<SnapshotPolicy<Self>> =
///     Some(__private::snapshots(100, 1, fingerprint(0x…, <AccountEvent as EventSet>::EVENTS)));
/// ```
fn snapshots(model: &Aggregate<'_>, event: &Ident) -> Option<TokenStream> {
    let snapshot = model.snapshot.as_ref()?;
    let es = &model.crate_path;
    let (every, fold) = (u64::from(snapshot.every.value), snapshot.fold.value);
    let seed = fields_fingerprint(model.input, model.corrections.as_ref());
    let at_word = placed(es, snapshot.word.span());
    let policy = quote_spanned! {snapshot.word.span()=>
        #at_word::__private::snapshots::<Self>(
            #every,
            #fold,
            #es::__private::fingerprint(#seed, <#event as #es::EventSet>::EVENTS),
        )
    };
    Some(quote! {
        const SNAPSHOTS: ::core::option::Option<#es::SnapshotPolicy<Self>> =
            ::core::option::Option::Some(#policy);
    })
}

/// ```text
/// impl ::es_core::Snapshotting for Account {} // where it says `snapshot(…)`
/// impl ::es_core::__private::OptsIn for Account {} // where it says `corrections`
/// ```
fn markers(model: &Aggregate<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let snapshotting = model.snapshot.as_ref().map(|_| {
        quote! {
            #[automatically_derived]
            impl #es::Snapshotting for #ident {}
        }
    });
    let opts_in = model.corrections.as_ref().map(|_| {
        quote! {
            #[automatically_derived]
            impl #es::__private::OptsIn for #ident {}
        }
    });
    quote! { #snapshotting #opts_in }
}

/// ```text
/// const CORRECTIONS: Option<Corrections<Self>> = Some(Corrections::<Self>::new());
/// ```
fn corrections(model: &Aggregate<'_>) -> Option<TokenStream> {
    let word = model.corrections.as_ref()?;
    let es = &model.crate_path;
    let at_word = placed(es, word.span());
    let corrections = quote_spanned! {word.span()=> #at_word::Corrections::<Self>::new() };
    Some(quote! {
        const CORRECTIONS: ::core::option::Option<#es::Corrections<Self>> =
            ::core::option::Option::Some(#corrections);
    })
}

/// A type's fields with their types and serde's attributes, as FNV-1a of their text; and whether it takes corrections, as
/// that folds its events in another order.
pub fn fields_fingerprint(input: &DeriveInput, corrections: Option<&Ident>) -> u64 {
    let mut input = input.clone();
    input
        .attrs
        .retain(|attr| attr.path().is_ident("serde") || attr.path().is_ident("repr"));
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in quote!(#input #corrections).to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

/// ```text
/// impl From<AccountOpened> for AccountEvent { .. }
/// impl ::es_core::Decision<Account> for AccountOpened { .. }
/// impl ::es_core::Creation<Account> for AccountOpened {} // an initial event, or any if none is
/// impl ::es_core::Decision<Account> for AccountEvent { .. }
/// impl ::es_core::Creation<Account> for AccountEvent {} // checked before it is stored
/// ```
pub fn decisions(model: &Aggregate<'_>, event: &Ident, all_create: bool) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let of_each = model.events.iter().map(|line| {
        let EventLine { ty, variant, .. } = line;
        let creation = (line.initial || all_create).then(|| {
            quote! {
                #[automatically_derived]
                impl #es::Creation<#ident> for #ty {}
            }
        });
        quote! {
            #[automatically_derived]
            impl ::core::convert::From<#ty> for #event {
                fn from(__event: #ty) -> Self {
                    #event::#variant(__event)
                }
            }
            #[automatically_derived]
            impl #es::Decision<#ident> for #ty {
                fn decide_into(
                    self,
                    __events: &mut #es::__private::Vec<#event>,
                ) -> ::core::result::Result<(), <#ident as #es::Aggregate>::Error> {
                    __events.push(#event::#variant(self));
                    ::core::result::Result::Ok(())
                }
            }
            #creation
        }
    });
    quote! {
        #(#of_each)*
        #[automatically_derived]
        impl #es::Decision<#ident> for #event {
            fn decide_into(
                self,
                __events: &mut #es::__private::Vec<#event>,
            ) -> ::core::result::Result<(), <#ident as #es::Aggregate>::Error> {
                __events.push(self);
                ::core::result::Result::Ok(())
            }
        }
        #[automatically_derived]
        impl #es::Creation<#ident> for #event {}
    }
}
