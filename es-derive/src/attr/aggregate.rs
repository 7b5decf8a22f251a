//! `#[aggregate(…)]` and its lines of `#[event(…)]`.

use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Path, Token, Type};

use super::{
    Number, bare, category, crate_path, each_item, each_option, event_name, number, parenthesized,
    set, value, word,
};
use crate::errors::Errors;
use crate::nearest::unknown;
use crate::symbol::{
    AGGREGATE, CORRECTIONS, CRATE, DERIVE, ERROR, EVENT, EVERY, FOLD, ID, INITIAL, NAME, RECORDED,
    RETIRED, SNAPSHOT,
};

/// What stands in `#[aggregate(…)]`.
#[derive(Default)]
pub struct Container {
    pub name: Option<LitStr>,
    pub id: Option<Type>,
    pub event: Option<Ident>,
    pub error: Option<Type>,
    pub derive: Option<Vec<Path>>,
    pub snapshot: Option<Snapshot>,
    /// The word `corrections`, which stands alone.
    pub corrections: Option<Ident>,
    pub crate_path: Option<Path>,
}

/// `snapshot(every = 100, fold = 1)`
pub struct Snapshot {
    pub word: Ident,
    pub every: Number,
    pub fold: Number,
}

/// One `#[event(…)]`.
pub enum Line {
    /// `Type`, `Type as Alias`, with `initial` and `recorded` behind it
    Event(Box<EventLine>),
    /// `retired = "…"`
    Retired(LitStr),
}

pub struct EventLine {
    pub ty: Type,
    /// Its name in the enum.
    pub variant: Ident,
    pub initial: bool,
    pub recorded: bool,
}

impl Container {
    pub fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut container = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(AGGREGATE)) {
            each_item(attr, errors, |input, _| container.item(input));
        }
        container
    }

    fn item(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        match word.to_string().as_str() {
            NAME => {
                let name = value(input, &word, "name = \"…\"")?;
                set(&mut self.name, &word, category(name)?)
            }
            ID => {
                let ty = value(input, &word, "id = AccountId")?;
                set(&mut self.id, &word, ty)
            }
            EVENT => {
                let ident = value(input, &word, "event = AccountEvent")?;
                set(&mut self.event, &word, ident)
            }
            ERROR => {
                let ty = value(input, &word, "error = AccountError")?;
                set(&mut self.error, &word, ty)
            }
            DERIVE => {
                let derive = derive(input, &word)?;
                set(&mut self.derive, &word, derive)
            }
            SNAPSHOT => {
                let snapshot = snapshot(input, &word)?;
                set(&mut self.snapshot, &word, snapshot)
            }
            CORRECTIONS if input.peek(Token![=]) => Err(syn::Error::new_spanned(
                &word,
                "`corrections` takes no value: without the word the aggregate takes none",
            )),
            CORRECTIONS => set(&mut self.corrections, &word, word.clone()),
            CRATE => {
                let path = crate_path(input, &word)?;
                set(&mut self.crate_path, &word, path)
            }
            _ => Err(unknown(
                &word,
                &[NAME, ID, EVENT, ERROR, DERIVE, SNAPSHOT, CORRECTIONS, CRATE],
            )),
        }
    }
}

/// `derive(Debug, Clone)`
pub fn derive(input: ParseStream<'_>, word: &Ident) -> syn::Result<Vec<Path>> {
    if !input.peek(syn::token::Paren) {
        return Err(syn::Error::new_spanned(
            word,
            "`derive` is written `derive(Debug, Clone)`",
        ));
    }
    parenthesized(input, |content| {
        let paths: Punctuated<Path, Token![,]> =
            content.parse_terminated(Path::parse_mod_style, Token![,])?;
        Ok(paths.into_iter().collect())
    })
}

fn snapshot(input: ParseStream<'_>, name: &Ident) -> syn::Result<Snapshot> {
    let wrong = || {
        syn::Error::new_spanned(
            name,
            "`snapshot` is written `snapshot(every = 100, fold = 1)`: \
             how many events apart, and the version of the fold",
        )
    };
    if !input.peek(syn::token::Paren) {
        return Err(wrong());
    }
    let (mut every, mut fold) = (None, None);
    parenthesized(input, |content| {
        each_option(content, |word| match word.to_string().as_str() {
            EVERY => set(&mut every, &word, number(content, &word, "every = 100")?),
            FOLD => set(&mut fold, &word, number(content, &word, "fold = 1")?),
            _ => Err(unknown(&word, &[EVERY, FOLD])),
        })
    })?;
    match (every, fold) {
        (Some(every), Some(fold)) => Ok(Snapshot {
            word: name.clone(),
            every,
            fold,
        }),
        _ => Err(wrong()),
    }
}

/// The lines, in order; one with a mistake is kept as far as its type was understood.
pub fn lines(attrs: &[Attribute], errors: &mut Errors) -> Vec<Line> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident(EVENT))
        .filter_map(|attr| line(attr, errors))
        .collect()
}

fn line(attr: &Attribute, errors: &mut Errors) -> Option<Line> {
    let mut line = None;
    let mut found = Errors::default();
    each_item(attr, &mut found, |input, _| match &mut line {
        None => {
            line = Some(first(input)?);
            Ok(())
        }
        Some(Line::Event(event)) => event.option(input),
        Some(Line::Retired(_)) => {
            Err(input.error("a retired name stands alone: `#[event(retired = \"…\")]`"))
        }
    });
    if line.is_none() && found.is_empty() {
        found.at(
            attr,
            "which event isn't said: `#[event(MoneyDeposited)]`, or `#[event(retired = \"…\")]`",
        );
    }
    errors.append(found);
    line
}

/// What a line begins with.
pub fn first(input: ParseStream<'_>) -> syn::Result<Line> {
    if input.peek(Ident) && input.peek2(Token![=]) {
        let word = word(input)?;
        if word != RETIRED {
            return Err(unknown(&word, &[RETIRED]));
        }
        let name = value(input, &word, "retired = \"…\"")?;
        return Ok(Line::Retired(event_name(name)?));
    }
    let start = input.fork();
    let ty = Type::parse(input).map_err(|_| {
        start.error(
            "an event is named by its type, not by its stored name: `#[event(MoneyDeposited)]`",
        )
    })?;
    let Some(last) = last_segment(&ty) else {
        return Err(syn::Error::new_spanned(
            ty,
            "an event is a struct with `#[derive(Event)]`, named by its path",
        ));
    };
    let variant = if input.peek(Token![as]) {
        input.parse::<Token![as]>()?;
        input.parse()?
    } else {
        last
    };
    Ok(Line::Event(Box::new(EventLine {
        ty,
        variant,
        initial: false,
        recorded: false,
    })))
}

fn last_segment(ty: &Type) -> Option<Ident> {
    match bare(ty) {
        Type::Path(path) => Some(path.path.segments.last()?.ident.clone()),
        _ => None,
    }
}

impl EventLine {
    fn option(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        let flag = match word.to_string().as_str() {
            INITIAL => &mut self.initial,
            RECORDED => &mut self.recorded,
            _ => return Err(unknown(&word, &[INITIAL, RECORDED])),
        };
        if *flag {
            return Err(syn::Error::new_spanned(
                &word,
                format!("`{word}` is said twice; keep one of the two"),
            ));
        }
        *flag = true;
        Ok(())
    }
}

impl ToTokens for Line {
    fn to_tokens(&self, tokens: &mut proc_macro2::TokenStream) {
        match self {
            Self::Event(line) => line.ty.to_tokens(tokens),
            Self::Retired(name) => name.to_tokens(tokens),
        }
    }
}
