//! `#[event(…)]` on an event's struct and its fields.

use syn::parse::{Parse, ParseStream};
use syn::{Attribute, ExprPath, Ident, LitStr, Path, Token, Type};

use super::{
    Number, crate_path, each_item, each_option, event_name, number, parenthesized, set, value, word,
};
use crate::errors::Errors;
use crate::json::JsonLiteral;
use crate::nearest::unknown;
use crate::symbol::{
    CONVERTED, CRATE, DEFAULT, EVENT, FORMERLY, FROM, NAME, REMOVED, RENAMED_FROM, SINCE, TO,
    TRY_CONVERTED, UPCAST, VERSION, WITH,
};

/// What stands on the struct.
#[derive(Default)]
pub struct Container {
    pub name: Option<LitStr>,
    pub version: Option<Number>,
    pub formerly: Vec<LitStr>,
    pub removed: Vec<Removed>,
    pub upcasts: Vec<Upcast>,
    pub crate_path: Option<Path>,
}

/// `removed("key", since = 3)`
pub struct Removed {
    pub key: LitStr,
    pub since: Number,
}

pub enum Upcast {
    /// `upcast(to = 2, with = path)`
    Json { to: Number, with: ExprPath },
    /// `upcast(from = Type)`
    Typed { from: Type, word: Ident },
}

/// What happened to a field in one version.
pub struct FieldChange {
    pub since: Number,
    pub kind: ChangeKind,
}

pub enum ChangeKind {
    /// `since = 2`
    AddedOptional,
    /// `since = 2, default = "EUR"`
    Added { default: JsonLiteral },
    /// `since = 2, renamed_from = "amt"`, `since = 2, converted = path`, or both
    Moved {
        renamed_from: Option<LitStr>,
        conversion: Option<Conversion>,
    },
}

/// How a field's value is made of the one before.
#[derive(Clone)]
pub enum Conversion {
    /// `converted = path`
    Sure(ExprPath),
    /// `try_converted = path`
    Fallible(ExprPath),
}

impl Container {
    pub fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut container = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(EVENT)) {
            each_item(attr, errors, |input, _| container.item(input));
        }
        container
    }

    fn item(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        match word.to_string().as_str() {
            NAME => {
                let name = value(input, &word, "name = \"…\"")?;
                set(&mut self.name, &word, name)?;
                self.name.take().map(event_name).transpose().map(|name| {
                    self.name = name;
                })
            }
            VERSION => {
                let version = number(input, &word, "version = 2")?;
                set(&mut self.version, &word, version)
            }
            FORMERLY => {
                let name = value(input, &word, "formerly = \"…\"")?;
                self.formerly.push(event_name(name)?);
                Ok(())
            }
            CRATE => {
                let path = crate_path(input, &word)?;
                set(&mut self.crate_path, &word, path)
            }
            REMOVED => {
                self.removed.push(removed(input, &word)?);
                Ok(())
            }
            UPCAST => {
                self.upcasts.push(upcast(input, &word)?);
                Ok(())
            }
            RENAMED_FROM | SINCE | DEFAULT | CONVERTED | TRY_CONVERTED => {
                Err(syn::Error::new_spanned(
                    &word,
                    format!("`{word}` belongs on the field that changed"),
                ))
            }
            _ => Err(unknown(
                &word,
                &[NAME, VERSION, FORMERLY, REMOVED, UPCAST, CRATE],
            )),
        }
    }
}

const REMOVED_FORM: &str = "removed(\"key\", since = 2)";

fn removed(input: ParseStream<'_>, word: &Ident) -> syn::Result<Removed> {
    let wrong = || syn::Error::new_spanned(word, format!("`{word}` is written `{REMOVED_FORM}`"));
    if !input.peek(syn::token::Paren) {
        return Err(wrong());
    }
    parenthesized(input, |content| {
        let key: LitStr = content.parse().map_err(|_| wrong())?;
        content.parse::<Token![,]>().map_err(|_| wrong())?;
        let since = super::word(content)?;
        if since != SINCE {
            return Err(unknown(&since, &[SINCE]));
        }
        let since = number(content, &since, REMOVED_FORM)?;
        Ok(Removed { key, since })
    })
}

fn upcast(input: ParseStream<'_>, word: &Ident) -> syn::Result<Upcast> {
    let wrong = || {
        syn::Error::new_spanned(
            word,
            "`upcast` is written `upcast(to = 2, with = function)` or `upcast(from = OldType)`",
        )
    };
    if !input.peek(syn::token::Paren) {
        return Err(wrong());
    }
    let (mut to, mut with, mut from) = (None, None, None);
    parenthesized(input, |content| {
        each_option(content, |word| match word.to_string().as_str() {
            TO => set(&mut to, &word, number(content, &word, "to = 2")?),
            WITH => {
                let form = "with = path::to::function";
                set(&mut with, &word, value::<Function>(content, &word, form)?.0)
            }
            FROM => set(&mut from, &word, value(content, &word, "from = OldType")?),
            _ => Err(unknown(&word, &[TO, WITH, FROM])),
        })
    })?;
    match (to, with, from) {
        (Some(to), Some(with), None) => Ok(Upcast::Json { to, with }),
        (None, None, Some(from)) => Ok(Upcast::Typed {
            from,
            word: word.clone(),
        }),
        _ => Err(wrong()),
    }
}

/// A function by its path: a closure or a call would be a value of this compilation, with no name to test.
struct Function(ExprPath);

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path: ExprPath = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            Ok(Self(path))
        } else {
            Err(input.error("a path"))
        }
    }
}

/// The changes of a field, in the order that they stand.
pub fn field_changes(attrs: &[Attribute], errors: &mut Errors) -> Vec<FieldChange> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident(EVENT))
        .filter_map(|attr| field_change(attr, errors))
        .collect()
}

#[derive(Default)]
struct Said {
    since: Option<Number>,
    default: Option<(Ident, JsonLiteral)>,
    renamed_from: Option<LitStr>,
    conversion: Option<Conversion>,
}

fn field_change(attr: &Attribute, errors: &mut Errors) -> Option<FieldChange> {
    let mut said = Said::default();
    let mut clean = Errors::default();
    each_item(attr, &mut clean, |input, _| said.item(input));
    let was_clean = clean.is_empty();
    errors.append(clean);
    if !was_clean {
        return None;
    }
    let Some(since) = said.since else {
        errors.at(
            attr,
            "which version changed this field isn't said: add `since = 2`",
        );
        return None;
    };
    let kind = match (said.default, said.renamed_from, said.conversion) {
        (None, None, None) => ChangeKind::AddedOptional,
        (Some((_, default)), None, None) => ChangeKind::Added { default },
        (None, renamed_from, conversion) => ChangeKind::Moved {
            renamed_from,
            conversion,
        },
        (Some((word, _)), _, _) => {
            errors.at(
                word,
                "a field with a `default` is new in this version and has nothing to be made of: \
                 keep either the `default`, or where the field comes from",
            );
            return None;
        }
    };
    Some(FieldChange { since, kind })
}

impl Said {
    fn item(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let word = word(input)?;
        match word.to_string().as_str() {
            SINCE => {
                let since = number(input, &word, "since = 2")?;
                set(&mut self.since, &word, since)
            }
            DEFAULT => {
                if !input.peek(Token![=]) {
                    let form = "default = \"EUR\"";
                    return value::<Number>(input, &word, form).map(drop);
                }
                input.parse::<Token![=]>()?;
                let literal: JsonLiteral = input.parse()?;
                set(&mut self.default, &word.clone(), (word, literal))
            }
            RENAMED_FROM => {
                let key = value(input, &word, "renamed_from = \"old_key\"")?;
                set(&mut self.renamed_from, &word, key)
            }
            CONVERTED => {
                let Function(path) = value(input, &word, "converted = path::to::function")?;
                self.convert(&word, Conversion::Sure(path))
            }
            TRY_CONVERTED => {
                let Function(path) = value(input, &word, "try_converted = path::to::function")?;
                self.convert(&word, Conversion::Fallible(path))
            }
            NAME | VERSION | FORMERLY | REMOVED | UPCAST => Err(syn::Error::new_spanned(
                &word,
                format!("`{word}` belongs on the struct"),
            )),
            _ => Err(unknown(
                &word,
                &[SINCE, DEFAULT, RENAMED_FROM, CONVERTED, TRY_CONVERTED],
            )),
        }
    }

    fn convert(&mut self, word: &Ident, conversion: Conversion) -> syn::Result<()> {
        if self.conversion.is_some() {
            return Err(syn::Error::new_spanned(
                word,
                "a field is converted once in a version; keep one function",
            ));
        }
        self.conversion = Some(conversion);
        Ok(())
    }
}
