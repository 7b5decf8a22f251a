use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, Member, Type};

use super::{local, placed};
use crate::model::command::Command;

/// ```text
/// const _: () = {
///     impl ::es_core::Command for Withdraw {
///         type Aggregate = Account;
///         const HANDLER: HandlerOf<Self> = HandlerOf::<Self>::existing(); // or `creating()`
///         fn target(&self) -> &IdOf<Self> { target::<Account, _>(&self.account) }
///         // where a field is marked with `compensates`
///         fn compensates(&self) -> Option<EventId> { compensated(&self.payment) }
///     }
/// };
/// ```
pub fn expand(command: &Command<'_>, aggregate: &Type, id: &Member) -> TokenStream {
    let es = &command.crate_path;
    let ident = &command.input.ident;
    // At the command's name, so that a missing handler is reported there.
    let at_ident = placed(es, ident.span());
    let handler = if command.creates {
        quote_spanned! {ident.span()=> #at_ident::__private::creating::<Self>() }
    } else {
        quote_spanned! {ident.span()=> #at_ident::__private::existing::<Self>() }
    };
    let place = type_of(command, id).span();
    let this = local("self", place);
    let at_place = placed(es, place);
    let target = quote_spanned! {place=>
        #at_place::__private::target::<#aggregate, _>(&#this.#id)
    };
    let compensates = command.compensates.as_ref().map(|event| {
        let place = type_of(command, event).span();
        let this = local("self", place);
        let at_place = placed(es, place);
        let event = quote_spanned! {place=> #at_place::__private::compensated(&#this.#event) };
        quote! {
            fn compensates(&self) -> ::core::option::Option<#es::EventId> {
                #event
            }
        }
    });
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #es::Command for #ident {
                type Aggregate = #aggregate;
                const HANDLER: #es::__private::HandlerOf<Self> = #handler;

                fn target(&self) -> &#es::__private::IdOf<Self> {
                    #target
                }

                #compensates
            }
        };
    }
}

/// The type of a field, where a mismatch is reported.
fn type_of<'a>(command: &'a Command<'_>, marked: &Member) -> Option<&'a Type> {
    let Data::Struct(data) = &command.input.data else {
        return None;
    };
    let mut fields = data.fields.iter().zip(data.fields.members());
    let (field, _) = fields.find(|(_, member)| member == marked)?;
    Some(&field.ty)
}
