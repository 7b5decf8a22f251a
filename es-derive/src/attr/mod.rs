//! Reads one attribute at a time, into what is valid.

pub mod aggregate;
pub mod command;
pub mod event;
pub mod process;
pub mod projection;
pub mod serde;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitInt, LitStr, Meta, Path, Token, Type};

use crate::errors::Errors;

/// The longest name that a store takes, in bytes.
const MAX_NAME: usize = 128;

/// Reads `#[word(item, item, …)]` item by item; behind a mistake it goes on at the next comma.
pub fn each_item(
    attr: &Attribute,
    errors: &mut Errors,
    mut read: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    let Meta::List(list) = &attr.meta else {
        let word = attr.path().to_token_stream();
        errors.at(
            &attr.meta,
            format!("`{word}` takes options in parentheses: `#[{word}(…)]`"),
        );
        return;
    };
    let mut items = |input: ParseStream<'_>| -> syn::Result<()> {
        while !input.is_empty() {
            match read(input, errors) {
                Ok(()) if input.is_empty() || input.peek(Token![,]) => {}
                Ok(()) => {
                    errors.push(input.error("a comma is missing before this"));
                    skip(input)?;
                }
                Err(error) => {
                    errors.push(error);
                    skip(input)?;
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let read = list.parse_args_with(&mut items);
    errors.take(read);
}

/// `word(…)`; behind a mistake the rest of it is passed over, so that there is one error.
pub fn parenthesized<T>(
    input: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let content;
    syn::parenthesized!(content in input);
    read(&content).inspect_err(
        |_| {
            while content.parse::<proc_macro2::TokenTree>().is_ok() {}
        },
    )
}

/// The rest of a list, option by option.
pub fn each_option(
    content: ParseStream<'_>,
    mut read: impl FnMut(Ident) -> syn::Result<()>,
) -> syn::Result<()> {
    while !content.is_empty() {
        read(word(content)?)?;
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

/// The word that an option begins with.
pub fn word(input: ParseStream<'_>) -> syn::Result<Ident> {
    if input.peek(Ident::peek_any) {
        input.call(Ident::parse_any)
    } else {
        Err(input.error("an option begins with its name, like `name = …`"))
    }
}

/// `= value`, where `form` shows the whole option.
pub fn value<T: Parse>(input: ParseStream<'_>, word: &Ident, form: &str) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        return Err(syn::Error::new_spanned(
            word,
            format!("`{word}` needs a value: `{form}`"),
        ));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new_spanned(
            word,
            format!("`{word}` needs a value: `{form}`"),
        ));
    }
    let start = input.span();
    input
        .parse()
        .map_err(|_| syn::Error::new(start, format!("`{word}` is written `{form}`")))
}

/// Keeps an option's value, unless it was given before.
pub fn set<T>(slot: &mut Option<T>, word: &Ident, value: T) -> syn::Result<()> {
    if slot.is_some() {
        return Err(syn::Error::new_spanned(
            word,
            format!("`{word}` is said twice; keep one of the two"),
        ));
    }
    *slot = Some(value);
    Ok(())
}

/// A number as an option's value, counting from 1.
#[derive(Clone)]
pub struct Number {
    pub value: u32,
    pub literal: LitInt,
}

impl Parse for Number {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let literal: LitInt = input.parse()?;
        let value = literal.base10_parse()?;
        Ok(Self { value, literal })
    }
}

/// A number as an option's value, from 1 on.
pub fn number(input: ParseStream<'_>, word: &Ident, form: &str) -> syn::Result<Number> {
    let number: Number = value(input, word, form)?;
    if number.value == 0 {
        return Err(syn::Error::new_spanned(
            number.literal,
            format!("`{word}` counts from 1"),
        ));
    }
    Ok(number)
}

/// The type as it was written: what a `macro_rules` passes on as `$ty:ty` comes in invisible parentheses.
pub fn bare(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

/// `crate = path`.
pub fn crate_path(input: ParseStream<'_>, word: &Ident) -> syn::Result<Path> {
    let start = value::<CratePath>(input, word, "crate = path::to::es_core")?;
    Ok(start.0)
}

/// A path that may begin with `crate` or `self`, which `Path` takes, or be one word.
struct CratePath(Path);

impl Parse for CratePath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Path::parse_mod_style).map(Self)
    }
}

/// A literal that is stored as an event's name.
pub fn event_name(literal: LitStr) -> syn::Result<LitStr> {
    let name = literal.value();
    if let Some(wrong) = wrong_name(&name) {
        return Err(syn::Error::new_spanned(literal, wrong));
    }
    if name.starts_with("es.") {
        return Err(syn::Error::new_spanned(
            literal,
            "names that begin with `es.` are reserved for events of the library; choose another",
        ));
    }
    Ok(literal)
}

/// A literal that is stored as a category.
pub fn category(literal: LitStr) -> syn::Result<LitStr> {
    let name = literal.value();
    let wrong = wrong_name(&name).or_else(|| {
        name.contains('/').then(|| {
            "a category has no `/`, which separates it from the id: choose another name".to_owned()
        })
    });
    match wrong {
        Some(wrong) => Err(syn::Error::new_spanned(literal, wrong)),
        None => Ok(literal),
    }
}

fn wrong_name(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("a stored name isn't empty: choose one and never change it".to_owned())
    } else if name.len() > MAX_NAME {
        let bytes = name.len();
        Some(format!(
            "a stored name has at most {MAX_NAME} bytes, this one has {bytes}: shorten it"
        ))
    } else if name.chars().any(char::is_control) {
        Some("a stored name has no control characters: leave them out".to_owned())
    } else {
        None
    }
}
