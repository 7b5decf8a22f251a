//! `#[projection(…)]` and its lines of `#[event(…)]`.

use syn::parse::ParseStream;
use syn::{Attribute, Ident, LitStr, Path};

use super::aggregate::{EventLine, Line, derive, first};
use super::{Number, crate_path, each_item, number, set, value, word, wrong_name};
use crate::errors::Errors;
use crate::nearest::unknown;
use crate::symbol::{BY_STREAM, CORRECTIONS, CRATE, DERIVE, EVENT, NAME, PROJECTION, VERSION};

/// What stands in `#[projection(…)]`.
#[derive(Default)]
pub struct Container {
    pub name: Option<LitStr>,
    pub version: Option<Number>,
    pub event: Option<Ident>,
    pub derive: Option<Derive>,
    /// The word `by_stream`, which stands alone.
    pub by_stream: Option<Ident>,
    /// The word `corrections`, which stands alone.
    pub corrections: Option<Ident>,
    pub crate_path: Option<Path>,
}

/// `derive(Debug, Clone)`
pub struct Derive {
    pub word: Ident,
    pub paths: Vec<Path>,
}

impl Container {
    pub fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut container = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(PROJECTION)) {
            each_item(attr, errors, |input, _| container.item(input));
        }
        container
    }

    fn item(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        match word.to_string().as_str() {
            NAME => {
                let name = value(input, &word, "name = \"…\"")?;
                set(&mut self.name, &word, stored_name(name)?)
            }
            VERSION => {
                let version = number(input, &word, "version = 1")?;
                set(&mut self.version, &word, version)
            }
            EVENT => {
                let ident = value(input, &word, "event = BalancesEvent")?;
                set(&mut self.event, &word, ident)
            }
            DERIVE => {
                let paths = derive(input, &word)?;
                let word_of_it = word.clone();
                set(
                    &mut self.derive,
                    &word,
                    Derive {
                        word: word_of_it,
                        paths,
                    },
                )
            }
            CORRECTIONS if input.peek(syn::Token![=]) || input.peek(syn::token::Paren) => {
                Err(syn::Error::new_spanned(
                    &word,
                    "`corrections` takes no value: without the word the projection passes over them",
                ))
            }
            BY_STREAM if input.peek(syn::Token![=]) || input.peek(syn::token::Paren) => {
                Err(syn::Error::new_spanned(
                    &word,
                    "`by_stream` takes no value: the key is the stream, and what is kept of each is this struct",
                ))
            }
            BY_STREAM => set(&mut self.by_stream, &word, word.clone()),
            CORRECTIONS => set(&mut self.corrections, &word, word.clone()),
            CRATE => {
                let path = crate_path(input, &word)?;
                set(&mut self.crate_path, &word, path)
            }
            _ => Err(unknown(
                &word,
                &[NAME, VERSION, EVENT, DERIVE, BY_STREAM, CORRECTIONS, CRATE],
            )),
        }
    }
}

/// A literal that is stored as a name.
pub fn stored_name(literal: LitStr) -> syn::Result<LitStr> {
    match wrong_name(&literal.value()) {
        Some(wrong) => Err(syn::Error::new_spanned(literal, wrong)),
        None => Ok(literal),
    }
}

/// The lines, in order: `Type` or `Type as Alias`.
pub fn lines(attrs: &[Attribute], errors: &mut Errors) -> Vec<EventLine> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident(EVENT))
        .filter_map(|attr| line(attr, errors))
        .collect()
}

fn line(attr: &Attribute, errors: &mut Errors) -> Option<EventLine> {
    let mut line = None;
    let mut found = Errors::default();
    each_item(attr, &mut found, |input, _| {
        if line.is_some() {
            let option = word(input)?;
            return Err(syn::Error::new_spanned(
                &option,
                "an event of a projection has no options: each comes as `Recorded<…>`, and none is initial",
            ));
        }
        match first(input)? {
            Line::Event(event) => {
                line = Some(*event);
                Ok(())
            }
            Line::Retired(name) => Err(syn::Error::new_spanned(
                name,
                "a projection passes over what it doesn't list: leave the retired name out",
            )),
        }
    });
    if line.is_none() && found.is_empty() {
        found.at(attr, "which event isn't said: `#[event(MoneyDeposited)]`");
    }
    errors.append(found);
    line
}
