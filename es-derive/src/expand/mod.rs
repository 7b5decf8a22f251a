//! Writes the impls. Above each function stands what it expands to, with `::es_core` for the crate's path.

mod aggregate;
mod command;
mod event;

pub use aggregate::{decisions, enumeration};

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::fallback;
use crate::model;

pub fn event(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let model = model::event::Event::read(input, &mut errors);
    match errors.finish() {
        None => event::expand(&model),
        Some(errors) => with_fallback(input, errors, || fallback::event(&model)),
    }
}

pub fn aggregate(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let model = model::aggregate::Aggregate::read(input, &mut errors);
    match (errors.finish(), aggregate::Complete::of(&model)) {
        (None, Some(complete)) => aggregate::expand(&model, &complete),
        (errors, _) => with_fallback(input, errors.unwrap_or_default(), || {
            fallback::aggregate(&model)
        }),
    }
}

pub fn command(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let model = model::command::Command::read(input, &mut errors);
    match (errors.finish(), &model.aggregate, &model.id) {
        (None, Some(aggregate), Some(id)) => command::expand(&model, aggregate, id),
        (errors, ..) => with_fallback(input, errors.unwrap_or_default(), || {
            fallback::command(&model)
        }),
    }
}

/// An item with generic parameters has no inert impl that doesn't ask more of them.
fn with_fallback(
    input: &DeriveInput,
    errors: TokenStream,
    inert: impl FnOnce() -> TokenStream,
) -> TokenStream {
    if !input.generics.params.is_empty() {
        return errors;
    }
    let inert = inert();
    quote! { #errors #inert }
}
