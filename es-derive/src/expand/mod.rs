//! Writes the impls. Above each function stands what it expands to, with `::es_core` for the crate's path.

mod aggregate;
mod command;
mod event;
mod listing;
mod process;
mod projection;

pub use aggregate::decisions;
pub use listing::enumeration;
pub use process::names;
pub use projection::handed;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{DeriveInput, Ident, Path};

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

pub fn projection(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let model = model::projection::Projection::read(input, &mut errors);
    match (errors.finish(), &model.name, &model.version) {
        (None, Some(name), Some(version)) => projection::expand(&model, name, version),
        (errors, ..) => with_fallback(input, errors.unwrap_or_default(), || {
            fallback::projection(&model)
        }),
    }
}

pub fn process(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let model = model::process::Process::read(input, &mut errors);
    match errors.finish() {
        // What it lacks otherwise is the aggregate's to say.
        None if !input.generics.params.is_empty() => TokenStream::new(),
        None => process::expand(&model),
        Some(errors) => with_fallback(input, errors, || fallback::process(&model)),
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

/// A local variable of an expansion as it stands at a place in the user's code. With the place's own span it would be
/// another variable where that comes from outside of a `macro_rules` around the item.
fn local(name: &str, place: Span) -> Ident {
    Ident::new(name, Span::call_site().located_at(place))
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

/// What each derive makes of the inputs under `tests/expand`, to be reviewed as code.
#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use proc_macro2::TokenStream;
    use quote::ToTokens;
    use syn::{Attribute, DeriveInput, parse_quote};

    type Derive = fn(&DeriveInput) -> TokenStream;

    /// A file with one item, in the folder of its derive.
    struct Input {
        path: PathBuf,
        derive: Derive,
        item: DeriveInput,
        renamed: Attribute,
    }

    fn inputs() -> Vec<Input> {
        let derives: [(_, Derive, Attribute); 5] = [
            (
                "event",
                super::event,
                parse_quote!(#[event(crate = elsewhere)]),
            ),
            (
                "aggregate",
                super::aggregate,
                parse_quote!(#[aggregate(crate = elsewhere)]),
            ),
            (
                "command",
                super::command,
                parse_quote!(#[command(crate = elsewhere)]),
            ),
            (
                "projection",
                super::projection,
                parse_quote!(#[projection(crate = elsewhere)]),
            ),
            (
                "process",
                super::process,
                parse_quote!(#[process(crate = elsewhere)]),
            ),
        ];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
        let mut inputs = Vec::new();
        for (name, derive, renamed) in derives {
            let mut paths: Vec<PathBuf> = fs::read_dir(folder.join(name))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| !path.to_string_lossy().ends_with(".expanded.rs"))
                .collect();
            paths.sort();
            for path in paths {
                let source = fs::read_to_string(&path).unwrap();
                let file = syn::parse_file(&source).unwrap();
                let [item] = &file.items[..] else {
                    panic!("{} has one item", path.display());
                };
                let item = syn::parse2(item.to_token_stream()).unwrap();
                let renamed = renamed.clone();
                inputs.push(Input {
                    path,
                    derive,
                    item,
                    renamed,
                });
            }
        }
        assert!(inputs.len() > 6, "the inputs were not found");
        inputs
    }

    #[test]
    fn an_expansion_is_the_one_that_was_reviewed() {
        for Input {
            path, derive, item, ..
        } in inputs()
        {
            let expanded = syn::parse2(derive(&item)).unwrap();
            let expanded = prettyplease::unparse(&expanded);
            let kept = path.with_extension("expanded.rs");
            if std::env::var_os("ES_BLESS").is_some() {
                fs::write(&kept, expanded).unwrap();
                continue;
            }
            let kept = fs::read_to_string(&kept).unwrap_or_default();
            assert!(
                kept == expanded,
                "{} expands otherwise than it did; ES_BLESS=1 keeps this:\n{expanded}",
                path.display()
            );
        }
    }

    #[test]
    fn a_crate_of_another_name_is_called_by_it_everywhere() {
        for Input {
            path,
            derive,
            mut item,
            renamed,
        } in inputs()
        {
            assert!(
                derive(&item).to_string().contains("es_core"),
                "{}",
                path.display()
            );
            item.attrs.push(renamed);
            let expanded = derive(&item).to_string();
            assert!(
                !expanded.contains("es_core"),
                "{}: {expanded}",
                path.display()
            );
        }
    }
}
