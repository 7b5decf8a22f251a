//! Inert impls for an item with a mistake, so that the mistake is the only error: whoever uses the item finds the traits
//! and the enum in place. Nothing of it ever runs.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Ident, Path};

use crate::expand::{decisions, enumeration, handed, names};
use crate::model::aggregate::Aggregate;
use crate::model::command::Command;
use crate::model::event::Event;
use crate::model::process::Process;
use crate::model::projection::Projection;

/// Version 0 tells the other macros that this event has an error of its own.
pub fn event(event: &Event<'_>) -> TokenStream {
    let es = &event.crate_path;
    let ident = &event.input.ident;
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #es::Event for #ident {
                const NAME: &'static str = "";
                const VERSION: u32 = 0;

                fn decode(_: u32, _: &str) -> ::core::result::Result<Self, #es::DecodeError> {
                    loop {}
                }
            }
        };
    }
}

/// The enum keeps every line whose type was understood. Each event may create, since which are initial isn't certain;
/// and so may snapshots be asked for, and corrections taken.
pub fn aggregate(model: &Aggregate<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let (enumeration, decisions, set) = match &model.event {
        Some(event) => {
            let set = inert_set(es, event);
            let decisions = decisions(model, event, true);
            (
                Some(enumeration(&model.listing(), event)),
                Some(decisions),
                Some(set),
            )
        }
        None => (None, None, None),
    };
    let event = said(model.event.as_ref(), quote! { #es::__private::NoEvents });
    let id = said(model.id.as_ref(), quote! { #es::__private::String });
    let error = said(model.error.as_ref(), quote! { #es::NoError });
    quote! {
        #enumeration
        const _: () = {
            #set
            #[automatically_derived]
            impl #es::Aggregate for #ident {
                const CATEGORY: &'static str = "";
                type Id = #id;
                type Event = #event;
                type Error = #error;

                fn initial() -> ::core::option::Option<Self> {
                    loop {}
                }

                fn fold(
                    _: &mut ::core::option::Option<Self>,
                    _: #event,
                    _: &#es::Envelope,
                ) -> ::core::result::Result<(), #es::DecodeError> {
                    loop {}
                }
            }
            #[automatically_derived]
            impl #es::Snapshotting for #ident {}
            #[automatically_derived]
            impl #es::__private::OptsIn for #ident {}
            #decisions
        };
    }
}

fn inert_set(es: &Path, event: &Ident) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl #es::EventSet for #event {
            const EVENTS: &'static [#es::EventDescriptor] = &[];
            const RETIRED: &'static [&'static str] = &[];

            fn decode(
                _: &str,
                _: u32,
                _: &str,
            ) -> ::core::result::Result<::core::option::Option<Self>, #es::DecodeError> {
                loop {}
            }

            fn descriptor(&self) -> #es::EventDescriptor {
                loop {}
            }

            fn encode(&self) -> ::core::result::Result<#es::Json, #es::EncodeError> {
                loop {}
            }
        }
    }
}

fn said(said: Option<impl ToTokens>, otherwise: TokenStream) -> TokenStream {
    said.map_or(otherwise, ToTokens::into_token_stream)
}

/// Without the aggregate there is nothing to implement.
pub fn command(command: &Command<'_>) -> TokenStream {
    let Some(aggregate) = &command.aggregate else {
        return TokenStream::new();
    };
    let es = &command.crate_path;
    let ident = &command.input.ident;
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #es::Command for #ident {
                type Aggregate = #aggregate;
                const HANDLER: #es::Handler<Self, #aggregate> =
                    #es::Handler::Existing(|_, _| loop {});

                fn target(&self) -> &<#aggregate as #es::Aggregate>::Id {
                    loop {}
                }
            }
        };
    }
}

/// Without the impls of `Fold` and `ProjectionEvents` what is missing would be a second error.
pub fn projection(model: &Projection<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let (enumeration, rest) = if let Some(event) = &model.event {
        let set = inert_set(es, event);
        let input = handed(model, event);
        let rest = quote! {
            #set
            #[automatically_derived]
            impl #es::ProjectionEvents for #ident {
                type Event = #event;
                type Input = #input;
            }
        };
        (Some(enumeration(&model.listing(), event)), rest)
    } else {
        let rest = quote! {
            #[automatically_derived]
            impl #es::Fold for #ident {
                const SCHEMA: u64 = 0;

                fn fold(
                    &mut self,
                    _: &#es::StoredEvent,
                ) -> ::core::result::Result<(), #es::DecodeError> {
                    loop {}
                }
            }
        };
        (None, rest)
    };
    quote! {
        #enumeration
        const _: () = {
            #[automatically_derived]
            impl #es::Projection for #ident {
                const NAME: &'static str = "";
                const VERSION: u32 = 0;
                const EVENTS: &'static [#es::EventDescriptor] = &[];
            }
            #rest
        };
    }
}

/// Its commands and deadlines stay its own, so that whoever sends and sets them has no error.
pub fn process(model: &Process<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let names = names(model);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #es::Process for #ident {
                const INPUTS: &'static [#es::ProcessInput<Self>] = &[];
            }
            #names
        };
    }
}
