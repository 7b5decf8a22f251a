//! What the attributes of an item mean together.

pub mod aggregate;
pub mod command;
pub mod event;
pub mod history;
pub mod process;
pub mod projection;

use syn::{DeriveInput, LitStr, Path, parse_quote};

use crate::attr::aggregate::EventLine;
use crate::errors::Errors;

/// What an aggregate and a projection have in common: a list of events, and perhaps an enum of them.
pub struct Listing<'a> {
    pub input: &'a DeriveInput,
    pub crate_path: &'a Path,
    /// What the enum derives.
    pub derive: &'a [Path],
    pub events: &'a [EventLine],
    pub retired: &'a [LitStr],
}

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
