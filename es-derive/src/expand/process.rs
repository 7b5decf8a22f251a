use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::listing;
use super::placed;
use crate::attr::process::{Named, Role};
use crate::model::process::Process;

/// ```text
/// const _: () = {
///     impl ::es_core::Process for Fulfilment {
///         const RESTARTS: bool = false;
///         const INPUTS: &'static [ProcessInput<Self>] = &[ProcessInput::<Self>::new::<OrderPlaced>(Role::Starts), ..];
///         const COMMANDS: &'static [ProcessCommand<Self>] = &[ProcessCommand::<Self>::new::<TakePayment>(), ..];
///         const DEADLINES: &'static [ProcessDeadline<Self>] = &[ProcessDeadline::<Self>::new::<PaymentDue>(), ..];
///     }
///     // the impls of [`names`], and what [`checks`] asks
/// };
/// ```
///
/// Where it is told of corrections, `corrected` stands for `new` in each input, and asks for `Reconsider` as well.
pub fn expand(model: &Process<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let restarts = model.restarts;
    let new = if model.corrections {
        "corrected"
    } else {
        "new"
    };
    let inputs = model.inputs.iter().map(|input| {
        let ty = &input.ty;
        let es = placed(es, ty.span());
        let role = match input.role {
            Some((Role::Starts, _)) => quote! { Starts },
            Some((Role::Ends, _)) => quote! { Ends },
            None => quote! { Continues },
        };
        let new = Ident::new(new, Span::call_site().located_at(ty.span()));
        quote_spanned! {ty.span()=> #es::ProcessInput::<Self>::#new::<#ty>(#es::Role::#role) }
    });
    let commands = model.commands.iter().map(|command| {
        let ty = &command.ty;
        let es = placed(es, ty.span());
        quote_spanned! {ty.span()=> #es::ProcessCommand::<Self>::new::<#ty>() }
    });
    let deadlines = model.deadlines.iter().map(|deadline| {
        let ty = &deadline.ty;
        let es = placed(es, ty.span());
        quote_spanned! {ty.span()=> #es::ProcessDeadline::<Self>::new::<#ty>() }
    });
    let (names, checks) = (names(model), checks(model));
    quote! {
        const _: () = {
            #[automatically_derived]
            impl #es::Process for #ident {
                const RESTARTS: bool = #restarts;
                const INPUTS: &'static [#es::ProcessInput<Self>] = &[#(#inputs),*];
                const COMMANDS: &'static [#es::ProcessCommand<Self>] = &[#(#commands),*];
                const DEADLINES: &'static [#es::ProcessDeadline<Self>] = &[#(#deadlines),*];
            }
            #names
            #checks
        };
    }
}

/// ```text
/// impl ::es_core::SentBy<Fulfilment> for TakePayment { const NAME: &'static str = "payment.take"; }
/// impl ::es_core::SetBy<Fulfilment> for PaymentDue { const NAME: &'static str = "payment-due"; }
/// ```
pub fn names(model: &Process<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let name = |line: &Named, by: &str| {
        let Named { ty, name } = line;
        let by = Ident::new(by, Span::call_site().located_at(ty.span()));
        let es = placed(es, ty.span());
        let of = quote_spanned! {ty.span()=> #es::#by<#ident> for #ty };
        quote! {
            #[automatically_derived]
            impl #of {
                const NAME: &'static str = #name;
            }
        }
    };
    let commands = model.commands.iter().map(|line| name(line, "SentBy"));
    let deadlines = model.deadlines.iter().map(|line| name(line, "SetBy"));
    quote! { #(#commands)* #(#deadlines)* }
}

/// ```text
/// const __INPUTS: &[EventDescriptor] = &[<Fulfilment as Process>::INPUTS[0].descriptor, ..];
/// // that no name stands twice
/// const _: () = check_process::<Fulfilment>();
/// ```
fn checks(model: &Process<'_>) -> TokenStream {
    let es = &model.crate_path;
    let ident = &model.input.ident;
    let places = 0..model.inputs.len();
    let lines: Vec<_> = model.inputs.iter().map(|input| input.ty.span()).collect();
    let names = listing::names_at(es, &lines, &quote! { __INPUTS }, &quote! { &[] });
    let at_ident = placed(es, ident.span());
    let check = quote_spanned! {ident.span()=> #at_ident::__private::check_process::<#ident>() };
    quote! {
        const __INPUTS: &[#es::EventDescriptor] =
            &[#(<#ident as #es::Process>::INPUTS[#places].descriptor),*];
        #names
        const _: () = #check;
    }
}
