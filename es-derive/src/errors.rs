use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far, so that all are reported at once.
#[derive(Default)]
pub struct Errors {
    found: Option<syn::Error>,
}

impl Errors {
    /// A mistake in this node.
    pub fn at(&mut self, node: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(node, message));
    }

    pub fn push(&mut self, error: syn::Error) {
        match &mut self.found {
            Some(found) => found.combine(error),
            None => self.found = Some(error),
        }
    }

    pub fn append(&mut self, others: Self) {
        if let Some(found) = others.found {
            self.push(found);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_none()
    }

    /// Takes the value, or the mistake instead of it.
    pub fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// The mistakes as compile errors; `None` if there were none.
    pub fn finish(self) -> Option<TokenStream> {
        self.found.map(syn::Error::into_compile_error)
    }
}
