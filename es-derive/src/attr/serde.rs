//! What serde's attributes say about the keys under which fields are stored. Their mistakes are serde's to report.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta, Token};

/// What stands on the struct.
#[derive(Default)]
pub struct Container {
    rename_all: Option<Case>,
    /// What keeps fields from being stored under keys of their own.
    pub obstacle: Option<Obstacle>,
}

/// What stands on a field.
#[derive(Default)]
pub struct Field {
    rename: Option<String>,
    /// What keeps it from being stored under a key of its own.
    pub obstacle: Option<Obstacle>,
}

/// An option with which field history can't tell the stored keys.
pub struct Obstacle {
    pub option: Meta,
    pub why: &'static str,
}

#[derive(Clone, Copy)]
enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const NO_KEY: &str = "the field has no stored key of its own";
const OTHER_FORM: &str = "the payload is not an object of these fields";
const TWO_KEYS: &str = "fields are written and read under different keys";

impl Container {
    pub fn read(attrs: &[Attribute]) -> Self {
        let mut container = Self::default();
        for option in options(attrs) {
            let why = match word(&option).as_str() {
                "rename_all" => match both_ways(&option) {
                    Some(case) => {
                        container.rename_all = Case::named(&case);
                        continue;
                    }
                    None => TWO_KEYS,
                },
                "transparent" | "from" | "try_from" | "into" | "untagged" => OTHER_FORM,
                _ => continue,
            };
            container.obstacle = Some(Obstacle { option, why });
        }
        container
    }

    /// The key under which a field is stored.
    pub fn key(&self, field: &Field, ident: &Ident) -> String {
        let name = ident.unraw().to_string();
        match (&field.rename, self.rename_all) {
            (Some(rename), _) => rename.clone(),
            (None, Some(case)) => case.of(&name),
            (None, None) => name,
        }
    }
}

impl Field {
    pub fn read(attrs: &[Attribute]) -> Self {
        let mut field = Self::default();
        for option in options(attrs) {
            let why = match word(&option).as_str() {
                "rename" => match both_ways(&option) {
                    Some(name) => {
                        field.rename = Some(name);
                        continue;
                    }
                    None => TWO_KEYS,
                },
                "flatten" | "skip" | "skip_serializing" | "skip_deserializing" => NO_KEY,
                _ => continue,
            };
            field.obstacle = Some(Obstacle { option, why });
        }
        field
    }
}

fn options(attrs: &[Attribute]) -> Vec<Meta> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
        .filter_map(|attr| {
            attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()
        })
        .flatten()
        .collect()
}

fn word(option: &Meta) -> String {
    option.path().to_token_stream().to_string()
}

/// `rename = "x"`, or `rename(serialize = "x", deserialize = "x")` with the same twice.
fn both_ways(option: &Meta) -> Option<String> {
    match option {
        Meta::NameValue(pair) => text(&pair.value),
        Meta::List(list) => {
            let ways = list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()?;
            let names: Option<Vec<String>> = ways
                .iter()
                .map(|way| match way {
                    Meta::NameValue(pair) => text(&pair.value),
                    _ => None,
                })
                .collect();
            match names?.as_slice() {
                [one, other] if one == other => Some(one.clone()),
                _ => None,
            }
        }
        Meta::Path(_) => None,
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

impl Case {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return None,
        })
    }

    /// As serde does it: a field's name is in snake case.
    fn of(self, field: &str) -> String {
        match self {
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal => pascal(field),
            Self::Camel => {
                let pascal = pascal(field);
                let mut letters = pascal.chars();
                letters.next().map_or_else(String::new, |first| {
                    first.to_ascii_lowercase().to_string() + letters.as_str()
                })
            }
        }
    }
}

fn pascal(field: &str) -> String {
    let mut upper = true;
    let mut pascal = String::new();
    for letter in field.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            pascal.push(letter.to_ascii_uppercase());
            upper = false;
        } else {
            pascal.push(letter);
        }
    }
    pascal
}
