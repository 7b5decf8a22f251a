//! JSON literals as an attribute's value, and whether one fits a field's type.

use std::fmt::Write;

use crate::attr::bare;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{GenericArgument, Ident, Lit, LitStr, PathArguments, Token, Type, braced, bracketed};

/// `"EUR"`, `-5`, `1.5`, `true`, `null`, `["a"]`, `{"a": 1}`.
pub struct JsonLiteral {
    pub text: String,
    kind: Kind,
    tokens: TokenStream,
}

enum Kind {
    Text(String),
    Integer,
    Float,
    Bool,
    Null,
    Array(Vec<JsonLiteral>),
    Object,
}

impl ToTokens for JsonLiteral {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}

impl Parse for JsonLiteral {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut rest = input.cursor();
        let (text, kind) = read(input)?;
        let mut tokens = TokenStream::new();
        while rest != input.cursor() {
            let Some((tree, next)) = rest.token_tree() else {
                break;
            };
            tokens.extend([tree]);
            rest = next;
        }
        Ok(Self { text, kind, tokens })
    }
}

const FORM: &str = "a default is a JSON literal like `\"EUR\"`, `0`, `null` or `[]`: \
     a constant or a function could change later, and would rewrite history";

fn read(input: ParseStream<'_>) -> syn::Result<(String, Kind)> {
    if input.peek(syn::token::Bracket) {
        let content;
        bracketed!(content in input);
        let items: Vec<JsonLiteral> = content
            .parse_terminated(JsonLiteral::parse, Token![,])?
            .into_iter()
            .collect();
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        return Ok((format!("[{}]", texts.join(",")), Kind::Array(items)));
    }
    if input.peek(syn::token::Brace) {
        let content;
        braced!(content in input);
        let entries = content.parse_terminated(entry, Token![,])?;
        let entries: Vec<String> = entries.into_iter().collect();
        return Ok((format!("{{{}}}", entries.join(",")), Kind::Object));
    }
    if input.peek(Ident::peek_any) && !input.peek(syn::LitBool) {
        let word = input.fork().call(Ident::parse_any)?;
        if word == "null" {
            input.call(Ident::parse_any)?;
            return Ok(("null".to_owned(), Kind::Null));
        }
        return Err(refused(input));
    }
    let sign = if input.peek(Token![-]) {
        input.parse::<Token![-]>()?;
        "-"
    } else {
        ""
    };
    match input.parse::<Lit>() {
        Ok(Lit::Str(text)) if sign.is_empty() => {
            let text = text.value();
            Ok((quoted(&text), Kind::Text(text)))
        }
        Ok(Lit::Bool(value)) if sign.is_empty() => Ok((value.value.to_string(), Kind::Bool)),
        Ok(Lit::Int(number)) if number.suffix().is_empty() => {
            Ok((format!("{sign}{}", number.base10_digits()), Kind::Integer))
        }
        Ok(Lit::Float(number)) if number.suffix().is_empty() => Ok((
            format!("{sign}{}", json_float(number.base10_digits())),
            Kind::Float,
        )),
        Ok(other) => Err(syn::Error::new_spanned(other, FORM)),
        Err(_) => Err(refused(input)),
    }
}

/// Rust takes `007.5` and `1.`, JSON doesn't.
fn json_float(digits: &str) -> String {
    let digits = digits.trim_start_matches('0');
    let before = if digits.starts_with(|first: char| first.is_ascii_digit()) {
        ""
    } else {
        "0"
    };
    let after = if digits.ends_with('.') { "0" } else { "" };
    format!("{before}{digits}{after}")
}

fn refused(input: ParseStream<'_>) -> syn::Error {
    // The whole value, up to the next option.
    let mut rest = input.cursor();
    let mut value = TokenStream::new();
    while let Some((tree, next)) = rest.token_tree() {
        if matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ',') {
            break;
        }
        value.extend([tree]);
        rest = next;
    }
    if value.is_empty() {
        return input.error(FORM);
    }
    syn::Error::new_spanned(value, FORM)
}

fn entry(input: ParseStream<'_>) -> syn::Result<String> {
    let key: LitStr = input.parse()?;
    input.parse::<Token![:]>()?;
    let value: JsonLiteral = input.parse()?;
    Ok(format!("{}:{}", quoted(&key.value()), value.text))
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => {
                // Writing to a `String` can't fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

impl JsonLiteral {
    /// What is wrong with this literal for a field of this type, as far as the type's name tells.
    pub fn misfit(&self, ty: &Type) -> Option<String> {
        let Type::Path(path) = bare(ty) else {
            return None;
        };
        let last = path.path.segments.last()?;
        let name = last.ident.to_string();
        let shown = ty.to_token_stream().to_string().replace(' ', "");
        let wrong = |what: &str| Some(format!("`{shown}` is stored as {what}"));
        match (name.as_str(), &self.kind) {
            ("Option", Kind::Null) | ("String", Kind::Text(_)) | ("bool", Kind::Bool) => None,
            ("f32" | "f64", Kind::Integer | Kind::Float) => {
                // The narrower one would read it as infinite, and the wider one not at all.
                let finite = match name.as_str() {
                    "f32" => self.text.parse().is_ok_and(f32::is_finite),
                    _ => self.text.parse().is_ok_and(f64::is_finite),
                };
                (!finite).then(|| format!("{} is out of range for `{name}`", self.text))
            }
            ("Option" | "Box", _) => self.misfit(argument(&last.arguments)?),
            ("Vec", Kind::Array(items)) => {
                let element = argument(&last.arguments)?;
                items.iter().find_map(|item| item.misfit(element))
            }
            ("char", Kind::Text(text)) if text.chars().count() == 1 => None,
            ("Vec", _) => wrong("a JSON array"),
            ("String", _) => wrong("a JSON string"),
            ("char", _) => wrong("a JSON string of one character"),
            ("bool", _) => wrong("`true` or `false`"),
            ("f32" | "f64", _) => wrong("a JSON number"),
            (name, kind) => {
                let fits = integer_fits(name, &self.text)?;
                match kind {
                    Kind::Integer if fits => None,
                    Kind::Integer => Some(format!("{} is out of range for `{name}`", self.text)),
                    _ => wrong("an integer"),
                }
            }
        }
    }
}

/// Whether a number is one of this type; `None` if the type isn't an integer.
fn integer_fits(ty: &str, text: &str) -> Option<bool> {
    Some(match ty {
        "u8" => text.parse::<u8>().is_ok(),
        "u16" => text.parse::<u16>().is_ok(),
        "u32" => text.parse::<u32>().is_ok(),
        // The machine that reads may be narrower than the one that compiles.
        "u64" | "usize" => text.parse::<u64>().is_ok(),
        "u128" => text.parse::<u128>().is_ok(),
        "i8" => text.parse::<i8>().is_ok(),
        "i16" => text.parse::<i16>().is_ok(),
        "i32" => text.parse::<i32>().is_ok(),
        "i64" | "isize" => text.parse::<i64>().is_ok(),
        "i128" => text.parse::<i128>().is_ok(),
        _ => return None,
    })
}

fn argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}
