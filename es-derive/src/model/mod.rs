//! What the attributes of an item mean together.

pub mod aggregate;
pub mod command;
pub mod event;
pub mod history;

use syn::{DeriveInput, Path, parse_quote};

use crate::errors::Errors;

/// Where `es_core` is.
fn crate_path(said: Option<Path>) -> Path {
    said.unwrap_or_else(|| parse_quote!(::es_core))
}

/// Refuses generic parameters.
fn check_generics(input: &DeriveInput, why: &str, errors: &mut Errors) {
    if !input.generics.params.is_empty() {
        errors.at(&input.generics.params, why);
    }
}
