//! `#[process(…)]` and its lines of `#[input(…)]`, `#[command(…)]` and `#[deadline(…)]`.

use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitStr, Path, Token, Type, token};

use super::projection::stored_name;
use super::{crate_path, each_item, set, value, word};
use crate::errors::Errors;
use crate::nearest::unknown;
use crate::symbol::{CORRECTIONS, CRATE, ENDS, INPUT, NAME, PROCESS, RESTARTS, STARTS};

/// What stands in `#[process(…)]`, which may be left out.
#[derive(Default)]
pub struct Container {
    /// The word `restarts`, which stands alone.
    pub restarts: Option<Ident>,
    /// The word `corrections`, which stands alone.
    pub corrections: Option<Ident>,
    pub crate_path: Option<Path>,
}

/// `#[input(Type)]`, with `starts` or `ends` behind it
pub struct Input {
    pub ty: Type,
    pub role: Option<(Role, Ident)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Starts,
    Ends,
}

/// `#[command(Type, name = "…")]`, `#[deadline(Type, name = "…")]`
pub struct Named {
    pub ty: Type,
    pub name: LitStr,
}

impl Container {
    pub fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut container = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(PROCESS)) {
            each_item(attr, errors, |input, _| container.item(input));
        }
        container
    }

    fn item(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        match word.to_string().as_str() {
            RESTARTS if input.peek(Token![=]) => Err(syn::Error::new_spanned(
                &word,
                "`restarts` takes no value: without the word an instance that is over stays so",
            )),
            RESTARTS => set(&mut self.restarts, &word, word.clone()),
            CORRECTIONS if input.peek(Token![=]) || input.peek(token::Paren) => {
                Err(syn::Error::new_spanned(
                    &word,
                    "`corrections` takes no value: without the word the process passes over them",
                ))
            }
            CORRECTIONS => set(&mut self.corrections, &word, word.clone()),
            CRATE => {
                let path = crate_path(input, &word)?;
                set(&mut self.crate_path, &word, path)
            }
            _ => Err(unknown(&word, &[RESTARTS, CORRECTIONS, CRATE])),
        }
    }
}

/// The inputs, in order.
pub fn inputs(attrs: &[Attribute], errors: &mut Errors) -> Vec<Input> {
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident(INPUT));
    attrs.filter_map(|attr| input(attr, errors)).collect()
}

fn input(attr: &Attribute, errors: &mut Errors) -> Option<Input> {
    let mut line: Option<Input> = None;
    let mut found = Errors::default();
    each_item(attr, &mut found, |input, _| match &mut line {
        None => {
            line = Some(Input {
                ty: named_by_type(input)?,
                role: None,
            });
            Ok(())
        }
        Some(line) => line.option(input),
    });
    if line.is_none() && found.is_empty() {
        found.at(
            attr,
            "which event it takes in isn't said: `#[input(OrderPlaced)]`",
        );
    }
    errors.append(found);
    line
}

impl Input {
    fn option(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        let role = match word.to_string().as_str() {
            STARTS => Role::Starts,
            ENDS => Role::Ends,
            _ => return Err(unknown(&word, &[STARTS, ENDS])),
        };
        match &self.role {
            Some((other, _)) if *other != role => Err(syn::Error::new_spanned(
                &word,
                "an input starts an instance or ends it: where it does both, end it in its reaction, with `.end()`",
            )),
            Some(_) => set(&mut Some(()), &word, ()),
            None => {
                self.role = Some((role, word));
                Ok(())
            }
        }
    }
}

fn named_by_type(input: ParseStream<'_>) -> syn::Result<Type> {
    let start = input.fork();
    Type::parse(input).map_err(|_| {
        start.error("it is named by its type, and not by what is stored: `OrderPlaced`")
    })
}

/// The lines under this word, in order.
pub fn named(attrs: &[Attribute], word: &str, errors: &mut Errors) -> Vec<Named> {
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident(word));
    attrs
        .filter_map(|attr| named_line(attr, word, errors))
        .collect()
}

fn named_line(attr: &Attribute, what: &str, errors: &mut Errors) -> Option<Named> {
    let (mut ty, mut name) = (None, None);
    let mut found = Errors::default();
    each_item(attr, &mut found, |input, _| {
        if ty.is_none() {
            ty = Some(named_by_type(input)?);
            return Ok(());
        }
        let word = word(input)?;
        if word != NAME {
            return Err(unknown(&word, &[NAME]));
        }
        let literal = value(input, &word, "name = \"…\"")?;
        set(&mut name, &word, stored_name(literal)?)
    });
    let clean = found.is_empty();
    errors.append(found);
    if let (Some(ty), Some(name)) = (ty, name) {
        return Some(Named { ty, name });
    }
    if clean {
        errors.at(
            attr,
            format!("a {what} is listed by its type and its stored name: `#[{what}(Type, name = \"…\")]`"),
        );
    }
    None
}
