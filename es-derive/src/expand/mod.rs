//! Writes the impls. Above each function stands what it expands to, with `::es_core` for the crate's path.

mod aggregate;
mod command;
mod event;

pub use aggregate::{decisions, enumeration};

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{DeriveInput, Path};

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

/// The crate's path with the span of a place in the user's code, where an error of the path's user is then reported.
fn placed(path: &Path, span: Span) -> TokenStream {
    let place = |mut tree: TokenTree| {
        tree.set_span(tree.span().located_at(span));
        tree
    };
    path.to_token_stream().into_iter().map(place).collect()
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
